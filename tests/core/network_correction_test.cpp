// The factor on a network's calibrated latency, and modules that cost nothing of their own.
#include "core/network_correction.h"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <vector>

#include "core/kernel_forecast.h"
#include "core/sample_pack.h"
#include "latcast/predictor.h"

namespace latcast {
namespace {

constexpr std::int64_t kAnchored = 1'700'000'000;
constexpr double kUnbounded = 2000;  // the widest range of a log feature

Predictor predictor_of(const std::function<void(PackContent&)>& change = {}) {
  PackContent content = test::sample_content();
  if (change) change(content);
  const auto pack = Pack::from_bytes(pack_bytes(content));
  EXPECT_TRUE(pack) << pack.error().context;
  return Predictor(*pack, kAnchored);
}

/// Both classes of "conv", an untrained type, an unknown one.
struct Network {
  std::vector<std::vector<double>> parameters;
  std::vector<ModuleQuery> queries;
  std::vector<ModuleForecast> modules;

  explicit Network(int count = 40) {
    for (int i = 0; i < count; ++i) parameters.push_back({double(2 + i % 15), double(4 + i % 30)});
    for (const auto& p : parameters) queries.push_back({.type = 0, .parameters = p});
    parameters.push_back({1.0});
    queries.push_back({.type = 1, .parameters = parameters.back(), .input_bytes = 3e4});
    queries.push_back({.input_bytes = 1e5, .output_bytes = 1e5});
    modules.resize(queries.size());
  }

  double quiet_ns(const Predictor& predictor) {
    const auto forecast = predictor.forecast_network(queries, modules);
    EXPECT_TRUE(forecast);
    return forecast->quiet.count();
  }
};

/// A form without terms that gives intercept + slope * log2(1 + feature `which` of `features`).
FormSpec line(std::size_t features, std::size_t which, double intercept, double slope) {
  FormNode node;
  node.kind = FormKind::linear_features;
  node.doubles.assign(1 + features, 0.0);
  node.doubles[0] = intercept;
  node.doubles[1 + which] = slope;
  return {node};
}

NetworkCorrection correction(FormSpec form, std::vector<ClassRef> shares = {}, double low = 0,
                             double high = kUnbounded) {
  const std::size_t features = kNetworkFeatures + shares.size();
  return {std::move(shares), std::move(form), std::vector<double>(features, low), std::vector<double>(features, high)};
}

double factor_of(const NetworkCorrection& network, const std::vector<double>& features) {
  return NetworkCorrector(view(network.form), network.low, network.high).factor(features);
}

TEST(NetworkCorrection, FeaturesAreTheSumItsModulesTheirMeanAndShares) {
  const std::vector<ClassRef> shares = {{2, 1}, {0, 0}, {5, 5}};
  const std::vector<ClassLatency> modules = {{{0, 0}, 10}, {{2, 1}, 50}, {{2, 0}, 10}, {{0, 0}, 30}, {{9, 9}, 0}};
  std::vector<double> features(6);
  network_features(shares, modules, features);
  EXPECT_EQ(features, (std::vector<double>{100, 4, 25, 0.5, 0.4, 0}));
  network_features(shares, {}, features);
  EXPECT_EQ(features, (std::vector<double>(6, 0.0)));
}

TEST(NetworkCorrection, IsAFormOfLogFeaturesWithinTheirRange) {
  const auto network = correction(line(4, 3, 0.8, 0.05), {{0, 0}}, 1, 4);
  EXPECT_NEAR(factor_of(network, {1e6, 10, 1e5, 6}), 0.8 + 0.05 * std::log2(7), 1e-12);
  EXPECT_NEAR(factor_of(network, {1e6, 10, 1e5, 90}), 0.8 + 0.05 * 4, 1e-12);
  EXPECT_NEAR(factor_of(network, {1e6, 10, 1e5, 0}), 0.8 + 0.05 * 1, 1e-12);
}

TEST(NetworkCorrection, NeverDoesMoreThanAFactorOfTwo) {
  EXPECT_EQ(factor_of(correction(constant_form(0.1)), {1, 1, 1}), 0.5);
  EXPECT_EQ(factor_of(correction(constant_form(-3)), {1, 1, 1}), 0.5);
  EXPECT_EQ(factor_of(correction(constant_form(70)), {1, 1, 1}), 2.0);
  EXPECT_EQ(factor_of(correction(constant_form(1.25)), {1, 1, 1}), 1.25);
  EXPECT_EQ(NetworkCorrector().factor(std::vector<double>{1, 1, 1}), 1.0);
}

TEST(NetworkCorrection, IsIgnoredWhereItIsNotFinite) {
  const std::vector<double> features = {1e9, 10, 1e8};
  EXPECT_EQ(factor_of(correction(line(3, 0, 1, 1e308)), features), 1.0);
  EXPECT_EQ(factor_of(correction(line(3, 0, 1, -1e308)), features), 1.0);
  FormSpec not_a_number = line(3, 0, 1, 1e308);
  not_a_number[0].doubles[2] = -1e308;
  EXPECT_EQ(factor_of(correction(not_a_number), features), 1.0);
}

TEST(NetworkCorrection, IsAppliedToTheCalibratedLatencyAndItsModules) {
  Network plain, corrected;
  const double before = plain.quiet_ns(predictor_of());
  const double after =
      corrected.quiet_ns(predictor_of([](PackContent& c) { c.network = correction(constant_form(1.5)); }));
  EXPECT_NEAR(after / before, 1.5, 1e-12);
  double sum = 0;
  for (std::size_t i = 0; i < plain.modules.size(); ++i) {
    EXPECT_NEAR(corrected.modules[i].latency / plain.modules[i].latency, 1.5, 1e-12);
    EXPECT_NEAR(corrected.modules[i].upper / plain.modules[i].upper, 1.5, 1e-12);
    sum += corrected.modules[i].latency.count();
  }
  EXPECT_EQ(sum, after);
}

TEST(NetworkCorrection, LeavesSingleModulesAlone) {
  const std::vector<double> parameters = {8, 16};
  const ModuleQuery query{.type = 0, .parameters = parameters};
  const auto with = predictor_of([](PackContent& c) { c.network = correction(constant_form(1.5)); });
  EXPECT_EQ(with.forecast_module(query)->latency, predictor_of().forecast_module(query)->latency);
}

TEST(NetworkCorrection, WithoutAFormNothingChanges) {
  Network plain, empty, one;
  const double before = plain.quiet_ns(predictor_of());
  EXPECT_EQ(empty.quiet_ns(predictor_of([](PackContent& c) { c.network.shares = {{0, 1}}; })), before);
  EXPECT_EQ(one.quiet_ns(predictor_of([](PackContent& c) { c.network = correction(constant_form(1)); })), before);
  for (std::size_t i = 0; i < plain.modules.size(); ++i) {
    EXPECT_EQ(empty.modules[i].latency, plain.modules[i].latency);
    EXPECT_EQ(one.modules[i].latency, plain.modules[i].latency);
  }
}

/// A network's modules before calibration and anchor, as training would list them.
std::vector<ClassLatency> raw_modules(const Network& network) {
  const auto predictor = predictor_of([](PackContent& c) { c.info.anchor.scale = 1; });
  std::vector<ClassLatency> out;
  for (const ModuleQuery& query : network.queries) {
    const auto module = predictor.forecast_module(query);
    out.push_back({{query.type, module->kernel}, module->latency.count()});
  }
  return out;
}

TEST(NetworkCorrection, ThePredictorComputesTheFeaturesThatTrainingDoes) {
  Network network;
  const double plain = network.quiet_ns(predictor_of());
  const std::vector<ClassRef> shares = {{0, 1}, {1, 0}, {0, 0}};
  std::vector<double> features(kNetworkFeatures + shares.size());
  network_features(shares, raw_modules(network), features);
  for (std::size_t i = 3; i < features.size(); ++i) EXPECT_GT(features[i], 0.001);
  for (std::size_t i = 0; i < features.size(); ++i) {
    const double log = log_feature(features[i]);
    const auto corrected =
        predictor_of([&](PackContent& c) { c.network = correction(line(6, i, 0.75, 0.5 / log), shares); });
    EXPECT_NEAR(network.quiet_ns(corrected) / plain, 1.25, 1e-9) << i;
  }
}

TEST(NetworkCorrection, WhatThePredictorAppliesIsWhatTheCorrectorGives) {
  Network network;
  const double plain = network.quiet_ns(predictor_of());
  const NetworkCorrection sample = test::sample_correction();
  std::vector<double> features(kNetworkFeatures + sample.shares.size());
  network_features(sample.shares, raw_modules(network), features);
  const double factor = factor_of(sample, features);
  EXPECT_NE(factor, 1.0);
  EXPECT_NEAR(network.quiet_ns(predictor_of([&](PackContent& c) { c.network = sample; })) / plain, factor, 1e-9);
}

void make_free(PackContent& content) { content.types[1].kernels[0].free = true; }

TEST(FreeKernel, CostsNothingAloneAndAmongMany) {
  const auto predictor = predictor_of(make_free);
  const std::vector<double> parameters = {1};
  const auto one = predictor.forecast_module({.type = 1, .parameters = parameters, .input_bytes = 1e6});
  ASSERT_TRUE(one);
  for (const std::size_t count : {1U, 2U, 40U, 300U}) {
    std::vector<ModuleForecast> out(count);
    ASSERT_TRUE(predictor.forecast_modules(1, std::vector<double>(count, 1.0), out));
    out.push_back(*one);
    for (const ModuleForecast& module : out) {
      EXPECT_EQ(module.latency.count(), 0);
      EXPECT_EQ(module.lower.count(), 0);
      EXPECT_EQ(module.upper.count(), 0);
      EXPECT_EQ(module.status, ForecastStatus::ok);
      EXPECT_EQ(module.kernel, 0U);
    }
  }
}

TEST(FreeKernel, IsNoneWhoseFormIsNothing) {
  const auto predictor = predictor_of([](PackContent& c) {
    KernelModel& kernel = c.types[0].kernels[0];
    kernel.form = constant_form(0.0);
    kernel.extrapolation = test::linear_terms({0.4, 1500});
  });
  for (const double h : {16.0, 1e9}) {  // out of range as well
    const std::vector<double> parameters = {8, h};
    const ModuleQuery query{.type = 0, .parameters = parameters, .input_bytes = 1000};
    const auto module = predictor.forecast_module(query);
    ASSERT_TRUE(module);
    EXPECT_EQ(module->status, ForecastStatus::unknown);
    EXPECT_GT(module->latency.count(), 1000);  // a module's, its bytes' and its multiply-accumulates'
    EXPECT_EQ(module->macs, 64 * h);
    std::vector<ModuleForecast> modules(1);
    const auto network = predictor.forecast_network({&query, 1}, modules);
    ASSERT_TRUE(network);
    EXPECT_GT(network->quiet.count(), 1000);
    EXPECT_EQ(network->time_share, 0);
  }
}

TEST(FreeKernel, CountsNeitherInTheCalibrationNorInTheCorrection) {
  const auto change = [](PackContent& c) {
    make_free(c);
    c.info.calibration = {1.02, 700, 3000};
    c.network = correction(line(4, 1, 0.5, 0.1), {{1, 0}});
  };
  const auto predictor = predictor_of(change);
  Network with(12), without(12);
  without.queries.erase(without.queries.end() - 2);
  without.modules.resize(without.queries.size());
  EXPECT_EQ(with.quiet_ns(predictor), without.quiet_ns(predictor));
  const ModuleForecast& free = with.modules[with.modules.size() - 2];
  EXPECT_EQ(free.latency.count(), 0);
  EXPECT_EQ(free.upper.count(), 0);
  EXPECT_EQ(free.status, ForecastStatus::ok);
  EXPECT_EQ(with.modules.back().latency, without.modules.back().latency);
}

TEST(FreeKernel, ANetworkOfNothingElseTakesNoTime) {
  const std::vector<double> parameters = {1};
  const std::vector<ModuleQuery> queries(3, {.type = 1, .parameters = parameters});
  std::vector<ModuleForecast> modules(3);
  const auto forecast = predictor_of(make_free).forecast_network(queries, modules);
  ASSERT_TRUE(forecast);
  EXPECT_EQ(forecast->quiet.count(), 0);
  EXPECT_EQ(forecast->upper.count(), 0);
}

}  // namespace
}  // namespace latcast
