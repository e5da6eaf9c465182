// What modules cost, from networks' totals alone: networks with a known law.
#include "learn/network/totals_fit.h"

#include <gtest/gtest.h>

#include "learn/totals_world.h"

namespace latcast::learn {
namespace {

using test::kCall_ns;
using test::kElement_ns;
using test::kMac_ns;

/// Cost of a module by an exported form.
double cost(const FormSpec& form, const KernelSamples& samples, Eigen::Index row) {
  const Eigen::VectorXd terms = samples.terms.row(row);
  const Eigen::VectorXd logs = ((samples.features.row(row).array() + 1.0).log() / std::log(2.0)).matrix();
  const Eigen::VectorXf logs32 = logs.cast<float>();
  return evaluate(view(form), {{terms.data(), static_cast<std::size_t>(terms.size())},
                               {logs.data(), static_cast<std::size_t>(logs.size())},
                               {logs32.data(), static_cast<std::size_t>(logs32.size())}});
}

TEST(TotalsFit, GivesTheCostsBack) {
  const test::TotalsWorld world = test::make_totals();
  const TotalsFit fit = fit_totals(world.problem(), false);
  ASSERT_EQ(fit.weights.size(), 2U);
  EXPECT_NEAR(fit.weights[0][0], kMac_ns, 0.02 * kMac_ns);
  EXPECT_NEAR(fit.weights[0][1], kElement_ns, 0.08 * kElement_ns);
  EXPECT_NEAR(fit.weights[1][0], kElement_ns, 0.04 * kElement_ns);
  EXPECT_NEAR(fit.weights[0][2] + fit.weights[1][1], 2 * kCall_ns, 0.3 * kCall_ns);
  EXPECT_EQ(fit.known.size(), 0);
  EXPECT_NEAR(cost(fit.forms[0], world.classes[0], 3), world.classes[0].terms.row(3) * fit.weights[0], 1e-6);
}

TEST(TotalsFit, ForecastsNetworksThatAreNotInUse) {
  const test::TotalsWorld world = test::make_totals();
  const TotalsFit fit = fit_totals(world.problem(), true);
  ASSERT_EQ(fit.forecast_ns.size(), world.quiet_ns.size());
  EXPECT_LT(test::error_of_others(world, fit.forecast_ns), 0.01);
  test::TotalsWorld unknown = world;
  for (std::size_t i = 0; i < unknown.use.size(); ++i) {
    if (unknown.use[i] == 0) unknown.quiet_ns[static_cast<Eigen::Index>(i)] = std::nan("");
  }
  EXPECT_EQ(fit_totals(unknown.problem(), true).forecast_ns, fit.forecast_ns);
}

/// The terms of "add" scaled by what its modules of the networks in use count for.
test::TotalsWorld with_adds(double in_use, double factor) {
  test::TotalsWorld world = test::make_totals();
  KernelSamples& add = world.classes[1];
  add.term_units[0].factor = factor;
  for (std::size_t row = 0; row < add.network.size(); ++row) {
    const auto network = static_cast<std::size_t>(add.network[row]);
    if (world.use[network] != 0) add.terms.row(static_cast<Eigen::Index>(row)) *= in_use;
  }
  world.quiet_ns -= (1.0 - in_use) * world.sums.col(1);
  return world;
}

TEST(TotalsFit, ATermThatNoNetworkHasCostsWhatItsUnitCosts) {
  const TotalsFit fit = fit_totals(with_adds(0, 2.0).problem(), false);
  EXPECT_NEAR(fit.weights[1][0], 2.0 * kElement_ns, 0.2 * kElement_ns);
  EXPECT_NEAR(fit.weights[1][1], kCall_ns, 0.5 * kCall_ns);
}

TEST(TotalsFit, TermsThatTotalsCannotTellApartCostTheSame) {
  test::TotalsWorld world = test::make_totals();
  KernelSamples& add = world.classes[1];
  Eigen::MatrixXd twice(add.terms.rows(), 3);
  twice << add.terms.col(0), add.terms.col(0), add.terms.col(1);
  add.terms = twice;
  add.term_units.insert(add.term_units.begin(), add.term_units.front());
  add.term_names.insert(add.term_names.begin(), "elements");
  const TotalsFit fit = fit_totals(world.problem(), false);
  EXPECT_NEAR(fit.weights[1][0], kElement_ns / 2, 0.05 * kElement_ns);
  EXPECT_NEAR(fit.weights[1][1], kElement_ns / 2, 0.05 * kElement_ns);
}

TEST(TotalsFit, ATermWithoutAUnitIsStillLearnt) {
  test::TotalsWorld world = test::make_totals();
  world.classes[1].term_units.clear();
  const TotalsFit fit = fit_totals(world.problem(), false);
  EXPECT_NEAR(fit.weights[1][0], kElement_ns, 0.1 * kElement_ns);
  EXPECT_LT(test::error_of_others(world, fit.forecast_ns), 0.02);
}

TEST(TotalsFit, AnOutlierHardlyMovesIt) {
  const test::TotalsWorld world = test::make_totals();
  test::TotalsWorld wrong = world;
  wrong.quiet_ns[5] *= 5;
  const TotalsFit fit = fit_totals(wrong.problem(), false);
  EXPECT_NEAR(fit.weights[0][0], kMac_ns, 0.04 * kMac_ns);
  EXPECT_LT(test::error_of_others(world, fit.forecast_ns), 0.02);
  EXPECT_LT(test::error_of_others(world, fit_totals(wrong.problem(), true).forecast_ns), 0.03);
}

TEST(TotalsFit, ColumnsThatAreKnownKeepTheirCoefficients) {
  const test::TotalsWorld world = test::make_totals();
  const std::vector<KernelSamples> unlisted = {world.classes[1]};
  const TotalsFit fit =
      fit_totals({unlisted, world.quiet_ns, world.use, world.sums.col(0), Eigen::VectorXd::Constant(1, 1.0)}, false);
  EXPECT_NEAR(fit.known[0], 1.0, 0.02);
  EXPECT_NEAR(fit.weights[0][0], kElement_ns, 0.05 * kElement_ns);
  EXPECT_LT(test::error_of_others(world, fit.forecast_ns), 0.01);
}

TEST(TotalsFit, CostsBendWithFeatures) {
  // Layers around 128 channels are slow: a law that no base term has.
  const auto slow = [](const test::Layer& layer) {
    const double away = std::log2(layer.c) - 7.0;
    return 1.0 + 0.5 * std::exp(-2.0 * away * away);
  };
  test::TotalsWorldOptions options;
  options.networks = 100;
  options.factor = slow;
  const test::TotalsWorld world = test::make_totals(options);
  const TotalsFit straight = fit_totals(world.problem(), false), bent = fit_totals(world.problem(), true);
  EXPECT_LT(test::error_of_others(world, bent.forecast_ns), 0.6 * test::error_of_others(world, straight.forecast_ns));
  EXPECT_LT(test::error_of_others(world, bent.forecast_ns), 0.02);

  // The forms bend as the forecasts do.
  Eigen::VectorXd sums = Eigen::VectorXd::Constant(world.quiet_ns.size(), bent.run_ns);
  for (std::size_t c = 0; c < world.classes.size(); ++c) {
    const KernelSamples& samples = world.classes[c];
    for (std::size_t row = 0; row < samples.network.size(); ++row) {
      sums[samples.network[row]] += cost(bent.forms[c], samples, static_cast<Eigen::Index>(row));
    }
  }
  for (Eigen::Index i = 0; i < sums.size(); ++i) EXPECT_NEAR(sums[i] / bent.forecast_ns[i], 1.0, 0.03) << i;
}

}  // namespace
}  // namespace latcast::learn
