#include "experiments/reference_model.h"

#include <cmath>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "core/unknown_cost.h"
#include "experiments/take_networks.h"
#include "learn/models/fallback.h"
#include "learn/models/kernel_fit.h"
#include "learn/models/prepared.h"
#include "learn/models/regression_model.h"
#include "learn/network/calibrated_sum.h"

namespace latcast::experiments {
using namespace learn;

namespace {

constexpr Eigen::Index kEnough = 10;  // rows for another model than the base
constexpr Eigen::Index kFewest = 2;   // for any

using Estimates = std::vector<std::vector<KernelEstimate>>;  // per class, per row; latency 0: none

/// Rows of networks in `training` teach, those of networks in `testing` are forecast.
struct Sides {
  std::set<std::size_t> training, testing;

  [[nodiscard]] std::pair<Rows, std::vector<Eigen::Index>> of(const Rows& rows) const {
    std::vector<Eigen::Index> train, test;
    for (Eigen::Index row = 0; row < rows.size(); ++row) {
      const auto network = static_cast<std::size_t>(rows.group[static_cast<std::size_t>(row)]);
      if (training.contains(network)) train.push_back(row);
      if (testing.contains(network)) test.push_back(row);
    }
    return {take(rows, train), std::move(test)};
  }
};

std::vector<KernelEstimate> forecast_class(const RegressionModel& model, const Rows& rows, const Sides& sides,
                                           std::uint64_t seed) {
  std::vector<KernelEstimate> out(static_cast<std::size_t>(rows.size()));
  const auto [train, test] = sides.of(rows);
  if (test.empty() || train.size() < kFewest) return out;
  const RegressionModel& base = *find_model("base");
  FitContext context(train, {seed, Effort::final, {}, nullptr});
  auto fit = fit_kernel(train.size() < kEnough ? base : model, context);
  if (!fit) fit = fit_kernel(base, context);
  if (!fit) return out;
  const auto found = forecast(*fit, take(rows, test));
  for (std::size_t i = 0; i < found.size(); ++i) out[static_cast<std::size_t>(test[i])] = found[i];
  return out;
}

Estimates measured(const PreparedSet& prepared) {
  Estimates out;
  for (const PreparedKernel& kernel : prepared.kernels) {
    auto& own = out.emplace_back();
    for (const double latency : kernel.rows.latency_ns) own.push_back({latency, false});
  }
  return out;
}

/// The listed operations' forecasts; operations that are fused away, or listed nowhere, have none.
std::vector<double> module_forecasts(const TableNetwork& network, const NetworkTruth& truth,
                                     const std::vector<ModulePlace>& places, const Estimates& estimates,
                                     const Fallback& fallback) {
  std::vector<double> out(network.modules.size(), 0.0);
  std::size_t m = 0;
  for (std::size_t i = 0; i < out.size() && m < places.size(); ++i) {
    const double own = network.modules[i].latency_ns, kept = truth.modules[m].latency_ns;
    const bool both_missing = std::isnan(own) && std::isnan(kept) && network.modules[i].listed;
    if (!both_missing && own != kept) continue;  // of no cost, or unlisted
    const ModulePlace place = places[m];
    if (place.kernel >= 0)
      out[i] = estimates[static_cast<std::size_t>(place.kernel)][static_cast<std::size_t>(place.row)].latency_ns;
    if (!(out[i] > 0)) out[i] = unknown_ns(fallback, truth.modules[m], truth.modules[m].macs);
    ++m;
  }
  return out;
}

}  // namespace

Result<void> forecast_with_model(std::string_view name, std::span<const TableNetwork> networks,
                                 const Catalogue& catalogue, std::span<const std::size_t> train,
                                 std::span<const std::size_t> test, std::uint64_t seed, TableForecasts& out) {
  out.resize(networks.size());
  const RegressionModel* model = find_model(name);
  if (model == nullptr) return fail(Errc::not_found, "there is no regression model " + std::string(name));
  // All networks' samples, so that rows of both sides lie in the same classes.
  const TrainingSet set = make_training_set(networks, catalogue);
  const auto prepared = prepare(set);
  if (!prepared) return tl::unexpected<Error>(prepared.error());
  const Sides sides{{train.begin(), train.end()}, {test.begin(), test.end()}};
  const Fallback fallback =
      fit_fallback(take_networks(set, [&](std::size_t network) { return sides.training.contains(network); }));
  Estimates estimates;
  for (const PreparedKernel& kernel : prepared->kernels) {
    estimates.push_back(forecast_class(*model, kernel.rows, sides, seed));
  }
  const std::vector<double> errors(estimates.size(), 0.0);  // no interval is made of these sums
  const Estimates truth = measured(*prepared);
  std::vector<RawNetwork> known;
  for (const std::size_t n : train) {
    if (set.networks[n].probe) continue;
    known.push_back(sum_network(set.networks[n], prepared->places[n], truth, errors, fallback));
  }
  const Calibration calibration = fit_calibration(known);
  for (const std::size_t n : test) {
    const RawNetwork raw = sum_network(set.networks[n], prepared->places[n], estimates, errors, fallback);
    out.forecast_ns[n] = calibrated_ns(raw, calibration);
    out.modules_ns[n] = module_forecasts(networks[n], set.networks[n], prepared->places[n], estimates, fallback);
  }
  return {};
}

}  // namespace latcast::experiments
