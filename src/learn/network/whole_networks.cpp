#include "learn/network/whole_networks.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>
#include <string>

#include "learn/network/intervals.h"

namespace latcast::learn {
namespace {

constexpr int kNobody = -1;

/// The sums of modules as a layer sees them: `family_sums` of the networks of `group`, `raw` of the others.
class Sums {
 public:
  Sums(const TrainingSet& set, std::span<const int> group_of_network, const std::vector<RawNetwork>& raw,
       const std::vector<RawNetwork>& family_sums)
      : classes_(static_cast<Eigen::Index>(set.kernels.size())),
        group_of_network_(group_of_network),
        raw_(raw),
        family_sums_(family_sums) {}

  [[nodiscard]] ListedForecasts without(int group) const {
    const auto networks = static_cast<Eigen::Index>(raw_.size());
    ListedForecasts out{Eigen::MatrixXd(networks, classes_), Eigen::VectorXd(networks), Eigen::VectorXd(networks)};
    for (Eigen::Index n = 0; n < networks; ++n) {
      const RawNetwork& one = of(static_cast<std::size_t>(n), group);
      for (Eigen::Index c = 0; c < classes_; ++c) out.sums(n, c) = one.class_ns[static_cast<std::size_t>(c)];
      out.modules[n] = static_cast<double>(one.modules);
      out.others[n] = one.sum_ns - std::accumulate(one.class_ns.begin(), one.class_ns.end(), 0.0);
    }
    return out;
  }

  /// What the forecast rests on; of networks none of whose modules were measured, on totals alone.
  [[nodiscard]] Doubt doubt(std::size_t network, int group) const {
    const RawNetwork& one = of(network, group);
    return one.modules > 0 ? one.doubt : Doubt{.uncovered = 0.0, .module_error = kUnlistedError};
  }

 private:
  [[nodiscard]] const RawNetwork& of(std::size_t network, int group) const {
    return group != kNobody && group_of_network_[network] == group ? family_sums_[network] : raw_[network];
  }

  Eigen::Index classes_;
  std::span<const int> group_of_network_;
  const std::vector<RawNetwork>& raw_;
  const std::vector<RawNetwork>& family_sums_;
};

int parts_of(std::span<const int> part_of_network) {
  return part_of_network.empty() ? 0 : *std::ranges::max_element(part_of_network) + 1;
}

/// Forecasts of every network by a layer that has not seen its part; not positive: there is none.
/// `families`: modules' forecasts have not seen the part either.
Eigen::VectorXd leave_out(const TrainingSet& set, const std::vector<char>& use, std::span<const int> part_of_network,
                          const Sums& sums, bool families) {
  Eigen::VectorXd out = Eigen::VectorXd::Zero(static_cast<Eigen::Index>(use.size()));
  for (int part = 0; part < parts_of(part_of_network); ++part) {
    std::vector<char> others = use;
    for (std::size_t i = 0; i < others.size(); ++i) others[i] = use[i] != 0 && part_of_network[i] != part ? 1 : 0;
    if (std::ranges::count(others, 1) < 2) continue;
    const NetworkLayer layer = fit_layer(set, sums.without(families ? part : kNobody), others);
    for (Eigen::Index i = 0; i < out.size(); ++i) {
      if (part_of_network[static_cast<std::size_t>(i)] == part) out[i] = layer.forecast_ns[i];
    }
  }
  return out;
}

double mape(const TrainingSet& set, const std::vector<char>& use, const Eigen::VectorXd& forecasts) {
  double sum = 0, count = 0;
  for (std::size_t i = 0; i < use.size(); ++i) {
    const double forecast = forecasts[static_cast<Eigen::Index>(i)];
    if (use[i] == 0 || !(forecast > 0)) continue;
    sum += std::abs(forecast / set.networks[i].quiet_ns - 1.0);
    count += 1;
  }
  return count > 0 ? sum / count : 0.0;
}

/// Networks whose family the forecast has not seen (or, where there is no such forecast, that it has not seen itself).
struct Judged {
  std::vector<HeldOut> held;  // of networks that were not chosen for being hard
  std::map<std::string, FamilyLoss> families;

  void add(const NetworkTruth& network, double forecast_ns, const Doubt& doubt) {
    if (!network.adaptive) held.push_back({forecast_ns, network.quiet_ns, doubt});
    FamilyLoss& family = families[network.family];
    family.name = network.family;
    ++family.networks;
    family.error += std::abs(forecast_ns / network.quiet_ns - 1.0);
    family.bias += std::log(forecast_ns / network.quiet_ns);
  }
};

}  // namespace

std::vector<char> with_totals(const TrainingSet& set) {
  std::vector<char> out;
  for (const NetworkTruth& network : set.networks) {
    out.push_back(!network.probe && std::isfinite(network.quiet_ns) && network.quiet_ns > 0 ? 1 : 0);
  }
  return out;
}

NetworkFit fit_networks(const TrainingSet& set, std::span<const int> fold_of_network,
                        std::span<const int> group_of_network, const std::vector<RawNetwork>& raw,
                        const std::vector<RawNetwork>& family_sums, double level) {
  const std::vector<char> use = with_totals(set);
  const Sums sums(set, group_of_network, raw, family_sums);
  NetworkFit out;
  out.layer = fit_layer(set, sums.without(kNobody), use);
  const Eigen::VectorXd by_network = leave_out(set, use, fold_of_network, sums, false);
  const Eigen::VectorXd by_family = leave_out(set, use, group_of_network, sums, true);
  Judged judged;
  for (std::size_t i = 0; i < use.size(); ++i) {
    const auto at = static_cast<Eigen::Index>(i);
    const bool apart = by_family[at] > 0;
    const double forecast = apart ? by_family[at] : by_network[at];
    if (use[i] == 0 || !(forecast > 0)) continue;
    judged.add(set.networks[i], forecast, sums.doubt(i, apart ? group_of_network[i] : kNobody));
  }
  out.error = mape(set, use, by_network);
  out.interval = fit_intervals(judged.held, level);
  for (auto& [name, family] : judged.families) {
    family.error /= family.networks;
    family.bias /= family.networks;
    out.families.push_back(family);
  }
  return out;
}

}  // namespace latcast::learn
