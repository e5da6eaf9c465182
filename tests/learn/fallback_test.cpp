#include "learn/models/fallback.h"

#include <gtest/gtest.h>

#include <cmath>
#include <string>

#include "core/unknown_cost.h"

namespace latcast::learn {
namespace {

/// Types whose modules cost `factor` ns per byte in; those with `macs` also 0.1 ns each.
TrainingSet set_of(const std::vector<double>& factors, double macs = 0) {
  TrainingSet set;
  set.networks.emplace_back().name = "n";
  for (std::size_t t = 0; t < factors.size(); ++t) {
    KernelSamples& samples = set.kernels.emplace_back();
    samples.type = t;
    for (int i = 0; i < 20; ++i) {
      ModuleRef& module = set.networks[0].modules.emplace_back();
      module.kernel_samples = static_cast<int>(t);
      module.row = i;
      module.input_bytes = 1000.0 * (i + 1);
      module.macs = t == 0 ? macs * (i + 1) : 0;
      module.latency_ns = factors[t] * module.input_bytes + 0.1 * module.macs;
    }
  }
  return set;
}

TEST(Fallback, OperatorsThatAllCostTheSameAreKnown) {
  const Fallback fallback = fit_fallback(set_of({1, 1, 1, 1, 1}));
  EXPECT_NEAR(physical_ns(fallback, ModuleRef{.input_bytes = 1e4}, 0), 1e4, 100);
  EXPECT_NEAR(fallback.bare.middle, 1, 0.02);
  EXPECT_NEAR(fallback.bare.upper, 1, 0.02);
}

TEST(Fallback, FactorsSpanWholeTypesThatWereLeftOut) {
  const Fallback fallback = fit_fallback(set_of({0.1, 0.3, 1, 1, 1, 3, 30}));
  const CostFactors& bare = fallback.bare;
  EXPECT_LE(bare.lower, 0.2);
  EXPECT_GE(bare.upper, 20);
  EXPECT_GT(bare.middle, 0.2);
  EXPECT_LT(bare.middle, 5);
  EXPECT_LE(bare.middle, bare.most);
  EXPECT_LE(bare.most, bare.upper);
}

TEST(Fallback, ProductsAreHeldAgainstTheirBytesToo) {
  const Fallback fallback = fit_fallback(set_of({1, 1, 1, 1, 1}, 1e6));  // the first type: 100 ns per byte more
  EXPECT_GE(fallback.bare.upper, 50);
  EXPECT_NEAR(fallback.bare.middle, 1, 0.1);
}

TEST(Fallback, TooFewTypesSayNothing) {
  const Fallback fallback = fit_fallback(set_of({1, 1}));
  EXPECT_EQ(fallback.bare.upper, CostFactors{}.upper);
  EXPECT_EQ(fallback.counted.middle, 1);
  EXPECT_GT(fit_fallback(TrainingSet{}).module_ns, 0);
}

}  // namespace
}  // namespace latcast::learn
