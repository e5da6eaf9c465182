#include "learn/network/intervals.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "core/network_sum.h"

namespace latcast::learn {
namespace {

/// Small networks are noisier, and so are those that are not covered or whose modules are hard to forecast.
std::vector<HeldOut> networks(int count, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  std::normal_distribution<double> normal;
  std::uniform_real_distribution<double> unit(0, 1);
  std::vector<HeldOut> out;
  for (int i = 0; i < count; ++i) {
    HeldOut one;
    one.forecast_ns = std::exp(std::log(2e5) + 6 * unit(random));
    one.doubt.uncovered = unit(random) < 0.2 ? 0.3 * unit(random) : 0.0;
    one.doubt.module_error = 0.1 * unit(random);
    const double spread = 0.01 + 2e4 / one.forecast_ns + 0.3 * one.doubt.uncovered + 0.5 * one.doubt.module_error;
    one.quiet_ns = one.forecast_ns * std::exp(spread * normal(random));
    out.push_back(one);
  }
  return out;
}

double coverage(const IntervalModel& model, const std::vector<HeldOut>& all) {
  double inside = 0;
  for (const HeldOut& one : all) {
    const LogInterval bounds = interval(model, {}, one.forecast_ns, one.doubt, 0);
    const double ratio = std::log(one.quiet_ns / one.forecast_ns);
    inside += ratio >= bounds.lower && ratio <= bounds.upper ? 1 : 0;
  }
  return inside / double(all.size());
}

TEST(Intervals, HoldTheirLevelOnNewNetworks) {
  double sum = 0;
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    sum += coverage(fit_intervals(networks(150, seed), 0.9), networks(1000, 1000 + seed)) / 20;
  }
  EXPECT_NEAR(sum, 0.9, 0.02);
}

constexpr Doubt kUsual{.uncovered = 0, .module_error = 0.02};

TEST(Intervals, AreWiderForSmallUncoveredAndHardNetworks) {
  const IntervalModel model = fit_intervals(networks(300, 1), 0.9);
  EXPECT_GT(spread(model, 2e5, kUsual), 1.5 * spread(model, 1e8, kUsual));
  EXPECT_GT(spread(model, 1e8, {0.3, 0.02}), 1.5 * spread(model, 1e8, kUsual));
  EXPECT_GT(spread(model, 1e8, {0.0, 0.1}), 1.5 * spread(model, 1e8, kUsual));
}

TEST(Intervals, ABiasIsTakenOutWhereItIsPlain) {
  auto all = networks(200, 1);
  for (HeldOut& one : all) one.quiet_ns *= 1.1;
  EXPECT_NEAR(fit_intervals(all, 0.9).bias, std::log(1.1), 0.02);
}

TEST(Intervals, OneWildNetworkDoesNotWidenThem) {
  auto all = networks(200, 1);
  const double before = spread(fit_intervals(all, 0.9), 1e7, kUsual) * fit_intervals(all, 0.9).quantile;
  all[0].quiet_ns *= 50;
  const IntervalModel after = fit_intervals(all, 0.9);
  EXPECT_LT(spread(after, 1e7, kUsual) * after.quantile, 1.3 * before);
}

TEST(Intervals, FewNetworksGiveWideOnes) {
  const IntervalModel none = fit_intervals({}, 0.9);
  EXPECT_GT(none.quantile * spread(none, 1e7, kUsual), 0.15);
  EXPECT_GT(fit_intervals(networks(5, 1), 0.9).relative, 0.09);
}

}  // namespace
}  // namespace latcast::learn
