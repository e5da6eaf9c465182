#include "learn/network/real_network_fit.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <map>
#include <numeric>

#include "learn/data/folds.h"
#include "learn/network/choice_fit.h"
#include "learn/network/family_holdout.h"
#include "learn/network/intervals.h"

namespace latcast::learn {
namespace {

constexpr int kFolds = 5;
constexpr int kFamilyGroups = 6;

/// Forecasts of the chosen candidates: with the row's network left out, or its family where `family` marks the network.
ListedForecasts listed_forecasts(const TrainingSet& set, const PreparedSet& prepared, const Study& study,
                                 std::span<const int> chosen, const std::vector<char>& family) {
  const auto networks = static_cast<Eigen::Index>(set.networks.size());
  ListedForecasts out{Eigen::MatrixXd::Zero(networks, static_cast<Eigen::Index>(prepared.kernels.size())),
                      Eigen::VectorXd::Zero(networks)};
  for (std::size_t k = 0; k < prepared.kernels.size(); ++k) {
    if (chosen[k] < 0) continue;
    const Candidate& one = study.classes[k].candidates[static_cast<std::size_t>(chosen[k])];
    const std::vector<int>& group = prepared.kernels[k].rows.group;
    for (std::size_t row = 0; row < group.size(); ++row) {
      const auto network = static_cast<std::size_t>(group[row]);
      const bool apart = family[network] != 0 && row < one.family_out.size() && one.family_out[row].latency_ns > 0;
      const double latency = apart ? one.family_out[row].latency_ns : one.out_of_fold[row].latency_ns;
      out.sums(group[row], static_cast<Eigen::Index>(k)) += std::max(latency, 1.0);
      out.modules[group[row]] += 1.0;
    }
  }
  return out;
}

/// What each network's forecast rests on.
std::vector<Doubt> doubts(const TrainingSet& set, const PreparedSet& prepared, const Study& study,
                          std::span<const int> chosen) {
  const std::vector<double> errors = errors_of(study, chosen);
  std::vector<DoubtSum> sums(set.networks.size());
  for (std::size_t k = 0; k < prepared.kernels.size(); ++k) {
    if (chosen[k] < 0) continue;
    const Candidate& one = study.classes[k].candidates[static_cast<std::size_t>(chosen[k])];
    const std::vector<int>& group = prepared.kernels[k].rows.group;
    for (std::size_t row = 0; row < group.size(); ++row) {
      sums[static_cast<std::size_t>(group[row])].add(one.out_of_fold[row].latency_ns, errors[k],
                                                     !one.out_of_fold[row].extrapolated);
    }
  }
  std::vector<Doubt> out;
  for (const DoubtSum& one : sums) out.push_back(one.doubt());
  return out;
}

/// Forecasts of every network in use with its part left out of the layer. `listed`: with which forecasts of modules a
/// part is judged.
Eigen::VectorXd leave_out(const TrainingSet& set, const std::vector<char>& use, std::span<const int> part_of_network,
                          const std::function<ListedForecasts(int)>& listed) {
  Eigen::VectorXd out = Eigen::VectorXd::Zero(static_cast<Eigen::Index>(use.size()));
  const int parts = part_of_network.empty() ? 0 : *std::ranges::max_element(part_of_network) + 1;
  for (int part = 0; part < parts; ++part) {
    std::vector<char> others = use;
    for (std::size_t i = 0; i < others.size(); ++i) others[i] = use[i] != 0 && part_of_network[i] != part ? 1 : 0;
    if (std::ranges::count(others, 1) < 2) continue;
    const NetworkLayer layer = fit_layer(set, listed(part), others);
    for (std::size_t i = 0; i < others.size(); ++i) {
      if (part_of_network[i] == part)
        out[static_cast<Eigen::Index>(i)] = layer.forecast_ns[static_cast<Eigen::Index>(i)];
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

struct Judged {
  Eigen::VectorXd by_network, by_family;
};

void judge(const TrainingSet& set, const std::vector<char>& use, const Judged& judged, const std::vector<Doubt>& doubts,
           double level, RealNetworkFit& out) {
  out.error = mape(set, use, judged.by_network);
  std::vector<HeldOut> held;
  std::map<std::string, FamilyLoss> families;
  for (std::size_t i = 0; i < use.size(); ++i) {
    const auto at = static_cast<Eigen::Index>(i);
    const double forecast = judged.by_family[at] > 0 ? judged.by_family[at] : judged.by_network[at];
    if (use[i] == 0 || !(forecast > 0)) continue;
    const NetworkTruth& network = set.networks[i];
    held.push_back({forecast, network.quiet_ns, doubts[i]});
    FamilyLoss& family = families[network.family];
    family.name = network.family;
    ++family.networks;
    family.error += std::abs(forecast / network.quiet_ns - 1.0);
    family.bias += std::log(forecast / network.quiet_ns);
  }
  out.interval = fit_intervals(held, level);
  for (auto& [name, family] : families) {
    family.error /= family.networks;
    family.bias /= family.networks;
    out.families.push_back(family);
  }
}

}  // namespace

std::vector<char> with_totals(const TrainingSet& set) {
  std::vector<char> out;
  for (const NetworkTruth& network : set.networks) {
    out.push_back(!network.probe && std::isfinite(network.quiet_ns) && network.quiet_ns > 0 ? 1 : 0);
  }
  return out;
}

RealNetworkFit fit_real_networks(const TrainingSet& set, const PreparedSet& prepared, const Study& study,
                                 std::span<const int> chosen, double level) {
  RealNetworkFit out;
  const std::vector<char> use = with_totals(set);
  const std::vector<char> nobody(use.size(), 0);
  const ListedForecasts plain = listed_forecasts(set, prepared, study, chosen, nobody);
  if (std::ranges::count(use, 1) < 2) {
    out.layer.unlisted.assign(set.unlisted.size(), constant_form(0.0));
    return out;
  }
  out.layer = fit_layer(set, plain, use);
  Judged judged;
  judged.by_network =
      leave_out(set, use, study.fold_of_network, [&](int) -> ListedForecasts { return {plain.sums, plain.modules}; });
  judged.by_family = leave_out(set, use, study.group_of_network, [&](int part) {
    std::vector<char> family(use.size(), 0);
    for (std::size_t i = 0; i < family.size(); ++i) family[i] = study.group_of_network[i] == part ? 1 : 0;
    return listed_forecasts(set, prepared, study, chosen, family);
  });
  judge(set, use, judged, doubts(set, prepared, study, chosen), level, out);
  return out;
}

RealNetworkFit fit_real_networks(const TrainingSet& set, std::uint64_t seed, double level) {
  RealNetworkFit out;
  const std::vector<char> use = with_totals(set);
  out.layer = fit_layer(set, {}, use);
  std::vector<int> each(use.size());
  std::iota(each.begin(), each.end(), 0);
  const std::vector<int> folds = grouped_folds(each, kFolds, derive_seed(seed, "folds"));
  const std::vector<int> families = family_groups(set.networks, kFamilyGroups);
  const auto nothing = [](int) { return ListedForecasts{}; };
  const Judged judged{leave_out(set, use, folds, nothing), leave_out(set, use, families, nothing)};
  const std::vector<Doubt> doubts(use.size(), {.uncovered = 0.0, .module_error = kUnlistedError});
  judge(set, use, judged, doubts, level, out);
  return out;
}

}  // namespace latcast::learn
