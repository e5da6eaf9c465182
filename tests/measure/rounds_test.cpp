#include "store/rounds.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

namespace latcast {
namespace {

constexpr double kNone = std::numeric_limits<double>::quiet_NaN();

TEST(Rounds, QuantilesInterpolateAndSkipWhatIsMissing) {
  EXPECT_DOUBLE_EQ(quantile(std::vector<double>{4, 1, kNone, 3, 2}, 0.5), 2.5);
  EXPECT_DOUBLE_EQ(quantile(std::vector<double>{10, 20}, 0.9), 19);
  EXPECT_DOUBLE_EQ(quantile(std::vector<double>{10, 20}, 0.0), 10);
  EXPECT_DOUBLE_EQ(quantile(std::vector<double>{10, 20}, 1.0), 20);
  EXPECT_DOUBLE_EQ(median(std::vector<double>{7}), 7);
  EXPECT_TRUE(std::isnan(median(std::vector<double>{})));
  EXPECT_TRUE(std::isnan(median(std::vector<double>{kNone})));
}

RoundTable slowed(const std::vector<double>& items, const std::vector<double>& slowdowns) {
  RoundTable table;
  for (const double item : items) {
    table.emplace_back();
    for (const double slowdown : slowdowns) table.back().push_back(item * slowdown);
  }
  return table;
}

TEST(Rounds, ARoundsCommonEffectIsRemoved) {
  const RoundTable table = slowed({100, 200, 300, 400, 5000}, {1.0, 1.1, 1.2, 1.3, 2.0});
  const auto effects = round_effects(table);
  ASSERT_EQ(effects.size(), 5U);
  EXPECT_NEAR(std::exp(effects[4] - effects[0]), 2.0, 1e-9);
  const auto quiet = quiet_latencies(table);
  for (std::size_t item = 0; item < table.size(); ++item) {
    EXPECT_NEAR(quiet[item].quiet, table[item][2], 1e-6);  // the median round is the one that stands
    EXPECT_NEAR(quiet[item].noise, 0, 1e-6);
    EXPECT_EQ(quiet[item].rounds, 5);
  }
}

TEST(Rounds, BelowFourItemsEffectsAreLeftIn) {
  const RoundTable table = slowed({100, 200, 300}, {1.0, 1.1, 1.4});
  for (const double effect : round_effects(table)) EXPECT_EQ(effect, 0);
  const auto quiet = quiet_latencies(table);
  EXPECT_NEAR(quiet[0].quiet, 110, 1e-9);
  // deviations 10, 0, 30: MAD 10
  EXPECT_NEAR(quiet[0].noise, 1.645 * 1.2533 * 1.4826 * 10 / std::sqrt(3.0), 1e-9);
}

TEST(Rounds, OneItemsOwnOutlierIsNotARoundsEffect) {
  RoundTable table = slowed({100, 200, 300, 400, 500}, {1, 1, 1});
  table[0][1] = 1000;
  for (const double effect : round_effects(table)) EXPECT_NEAR(effect, 0, 1e-12);
  EXPECT_NEAR(quiet_latencies(table)[0].quiet, 100, 1e-9);
}

TEST(Rounds, MissingRoundsAreSkipped) {
  RoundTable table = slowed({100, 200, 300, 400, 500}, {1, 1.5, 1});
  table[0][0] = kNone;
  table[1][1] = kNone;
  table[1].resize(2);  // and a series may be shorter than the others
  const auto quiet = quiet_latencies(table);
  EXPECT_NEAR(quiet[0].quiet, 100, 1e-9);
  EXPECT_EQ(quiet[0].rounds, 2);
  EXPECT_NEAR(quiet[1].quiet, 200, 1e-9);
  EXPECT_EQ(quiet[1].rounds, 1);
}

TEST(Rounds, NoiseOfOneRoundIsUnknown) {
  const auto quiet = quiet_latencies(RoundTable{{100}});
  EXPECT_EQ(quiet[0].quiet, 100);
  EXPECT_TRUE(std::isnan(quiet[0].noise));
  const auto nothing = quiet_latencies(RoundTable{{kNone, kNone}, {}});
  EXPECT_TRUE(std::isnan(nothing[0].quiet));
  EXPECT_EQ(nothing[0].rounds, 0);
  EXPECT_TRUE(quiet_latencies({}).empty());
}

}  // namespace
}  // namespace latcast
