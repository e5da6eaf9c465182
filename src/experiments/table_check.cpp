#include "experiments/table_check.h"

#include <algorithm>
#include <cmath>
#include <set>

#include "learn/data/folds.h"
#include "learn/models/kernel_fit.h"
#include "learn/models/prepared.h"
#include "learn/models/regression_model.h"
#include "learn/network/calibrated_sum.h"

namespace latcast::learn {
namespace {

std::vector<TableNetwork> taken(std::span<const TableNetwork> networks, std::span<const std::size_t> which) {
  std::vector<TableNetwork> out;
  for (const std::size_t i : which) out.push_back(networks[i]);
  return out;
}

struct Mean {
  double sum = 0, count = 0;
  void add(double forecast, double truth) {
    if (!(forecast > 0) || !(truth > 0)) return;
    sum += std::abs(forecast / truth - 1.0);
    count += 1;
  }
  [[nodiscard]] double value() const { return count > 0 ? sum / count : std::nan(""); }
};

}  // namespace

Result<PackContent> train_on(std::span<const TableNetwork> networks, const Catalogue& catalogue,
                             std::span<const std::size_t> which, const TrainOptions& options) {
  return train(make_training_set(taken(networks, which), catalogue), catalogue.types(), options);
}

Result<void> forecast_with_model(std::string_view name, std::span<const TableNetwork> networks,
                                 const Catalogue& catalogue, std::span<const std::size_t> train,
                                 std::span<const std::size_t> test, std::uint64_t seed, TableForecasts& out) {
  out.resize(networks.size());
  const RegressionModel* model = find_model(name);
  if (model == nullptr) return fail(Errc::not_found, "there is no regression model " + std::string(name));
  // All networks' samples, so that rows of both sides lie in the same classes.
  const TrainingSet set = make_training_set(networks, catalogue);
  auto prepared = prepare(set);
  if (!prepared) return tl::unexpected<Error>(prepared.error());
  const std::set<std::size_t> training(train.begin(), train.end()), testing(test.begin(), test.end());
  std::vector<std::vector<double>> estimates(prepared->kernels.size());
  for (std::size_t k = 0; k < prepared->kernels.size(); ++k) {
    const Rows& rows = prepared->kernels[k].rows;
    Split sides;
    for (Eigen::Index row = 0; row < rows.size(); ++row) {
      const auto network = static_cast<std::size_t>(rows.group[static_cast<std::size_t>(row)]);
      if (training.contains(network)) sides.train.push_back(row);
      if (testing.contains(network)) sides.test.push_back(row);
    }
    estimates[k].assign(static_cast<std::size_t>(rows.size()), 0.0);
    if (sides.test.empty() || sides.train.size() < 2) continue;
    const Rows seen = take(rows, sides.train), asked = take(rows, sides.test);
    FitContext context(seen, {seed, Effort::final, {}, nullptr});
    const bool few = sides.train.size() < 10;
    auto fit = fit_kernel(few ? *find_model("base") : *model, context);
    if (!fit) fit = fit_kernel(*find_model("base"), context);
    if (!fit) continue;
    const auto found = forecast(*fit, asked);
    for (std::size_t i = 0; i < found.size(); ++i) {
      estimates[k][static_cast<std::size_t>(sides.test[i])] = found[i].latency_ns;
    }
  }
  std::vector<RawNetwork> known;
  const auto sum = [&](std::size_t network, bool measured) {
    RawNetwork raw;
    raw.quiet_ns = set.networks[network].quiet_ns;
    raw.modules = set.networks[network].modules.size();
    for (std::size_t m = 0; m < raw.modules; ++m) {
      const ModulePlace place = prepared->places[network][m];
      if (place.kernel < 0) continue;
      raw.sum_ns += measured ? set.networks[network].modules[m].latency_ns
                             : estimates[static_cast<std::size_t>(place.kernel)][static_cast<std::size_t>(place.row)];
    }
    return raw;
  };
  for (const std::size_t network : train) {
    if (!set.networks[network].probe) known.push_back(sum(network, true));
  }
  const Calibration calibration = fit_calibration(known);
  for (const std::size_t network : test) {
    out.forecast_ns[network] = calibrated_ns(sum(network, false), calibration);
    out.modules_ns[network].assign(networks[network].modules.size(), 0.0);
    std::size_t m = 0;
    for (std::size_t i = 0; i < networks[network].modules.size() && m < prepared->places[network].size(); ++i) {
      const TableNetworkModule& module = networks[network].modules[i];
      const ModuleRef& reference = set.networks[network].modules[m];
      if (!(module.latency_ns == reference.latency_ns)) continue;
      const ModulePlace place = prepared->places[network][m++];
      if (place.kernel >= 0) {
        out.modules_ns[network][i] =
            estimates[static_cast<std::size_t>(place.kernel)][static_cast<std::size_t>(place.row)];
      }
    }
  }
  return {};
}

double network_mape(std::span<const TableNetwork> networks, const TableForecasts& forecasts) {
  Mean mean;
  for (std::size_t i = 0; i < networks.size(); ++i) mean.add(forecasts.forecast_ns[i], networks[i].total_ns);
  return mean.value();
}

double module_mape(std::span<const TableNetwork> networks, const TableForecasts& forecasts) {
  Mean mean;
  for (std::size_t i = 0; i < networks.size(); ++i) {
    for (std::size_t m = 0; m < forecasts.modules_ns[i].size(); ++m) {
      if (!networks[i].modules[m].listed) continue;
      mean.add(forecasts.modules_ns[i][m], networks[i].modules[m].latency_ns);
    }
  }
  return mean.value();
}

}  // namespace latcast::learn
