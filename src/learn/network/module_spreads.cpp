#include "learn/network/module_spreads.h"

#include <algorithm>
#include <cmath>

#include "core/network_sum.h"

namespace latcast::learn {
namespace {

/// Half-width of a module's interval: the finite-sample conformal quantile of |log ratio|, families left out.
double module_spread(std::vector<double> residuals, double level) {
  std::ranges::sort(residuals);
  const auto n = static_cast<double>(residuals.size());
  const auto rank = static_cast<std::size_t>(std::ceil((n + 1.0) * level));
  return std::clamp(residuals[std::min(rank, residuals.size()) - 1], 0.005, 5.0);
}

/// From so many modules on a class has an interval of its own; that of the others is the common one, or their own where
/// it is wider.
constexpr std::size_t kOwnSpread = 10;

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
  std::vector<std::size_t> few;
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
    if (own.empty()) continue;
    if (own.size() < kOwnSpread) few.push_back(k);
    out.classes[k] = module_spread(std::move(own), level);
  }
  if (!all.empty()) out.fallback = module_spread(std::move(all), level);
  for (const std::size_t k : few) out.classes[k] = std::max(out.classes[k], out.fallback);
  return out;
}

}  // namespace latcast::learn
