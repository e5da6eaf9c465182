#include "learn/data/campaign_effects.h"

#include <gtest/gtest.h>

#include <cmath>

namespace latcast::learn {
namespace {

/// Carriers [first, last), each with a latency of its own, on a machine slower by `factor`.
CampaignLatencies campaign(int first, int last, double factor) {
  CampaignLatencies out;
  for (int i = first; i < last; ++i) out[static_cast<std::uint64_t>(i)] = 1e6 * (1 + i % 7) * factor;
  return out;
}

std::vector<CampaignEffect> effects(const std::vector<CampaignLatencies>& campaigns) {
  return campaign_effects(campaigns);
}

TEST(CampaignEffects, OneCampaignHasNone) {
  const auto one = effects({campaign(0, 10, 1.3)});
  ASSERT_EQ(one.size(), 1U);
  EXPECT_EQ(one[0].log_offset, 0);
  EXPECT_TRUE(one[0].tied);
  EXPECT_EQ(one[0].carriers, 10);
}

TEST(CampaignEffects, CommonCarriersTellHowMuchSlowerItWasThanTheNewest) {
  const auto two = effects({campaign(0, 20, 1.1), campaign(12, 40, 1.0)});
  EXPECT_NEAR(std::exp(two[0].log_offset), 1.1, 1e-9);
  EXPECT_EQ(two[0].common, 8);
  EXPECT_TRUE(two[0].tied);
  EXPECT_EQ(two[1].log_offset, 0);
}

TEST(CampaignEffects, OneCarriersOwnChangeIsNotACampaigns) {
  auto older = campaign(0, 20, 1.1);
  older[13] *= 4;
  EXPECT_NEAR(std::exp(effects({older, campaign(12, 40, 1.0)})[0].log_offset), 1.1, 1e-9);
}

TEST(CampaignEffects, FewCommonCarriersTieNothing) {
  const auto two = effects({campaign(0, 20, 1.1), campaign(20 - kCarriersToTie + 1, 40, 1.0)});
  EXPECT_FALSE(two[0].tied);
  EXPECT_EQ(two[0].log_offset, 0);
  EXPECT_TRUE(two[1].tied);
}

TEST(CampaignEffects, ACampaignMayBeTiedThroughAnother) {
  const auto three = effects({campaign(0, 20, 1.2), campaign(15, 35, 1.1), campaign(30, 50, 1.0)});
  EXPECT_NEAR(std::exp(three[1].log_offset), 1.1, 1e-9);
  EXPECT_NEAR(std::exp(three[0].log_offset), 1.2, 1e-9);
  EXPECT_TRUE(three[0].tied && three[1].tied && three[2].tied);
}

TEST(CampaignEffects, CampaignsTiedToEachOtherOnlyComeTogether) {
  const auto three = effects({campaign(0, 20, 1.2), campaign(10, 30, 1.0), campaign(100, 120, 1.0)});
  EXPECT_NEAR(std::exp(three[0].log_offset), 1.2, 1e-9);
  EXPECT_EQ(three[1].log_offset, 0);
  EXPECT_FALSE(three[0].tied || three[1].tied);
}

TEST(CampaignEffects, TheReferenceIsTheNewestThatMeasuredAnything) {
  const auto two = effects({campaign(0, 20, 1.1), {}});
  EXPECT_TRUE(two[0].tied);
  EXPECT_FALSE(two[1].tied);
}

}  // namespace
}  // namespace latcast::learn
