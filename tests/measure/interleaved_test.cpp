#include "measure/interleaved.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <string>
#include <vector>

#include "engine/fake/fake_engine.h"
#include "graph/net_builder.h"

namespace latcast {
namespace {

constexpr std::size_t kModels = 6;

/// Chains of 10, 20, 30 ... nodes.
std::vector<EngineModel> chains() {
  std::vector<EngineModel> models;
  for (std::size_t i = 1; i <= kModels; ++i) {
    EngineModel model;
    model.bytes = onnx::write_model(test::relu_chain(10 * i, {1, 1000}), onnx::Weights::skeleton).value();
    models.push_back(std::move(model));
  }
  return models;
}

double law(std::size_t model) { return 2000 + 10.0 * static_cast<double>(model + 1) * (400 + 0.05 * 8000); }

const std::vector<std::string> kNames = {"a", "b", "c", "d", "e", "f"};

InterleavedOptions options_for(int rounds) {
  InterleavedOptions options;
  options.rounds = rounds;
  options.burst = {Nanos(1e6), 1, 3, 20};
  return options;
}

TEST(Interleaved, GivesTheLawWhereNothingInterferes) {
  Worker worker("fake", {}, {});
  const auto results = measure_interleaved(worker, chains(), kNames, options_for(3), {});
  ASSERT_TRUE(results.has_value()) << results.error().context;
  for (std::size_t i = 0; i < kModels; ++i) {
    EXPECT_NEAR((*results)[i].quiet.quiet, law(i), 1e-6 * law(i));
    EXPECT_EQ((*results)[i].quiet.rounds, 3);
    EXPECT_NEAR((*results)[i].quiet.noise, 0, 1e-6);
    EXPECT_EQ((*results)[i].round_minima_ns.size(), 3U);
  }
}

TEST(Interleaved, RemovesNoiseAndDrift) {
  // Loading takes a fake second: rounds see different phases of the drift.
  Worker worker("fake", {"noise=0.05,drift=0.2,load=1e9", 1}, {});
  const auto results = measure_interleaved(worker, chains(), kNames, options_for(15), {});
  ASSERT_TRUE(results.has_value()) << results.error().context;
  std::vector<double> ratios;
  for (std::size_t i = 0; i < kModels; ++i) ratios.push_back((*results)[i].quiet.quiet / law(i));
  const double common = median(ratios);  // the machine's speed of the median round
  EXPECT_GT(common, 0.8);
  EXPECT_LT(common, 1.25);
  for (const double ratio : ratios) EXPECT_NEAR(ratio / common, 1, 0.04);
  for (const auto& result : *results) EXPECT_GT(result.quiet.noise, 0);
}

TEST(Interleaved, ProfilesNodesToo) {
  Worker worker("fake", {"profiler=1000", 1}, {});
  InterleavedOptions options = options_for(3);
  options.profile = true;
  const auto results = measure_interleaved(worker, chains(), kNames, options, {});
  ASSERT_TRUE(results.has_value());
  ASSERT_EQ((*results)[1].profile.nodes.size(), 20U);
  EXPECT_NEAR((*results)[1].profile.nodes[0].mean_ns, 800 + 1000, 1e-6);
  EXPECT_NEAR((*results)[1].profile.overheads.at("pause")[0], 1000, 1e-6);
  const std::vector<double> latencies = node_latencies((*results)[1]);
  EXPECT_TRUE(std::ranges::all_of(latencies, [](double latency) { return latency > 0; }));
  EXPECT_NEAR(std::accumulate(latencies.begin(), latencies.end(), 0.0), (*results)[1].quiet.quiet, 1e-3);
}

TEST(Interleaved, AModelThatFailsStandsInItsPlace) {
  Worker worker("fake", {}, {});
  std::vector<EngineModel> models = chains();
  models[2].bytes = "not a model";
  std::size_t calls = 0;
  const auto results = measure_interleaved(worker, models, kNames, options_for(2),
                                           [&](std::size_t done, std::size_t total, const std::string&) {
                                             EXPECT_LE(done, total);
                                             ++calls;
                                           });
  ASSERT_TRUE(results.has_value());
  EXPECT_TRUE((*results)[2].failed);
  EXPECT_TRUE((*results)[2].runs_ns.empty());
  EXPECT_FALSE((*results)[3].failed);
  EXPECT_NEAR((*results)[3].quiet.quiet, law(3), 1e-6 * law(3));
  EXPECT_EQ(calls, 2 * kModels - 1);
}

int checks_left = 0;
bool run_out() { return --checks_left < 0; }

TEST(Interleaved, AnInterruptBeforeEveryModelWasSeenIsAnError) {
  Worker worker("fake", {"hang=3", 1}, {});
  checks_left = 0;
  set_interrupt_check(run_out);
  const auto results = measure_interleaved(worker, chains(), kNames, options_for(3), {});
  set_interrupt_check(nullptr);
  ASSERT_FALSE(results.has_value());
  EXPECT_EQ(results.error().code, Errc::interrupted);
}

TEST(Interleaved, AnInterruptLaterKeepsWhatWasMeasured) {
  Worker worker("fake", {"hang=" + std::to_string(kModels + 2), 1}, {});
  // Only an engine that hangs is waited for long enough to be asked this often.
  checks_left = 3;
  set_interrupt_check(run_out);
  const auto results = measure_interleaved(worker, chains(), kNames, options_for(3), {});
  set_interrupt_check(nullptr);
  ASSERT_TRUE(results.has_value()) << results.error().context;
  for (const auto& result : *results) EXPECT_GE(result.quiet.rounds, 1);
}

TEST(Interleaved, NothingToMeasureIsNothingMeasured) {
  Worker worker("fake", {}, {});
  const auto results = measure_interleaved(worker, {}, {}, options_for(3), {});
  ASSERT_TRUE(results.has_value());
  EXPECT_TRUE(results->empty());
}

}  // namespace
}  // namespace latcast
