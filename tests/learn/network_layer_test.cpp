// Whole networks over their modules' forecasts.
#include "learn/network/network_layer.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "core/form.h"
#include "learn/totals_world.h"

namespace latcast::learn {
namespace {

/// Networks whose modules' sums are known, class by class: quiet = (scale * sum + module * modules + run) * factor.
struct LayerWorld {
  TrainingSet set;
  ListedForecasts listed;
  std::vector<char> use;
};

constexpr double kScale = 1.07, kModule_ns = 900;

LayerWorld make_layers(int networks, const std::function<double(double sum_ns)>& factor = [](double) { return 1.0; }) {
  test::TotalsWorldOptions options;
  options.networks = networks;
  const test::TotalsWorld world = test::make_totals(options);
  LayerWorld out;
  out.set.kernels = world.classes;
  out.set.representative = true;
  out.listed = {world.sums, world.modules, Eigen::VectorXd::Zero(networks)};
  out.use = world.use;
  for (Eigen::Index n = 0; n < networks; ++n) {
    const double sum = world.sums.row(n).sum();
    NetworkTruth network;
    network.quiet_ns = (kScale * sum + kModule_ns * world.modules[n] + test::kRun_ns) * factor(sum);
    out.set.networks.push_back(network);
  }
  return out;
}

double error(const LayerWorld& world, const NetworkLayer& layer, char use) {
  double sum = 0, count = 0;
  for (std::size_t i = 0; i < world.use.size(); ++i) {
    if (world.use[i] != use) continue;
    sum += std::abs(layer.forecast_ns[static_cast<Eigen::Index>(i)] / world.set.networks[i].quiet_ns - 1.0);
    count += 1;
  }
  return sum / count;
}

/// Small networks are slow, as on a clock that they never raise.
double slow_start(double sum_ns) { return 1.0 + 0.25 / (1.0 + sum_ns / 1e6); }

TEST(NetworkLayer, RecoversTheCalibration) {
  const LayerWorld world = make_layers(60);
  const NetworkLayer layer = fit_layer(world.set, world.listed, world.use);
  EXPECT_NEAR(layer.calibration.scale, kScale, 0.01);
  EXPECT_NEAR(layer.calibration.module_ns, kModule_ns, 0.4 * kModule_ns);
  EXPECT_NEAR(layer.calibration.run_ns, test::kRun_ns, 0.2 * test::kRun_ns);
  EXPECT_LT(error(world, layer, 0), 0.005);
}

TEST(NetworkLayer, CorrectsNothingWithFewNetworks) {
  const LayerWorld world = make_layers(14, slow_start);  // 11 of them in use
  const NetworkLayer layer = fit_layer(world.set, world.listed, world.use);
  EXPECT_TRUE(layer.correction.form.empty());
  EXPECT_TRUE(layer.correction.shares.empty());
}

TEST(NetworkLayer, CorrectsWhatDependsOnTheWholeNetwork) {
  const LayerWorld world = make_layers(100, slow_start);
  const NetworkLayer layer = fit_layer(world.set, world.listed, world.use);
  ASSERT_FALSE(layer.correction.form.empty());
  EXPECT_LT(error(world, layer, 0), 0.015);
  EXPECT_EQ(layer.correction.low.size(), kNetworkFeatures + layer.correction.shares.size());
}

/// A network's forecast as a pack makes it, from its modules' raw latencies.
double packed_ns(const NetworkLayer& layer, const std::vector<ClassLatency>& modules) {
  std::vector<double> features(kNetworkFeatures + layer.correction.shares.size());
  network_features(layer.correction.shares, modules, features);
  const FormView form = view(layer.correction.form);
  const NetworkCorrector corrector(form, layer.correction.low, layer.correction.high);
  const Calibration& sum = layer.calibration;
  return (sum.scale * features[0] + sum.module_ns * features[1] + sum.run_ns) * corrector.factor(features);
}

/// Modules of each class, alike: the layer sees their sums only.
std::vector<std::vector<ClassLatency>> modules_of(const LayerWorld& world) {
  std::vector<std::vector<ClassLatency>> out(world.set.networks.size());
  for (std::size_t c = 0; c < world.set.kernels.size(); ++c) {
    const std::vector<int>& network = world.set.kernels[c].network;
    for (std::size_t n = 0; n < out.size(); ++n) {
      const auto count = std::ranges::count(network, static_cast<int>(n));
      const double each =
          world.listed.sums(static_cast<Eigen::Index>(n), static_cast<Eigen::Index>(c)) / static_cast<double>(count);
      out[n].insert(out[n].end(), static_cast<std::size_t>(count), {{static_cast<std::uint32_t>(c), 0}, each});
    }
  }
  return out;
}

TEST(NetworkLayer, APackForecastsWhatTheLayerDoes) {
  const LayerWorld world = make_layers(100, slow_start);
  const NetworkLayer layer = fit_layer(world.set, world.listed, world.use);
  ASSERT_FALSE(layer.correction.form.empty());
  const auto modules = modules_of(world);
  for (std::size_t n = 0; n < modules.size(); ++n) {
    EXPECT_NEAR(packed_ns(layer, modules[n]) / layer.forecast_ns[static_cast<Eigen::Index>(n)], 1.0, 1e-4) << n;
  }
}

TEST(NetworkLayer, UnlistedModulesCountInAPackAsInTheLayer) {
  LayerWorld world = make_layers(100, slow_start);
  auto modules = modules_of(world);
  // Nothing was measured of the second class.
  world.set.unlisted = {world.set.kernels[1]};
  world.set.kernels.pop_back();
  const KernelSamples& unlisted = world.set.unlisted.front();
  for (const int network : unlisted.network) world.listed.modules[network] -= 1.0;
  world.listed.sums.conservativeResize(Eigen::NoChange, 1);
  const NetworkLayer layer = fit_layer(world.set, world.listed, world.use);
  ASSERT_EQ(layer.unlisted.size(), 1U);
  EXPECT_LT(error(world, layer, 0), 0.03);

  for (auto& network : modules)
    std::erase_if(network, [](const ClassLatency& one) { return one.kernel_class.type == 1; });
  for (std::size_t row = 0; row < unlisted.network.size(); ++row) {
    const Eigen::VectorXd terms = unlisted.terms.row(static_cast<Eigen::Index>(row));
    const double raw =
        evaluate(view(layer.unlisted[0]), {{terms.data(), static_cast<std::size_t>(terms.size())}, {}, {}});
    modules[static_cast<std::size_t>(unlisted.network[row])].push_back({{1, 0}, raw});
  }
  for (std::size_t n = 0; n < modules.size(); ++n) {
    EXPECT_NEAR(packed_ns(layer, modules[n]) / layer.forecast_ns[static_cast<Eigen::Index>(n)], 1.0, 1e-4) << n;
  }
}

TEST(NetworkLayer, WithoutMeasuredClassesTotalsTellAll) {
  const test::TotalsWorld totals = test::make_totals();
  TrainingSet set;
  set.unlisted = totals.classes;
  set.representative = true;
  for (const double quiet : totals.quiet_ns) {
    NetworkTruth network;
    network.quiet_ns = quiet;
    set.networks.push_back(network);
  }
  const NetworkLayer layer = fit_layer(set, {}, totals.use);
  EXPECT_EQ(layer.unlisted.size(), 2U);
  EXPECT_TRUE(layer.correction.form.empty());
  EXPECT_DOUBLE_EQ(layer.calibration.scale, 1.0);
  EXPECT_LT(test::error_of_others(totals, layer.forecast_ns), 0.01);
}

TEST(NetworkLayer, WithoutTwoTotalsWhatIsNotListedHasNoForm) {
  LayerWorld world = make_layers(20);
  world.set.unlisted = {world.set.kernels[1]};
  world.use.assign(world.use.size(), 0);
  world.use.front() = 1;
  const NetworkLayer layer = fit_layer(world.set, world.listed, world.use);
  EXPECT_TRUE(layer.unlisted.empty());
  EXPECT_DOUBLE_EQ(layer.calibration.scale, 1.0);
}

TEST(NetworkLayer, OfGeneratedCarriersIsACalibratedSum) {
  LayerWorld world = make_layers(60, slow_start);
  world.set.representative = false;
  const NetworkLayer layer = fit_layer(world.set, world.listed, world.use);
  EXPECT_TRUE(layer.correction.form.empty());
  EXPECT_NEAR(layer.calibration.scale, kScale, 0.1);
}

}  // namespace
}  // namespace latcast::learn
