#include "learn/models/fallback.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <span>
#include <vector>

#include "core/unknown_cost.h"
#include "learn/data/rows.h"
#include "learn/math/robust.h"
#include "learn/models/physical_base.h"

namespace latcast::learn {
namespace {

/// Modules of each type that are looked at.
constexpr std::size_t kMostOfType = 200;
/// Operators that a catalogue does not have are rarer and less tuned than those that it has: what lies outside a
/// quantile of these is taken to be five times as likely.
constexpr double kTailShare = 0.2;
/// Below this many types there is nothing to leave out.
constexpr std::size_t kFewestTypes = 3;

/// Measured modules of one type.
using Types = std::vector<std::vector<const ModuleRef*>>;

Types measured_types(const TrainingSet& set) {
  std::map<std::size_t, std::vector<const ModuleRef*>> by_type;
  for (const NetworkTruth& network : set.networks) {
    for (const ModuleRef& module : network.modules) {
      const double physical = module.input_bytes + module.output_bytes + module.weight_bytes + module.macs;
      if (!std::isfinite(module.latency_ns) || module.latency_ns <= 0 || !std::isfinite(physical)) continue;
      if (module.kernel_samples < 0) continue;
      by_type[set.kernels[static_cast<std::size_t>(module.kernel_samples)].type].push_back(&module);
    }
  }
  Types out;
  for (const auto& [type, modules] : by_type) {
    const std::size_t count = std::min(modules.size(), kMostOfType);
    std::vector<const ModuleRef*>& some = out.emplace_back();
    for (std::size_t i = 0; i < count; ++i) some.push_back(modules[i * modules.size() / count]);
  }
  return out;
}

/// Of all types but `left_out`.
Fallback fit(const Types& types, std::size_t left_out) {
  std::size_t count = 0;
  for (std::size_t t = 0; t < types.size(); ++t) count += t == left_out ? 0 : types[t].size();
  Rows rows;
  rows.terms.resize(static_cast<Eigen::Index>(count), 5);
  rows.latency_ns.resize(rows.terms.rows());
  rows.weight.resize(rows.terms.rows());
  Eigen::Index row = 0;
  for (std::size_t t = 0; t < types.size(); ++t) {
    if (t == left_out) continue;
    for (const ModuleRef* m : types[t]) {
      rows.terms.row(row) << m->input_bytes, m->output_bytes, m->weight_bytes, m->macs, 1.0;
      rows.latency_ns[row] = m->latency_ns;
      rows.weight[row] = 1.0 / static_cast<double>(types[t].size());
      ++row;
    }
  }
  rows.weight /= rows.weight.mean();
  const Eigen::VectorXd w = fit_base(rows).weights;
  return {.input_byte_ns = w[0], .output_byte_ns = w[1], .weight_byte_ns = w[2], .mac_ns = w[3], .module_ns = w[4]};
}

/// Logarithms of how much longer modules take than is estimated without their type.
class LeftOut {
 public:
  void add(double ratio, double weight) {
    ratios_.push_back(std::log(ratio));
    weights_.push_back(weight);
  }
  /// What was added since the last time is one type, if it is anything.
  void end_of_type() {
    if (ratios_.size() > seen_) ++types_;
    seen_ = ratios_.size();
  }

  [[nodiscard]] CostFactors factors(double level) const {
    if (types_ < kFewestTypes) return {};
    const auto above = [](double share) { return 1.0 - kTailShare * (1.0 - share); };
    const double end = 0.5 * (1.0 + level);
    CostFactors out{.lower = at(1.0 - above(end)), .middle = at(0.5), .most = at(above(0.9)), .upper = at(above(end))};
    out.lower = std::min(out.lower, out.middle);
    out.upper = std::max(out.upper, out.most);
    return out;
  }

 private:
  [[nodiscard]] double at(double share) const {
    const Eigen::Map<const Eigen::VectorXd> values(ratios_.data(), static_cast<Eigen::Index>(ratios_.size()));
    const Eigen::Map<const Eigen::VectorXd> weights(weights_.data(), static_cast<Eigen::Index>(weights_.size()));
    return std::exp(std::clamp(weighted_quantile(values, weights, share), -15.0, 15.0));
  }

  std::vector<double> ratios_, weights_;
  std::size_t types_ = 0, seen_ = 0;
};

}  // namespace

Fallback fit_fallback(const TrainingSet& set, double level) {
  const Types types = measured_types(set);
  if (types.empty())
    return {.input_byte_ns = 0.1, .output_byte_ns = 0.1, .weight_byte_ns = 0.1, .mac_ns = 0.05, .module_ns = 2000};
  LeftOut counted, bare;
  for (std::size_t t = 0; types.size() >= kFewestTypes && t < types.size(); ++t) {
    const Fallback others = fit(types, t);
    const double weight = 1.0 / static_cast<double>(types[t].size());
    for (const ModuleRef* module : types[t]) {
      bare.add(module->latency_ns / physical_ns(others, *module, 0.0), weight);
      if (module->macs > 0) counted.add(module->latency_ns / physical_ns(others, *module, module->macs), weight);
    }
    bare.end_of_type();
    counted.end_of_type();
  }
  Fallback out = fit(types, types.size());
  out.counted = counted.factors(level);
  out.bare = bare.factors(level);
  return out;
}

}  // namespace latcast::learn
