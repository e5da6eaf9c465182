#include "experiments/table_check.h"

#include <cmath>
#include <vector>

namespace latcast::experiments {
using namespace learn;

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

}  // namespace latcast::experiments
