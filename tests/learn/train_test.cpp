// The whole of training on generated sets.
#include "learn/train.h"

#include <gtest/gtest.h>

#include <cmath>
#include <set>

#include "latcast/predictor.h"
#include "learn/data/folds.h"
#include "learn/models/prepared.h"
#include "learn/network/calibrated_sum.h"
#include "learn/network/whole_networks.h"
#include "learn/synthetic.h"

namespace latcast::learn {
namespace {

test::SyntheticOptions small_set(std::uint64_t seed) {
  test::SyntheticOptions options;
  options.networks = 48;
  options.modules = 25;
  options.seed = seed;
  return options;
}

/// Enough of them for the machinery; every one has tests of its own.
std::vector<std::string> quick_models() { return {"base_ridge", "base_gp", "base_gbdt_small", "lasso"}; }

TrainOptions quick() {
  TrainOptions out;
  out.study.models = quick_models();
  return out;
}

std::vector<ModuleType> types_of(const test::SyntheticOptions& o) { return test::make_types(o.types, o.kernels); }

PackContent trained(const test::SyntheticOptions& options, int threads = 2) {
  const auto types = types_of(options);
  TrainOptions train_options;
  train_options.study.seed = 3;
  train_options.study.threads = threads;
  train_options.study.models = quick_models();
  auto content = train(test::make_set(types, options), types, train_options);
  EXPECT_TRUE(content) << content.error().context;
  return std::move(*content);
}

/// Forecasts of generated networks through pack and predictor.
struct Judged {
  double error = 0, covered = 0, time_share = 0;
};

Judged judge(const PackContent& content, const test::SyntheticOptions& options) {
  const auto types = types_of(options);
  const TrainingSet set = test::make_set(types, options);
  auto pack = Pack::from_bytes(pack_bytes(content));
  EXPECT_TRUE(pack) << pack.error().context;
  const Predictor predictor(*pack, 0);
  Judged out;
  for (const NetworkTruth& network : set.networks) {
    std::vector<std::vector<double>> parameters;
    std::vector<ModuleQuery> queries;
    for (const ModuleRef& module : network.modules) {
      const KernelSamples& samples = set.kernels[static_cast<std::size_t>(module.kernel_samples)];
      const auto f = samples.features.row(module.row);
      parameters.push_back({f[0], f[1], f[2], double(samples.kernel)});
      queries.push_back({.type = static_cast<std::uint32_t>(samples.type)});
    }
    for (std::size_t i = 0; i < queries.size(); ++i) queries[i].parameters = parameters[i];
    std::vector<ModuleForecast> modules(queries.size());
    const auto forecast = predictor.forecast_network(queries, modules);
    EXPECT_TRUE(forecast);
    const double n = double(set.networks.size());
    out.error += std::abs(forecast->quiet.count() / network.quiet_ns - 1) / n;
    out.covered +=
        network.quiet_ns >= forecast->lower.count() && network.quiet_ns <= forecast->upper.count() ? 1 / n : 0;
    out.time_share += forecast->time_share / n;
  }
  return out;
}

TEST(Train, NewNetworksAreForecastWell) {
  const PackContent content = trained(small_set(1));
  const Judged judged = judge(content, small_set(2));
  EXPECT_LT(judged.error, 0.03);
  EXPECT_GT(judged.time_share, 0.9);
  EXPECT_LT(content.info.training.error, 0.03);
  EXPECT_NEAR(content.info.calibration.scale, 1.0, 0.03);
  EXPECT_EQ(content.info.training.families.size(), 6U);
}

TEST(Train, IntervalsHoldNewFamilies) {
  double covered = 0;
  for (std::uint64_t seed = 0; seed < 4; ++seed) {
    auto options = small_set(10 + seed);
    options.types = options.kernels = 1;
    options.networks = 60;
    options.families = 12;
    options.family_effect = 0.05;
    const PackContent content = trained(options);
    options.seed = 100 + seed;  // other networks, and other families' effects
    options.networks = 120;
    options.families = 40;
    covered += judge(content, options).covered / 4;
  }
  EXPECT_GT(covered, 0.80);
  EXPECT_LT(covered, 0.98);
}

TEST(Train, IsDeterministicWhateverTheThreads) {
  const auto options = small_set(1);
  EXPECT_EQ(pack_bytes(trained(options, 1)), pack_bytes(trained(options, 2)));
}

TEST(Train, ReportsProgressOncePerKernelClass) {
  const auto options = small_set(1);
  const auto types = types_of(options);
  std::vector<std::string> seen;
  TrainOptions train_options;
  train_options.study.models = quick_models();
  train_options.study.progress = [&](const TrainProgress& p) {
    if (p.stage == "models") seen.emplace_back(p.what);
  };
  ASSERT_TRUE(train(test::make_set(types, options), types, train_options));
  EXPECT_EQ(std::set<std::string>(seen.begin(), seen.end()).size(), 4U);
}

TEST(Train, BadSamplesAreDroppedAndCounted) {
  const auto options = small_set(1);
  const auto types = types_of(options);
  TrainingSet set = test::make_set(types, options);
  set.kernels[0].latency_ns[0] = std::nan("");
  set.kernels[0].latency_ns[1] = 0;
  set.kernels[0].features(2, 0) = std::nan("");
  const auto content = train(set, types, quick());
  ASSERT_TRUE(content);
  EXPECT_EQ(find_value(content->info.extras, "samples_dropped"), "3");
  EXPECT_TRUE(Pack::from_bytes(pack_bytes(*content)));
}

TEST(Train, AKernelClassWithoutSamplesIsLeftToTheFallback) {
  auto options = small_set(1);
  auto types = types_of(options);
  const TrainingSet set = test::make_set(types, options);
  types[0].kernels.push_back(types[0].kernels[0]);
  types[0].kernels.back().name = "never_seen";
  types[0].kernels.back().when = {};
  const auto content = train(set, types, quick());
  ASSERT_TRUE(content);
  const auto pack = Pack::from_bytes(pack_bytes(*content));
  ASSERT_TRUE(pack) << pack.error().context;
  const std::vector<double> parameters = {16, 16, 4, 99};
  const auto forecast = Predictor(*pack).forecast_module({.type = 0, .parameters = parameters, .input_bytes = 1e5});
  ASSERT_TRUE(forecast);
  EXPECT_EQ(forecast->status, ForecastStatus::unknown);
  EXPECT_GT(forecast->latency.count(), 1000);
}

TEST(Train, RefusesWhatDoesNotFit) {
  const auto options = small_set(1);
  const auto types = types_of(options);
  EXPECT_FALSE(train({}, types));
  TrainingSet set = test::make_set(types, options);
  set.kernels[0].kernel = 77;
  EXPECT_FALSE(train(set, types));
  set = test::make_set(types, options);
  set.kernels[0].weight.conservativeResize(3);
  EXPECT_FALSE(train(set, types));
  set = test::make_set(types, options);
  set.networks[0].modules[0].row = 1'000'000;
  EXPECT_FALSE(train(set, types));
}

TEST(Train, TwoNetworksAreEnoughNotToCrash) {
  auto options = small_set(1);
  options.networks = 2;
  options.modules = 3;
  const PackContent content = trained(options);
  EXPECT_TRUE(Pack::from_bytes(pack_bytes(content)));
}

TEST(Calibration, FindsOverheadsAndIgnoresOutliers) {
  std::mt19937_64 random(1);
  std::uniform_real_distribution<double> unit(0, 1);
  std::vector<RawNetwork> networks;
  for (int i = 0; i < 150; ++i) {
    RawNetwork one;
    one.modules = 10 + random() % 150;
    one.sum_ns = std::exp(std::log(5e5) + 4 * unit(random));
    one.quiet_ns = 1.03 * one.sum_ns - 400 * double(one.modules) + 20000;
    if (i % 20 == 0) one.quiet_ns *= 3;
    networks.push_back(one);
  }
  const Calibration found = fit_calibration(networks);
  EXPECT_NEAR(found.scale, 1.03, 0.01);
  EXPECT_NEAR(found.module_ns, -400, 120);
}

TEST(Calibration, KeepsWithinWhatIsPhysical) {
  std::vector<RawNetwork> networks;
  for (int i = 0; i < 150; ++i) {
    RawNetwork one;
    one.modules = 10 + 7 * std::size_t(i % 20);
    one.sum_ns = 1e6 * (1 + i % 13);
    one.quiet_ns = one.sum_ns - 2000 * double(one.modules) - 30000;
    networks.push_back(one);
  }
  const Calibration found = fit_calibration(networks);
  EXPECT_GE(found.module_ns, -501);
  EXPECT_GE(found.run_ns, 0);
}

TEST(Calibration, FewNetworksLeaveTheSumAlone) {
  EXPECT_EQ(fit_calibration({{.sum_ns = 1e6, .class_ns = {}, .doubt = {}, .modules = 10, .quiet_ns = 5e6}}).scale, 1.0);
}

TEST(FamilyGroups, KeepFamiliesTogether) {
  std::vector<NetworkTruth> networks(60);
  for (std::size_t i = 0; i < networks.size(); ++i) networks[i].family = "f" + std::to_string(i % 13);
  const auto groups = family_groups(networks, 6);
  for (std::size_t i = 0; i < networks.size(); ++i) EXPECT_EQ(groups[i], groups[i % 13]);
  EXPECT_EQ(std::set<int>(groups.begin(), groups.end()).size(), 6U);
}

}  // namespace
}  // namespace latcast::learn
