// The accuracy of a short campaign on the inference engine of this machine: what a wrong model would fail.
#include <algorithm>
#include <cmath>
#include <numeric>

#include "real_engine.h"
#include "world.h"

namespace latcast {
namespace {

using test::Json;
using test::Outcome;

/// The networks that the Python package onnx ships, as ./quickstart takes them; empty where set-up has not been run.
std::vector<std::string> real_networks() {
  std::vector<std::string> files;
  const test::fs::path lib = test::fs::path(LATCAST_PYTHON_ENVIRONMENT) / "lib";
  if (!test::fs::exists(lib)) return files;
  for (const auto& python : test::fs::directory_iterator(lib)) {
    const test::fs::path light = python.path() / "site-packages/onnx/backend/test/data/light";
    if (!test::fs::exists(light)) continue;
    for (const auto& entry : test::fs::directory_iterator(light)) {
      const std::string name = entry.path().filename().string();
      if (name.starts_with("light_") && name.ends_with(".onnx")) files.push_back(entry.path().string());
    }
  }
  std::ranges::sort(files);
  return files;
}

/// Position of each value in ascending order.
std::vector<double> ranks(const std::vector<double>& values) {
  std::vector<std::size_t> order(values.size());
  std::iota(order.begin(), order.end(), 0);
  std::ranges::sort(order, {}, [&](std::size_t i) { return values[i]; });
  std::vector<double> result(values.size());
  for (std::size_t i = 0; i < order.size(); ++i) result[order[i]] = static_cast<double>(i);
  return result;
}

/// Spearman's rank correlation of values without ties.
double rank_correlation(const std::vector<double>& a, const std::vector<double>& b) {
  const std::vector<double> of_a = ranks(a), of_b = ranks(b);
  const auto n = static_cast<double>(a.size());
  double squares = 0;
  for (std::size_t i = 0; i < a.size(); ++i) squares += (of_a[i] - of_b[i]) * (of_a[i] - of_b[i]);
  return 1 - 6 * squares / (n * (n * n - 1));
}

TEST(RankCorrelation, IsSpearmans) {
  EXPECT_DOUBLE_EQ(rank_correlation({1, 2, 3, 4}, {10, 20, 30, 400}), 1);
  EXPECT_DOUBLE_EQ(rank_correlation({1, 2, 3, 4}, {4, 3, 2, 1}), -1);
  EXPECT_DOUBLE_EQ(rank_correlation({1, 2, 3, 4}, {1, 3, 2, 4}), 0.8);
}

class RealEngineSlow : public test::CliTest {};

TEST_F(RealEngineSlow, AMinuteOfMeasuringRanksAndSizesRealNetworks) {
  if (const std::string problem = test::no_engine(); !problem.empty()) GTEST_SKIP() << problem;
  const std::vector<std::string> networks = real_networks();
  if (networks.empty()) GTEST_SKIP() << "no networks of the Python package onnx in " << LATCAST_PYTHON_ENVIRONMENT;
  ASSERT_EQ(networks.size(), 9U);

  // As a user of these networks would: few generated networks have LRN, which three of them spend a third of their time
  // on.
  std::vector<std::string> campaign = {"profile",  "--engine", "onnxruntime", "--db", at("host.db"),
                                       "--budget", "60s",      "--seed",      "7"};
  for (const std::string& network : networks) campaign.insert(campaign.end(), {"--like", network});
  const Outcome profile = run(campaign);
  ASSERT_EQ(profile.code, 0) << profile;
  const Outcome train = run({"train", "--db", at("host.db"), "--out", at("host.latpack")});
  ASSERT_EQ(train.code, 0) << train;
  std::vector<std::string> eval = {"eval", "--pack", at("host.latpack"), "--rounds", "6", "--burst", "150ms", "--json"};
  eval.insert(eval.begin() + 1, networks.begin(), networks.end());
  const Json json = run_json(eval);

  const Json& floor = json["summary"]["noise_floor"];
  const double noise = std::max(floor["split_half_mape"].get<double>(), floor["mean_noise"].get<double>());
  if (noise > 0.10) GTEST_SKIP() << "this machine is too busy to judge accuracy: noise " << 100 * noise << " %";

  ASSERT_EQ(json["networks"].size(), 9U) << json["errors"].dump(1);
  std::vector<double> forecast, measured;
  for (const Json& network : json["networks"]) {
    forecast.push_back(network["forecast_ns"]["quiet"]);
    measured.push_back(network["measured_ns"]["quiet"]);
    const double ratio = forecast.back() / measured.back();
    EXPECT_LT(std::abs(std::log(ratio)), std::log(1.5)) << network["model"] << ": forecast / measured " << ratio;
  }
  EXPECT_GE(rank_correlation(forecast, measured), 0.95) << json["networks"].dump(1);
}

}  // namespace
}  // namespace latcast
