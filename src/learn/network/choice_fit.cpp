#include "learn/network/choice_fit.h"

#include <algorithm>
#include <cmath>
#include <map>

#include "learn/network/family_holdout.h"

namespace latcast::learn {
namespace {

template <class T>
std::vector<T> counted(const TrainingSet& set, const std::vector<T>& per_network) {
  std::vector<T> out;
  for (std::size_t i = 0; i < per_network.size(); ++i) {
    if (counts(set.networks[i])) out.push_back(per_network[i]);
  }
  return out;
}

std::vector<FamilyLoss> loss_by_family(const TrainingSet& set, const std::vector<HeldOut>& held) {
  std::map<std::string, FamilyLoss> families;
  for (std::size_t i = 0; i < held.size(); ++i) {
    if (!counts(set.networks[i])) continue;
    FamilyLoss& family = families[set.networks[i].family];
    family.name = set.networks[i].family;
    ++family.networks;
    family.error += std::abs(held[i].forecast_ns / held[i].quiet_ns - 1.0);
    family.bias += std::log(held[i].forecast_ns / held[i].quiet_ns);
  }
  std::vector<FamilyLoss> out;
  for (auto& [name, family] : families) {
    family.error /= family.networks;
    family.bias /= family.networks;
    out.push_back(family);
  }
  return out;
}

double mean_error(const std::vector<RawNetwork>& networks, const Calibration& calibration) {
  double sum = 0.0;
  for (const RawNetwork& one : networks) sum += std::abs(calibrated_ns(one, calibration) / one.quiet_ns - 1.0);
  return networks.empty() ? 0.0 : sum / static_cast<double>(networks.size());
}

/// Half-width of a module's interval: the finite-sample conformal quantile of |log ratio|, families left out.
double module_spread(std::vector<double> residuals, double level) {
  std::ranges::sort(residuals);
  const auto n = static_cast<double>(residuals.size());
  const auto rank = static_cast<std::size_t>(std::ceil((n + 1.0) * level));
  return std::clamp(residuals[std::min(rank, residuals.size()) - 1], 0.005, 5.0);
}

/// From so many modules on a class has an interval of its own; the others share one.
constexpr std::size_t kOwnSpread = 40;

}  // namespace

std::vector<double> errors_of(const Study& study, std::span<const int> chosen) {
  std::vector<double> out;
  for (std::size_t k = 0; k < study.classes.size(); ++k) {
    out.push_back(chosen[k] < 0 ? kUnknownError
                                : study.classes[k].candidates[static_cast<std::size_t>(chosen[k])].score.error);
  }
  return out;
}

ModuleSpreads fit_module_spreads(const PreparedSet& prepared, const Study& study, std::span<const int> chosen,
                                 double level) {
  ModuleSpreads out;
  out.classes.assign(prepared.kernels.size(), 0.0);
  std::vector<double> all;
  for (std::size_t k = 0; k < prepared.kernels.size(); ++k) {
    if (chosen[k] < 0) continue;
    const Rows& rows = prepared.kernels[k].rows;
    const Candidate& one = study.classes[k].candidates[static_cast<std::size_t>(chosen[k])];
    const auto& forecasts = one.family_out.empty() ? one.out_of_fold : one.family_out;
    std::vector<double> own;
    for (std::size_t i = 0; i < forecasts.size(); ++i) {
      if (!(forecasts[i].latency_ns > 0)) continue;
      own.push_back(std::abs(std::log(forecasts[i].latency_ns / rows.latency_ns[static_cast<Eigen::Index>(i)])));
    }
    all.insert(all.end(), own.begin(), own.end());
    if (own.size() >= kOwnSpread) out.classes[k] = module_spread(std::move(own), level);
  }
  if (!all.empty()) out.fallback = module_spread(std::move(all), level);
  return out;
}

NetworkFit fit_networks(const TrainingSet& set, std::span<const int> group_of_network,
                        const std::vector<RawNetwork>& raw, const std::vector<RawNetwork>& family_sums, double level) {
  NetworkFit out;
  const std::vector<RawNetwork> usable_raw = counted(set, raw);
  out.calibration = fit_calibration(usable_raw);
  const auto held = hold_out_families(set.networks, group_of_network, raw, family_sums);
  std::vector<HeldOut> plain;
  for (std::size_t i = 0; i < held.size(); ++i) {
    if (counts(set.networks[i]) && !set.networks[i].adaptive) plain.push_back(held[i]);
  }
  out.interval = fit_intervals(plain, level);
  out.error = mean_error(usable_raw, out.calibration);
  out.families = loss_by_family(set, held);
  return out;
}

}  // namespace latcast::learn
