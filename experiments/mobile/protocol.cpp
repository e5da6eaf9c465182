#include "experiments/mobile/protocol.h"

#include <algorithm>
#include <limits>
#include <numeric>

#include "experiments/table_check.h"
#include "learn/data/folds.h"

namespace latcast::experiments {
using namespace learn;

std::vector<int> mobile_folds(std::size_t networks) {
  std::vector<int> each(networks);
  std::iota(each.begin(), each.end(), 0);
  return grouped_folds(each, kMobileFolds, derive_seed(1, "bench mobile"));
}

std::pair<Indices, Indices> sides(std::span<const int> part_of_network, int part) {
  std::pair<Indices, Indices> out;
  for (std::size_t i = 0; i < part_of_network.size(); ++i) {
    (part_of_network[i] == part ? out.second : out.first).push_back(i);
  }
  return out;
}

Indices same_networks(std::span<const TableNetwork> networks, const Indices& which,
                      std::span<const TableNetwork> others) {
  Indices out;
  for (const std::size_t i : which) {
    const auto found = std::ranges::find(others, networks[i].name, &TableNetwork::name);
    if (found != others.end()) out.push_back(static_cast<std::size_t>(found - others.begin()));
  }
  return out;
}

TrainOptions mobile_training(const Case& one, bool few_models) {
  TrainOptions out;
  out.study.threads = 1;
  out.study.models = {"base_gp"};
  if (!few_models) out.study.models = {"base_gp", "base_gbdt", "base_mean"};
  out.study.stop = one.stop;
  out.budget.module_time_ns = std::numeric_limits<double>::infinity();
  return out;
}

Result<void> forecast_ours(const Case& one, std::span<const TableNetwork> networks, const Indices& train,
                           const Indices& test, TrainOptions options, TableForecasts& out) {
  if (one.stop()) return fail(Errc::interrupted, "interrupted");
  const auto pack = train_on(networks, one.tables.catalogue, train, options);
  if (!pack) return tl::unexpected(pack.error());
  return forecast_with(*pack, networks, one.tables.catalogue, test, out);
}

Figure figure(const Case& one, std::string protocol, double error) {
  return {std::move(protocol), one.target.name, std::string(one.method), error, 0, one.networks().size()};
}

}  // namespace latcast::experiments
