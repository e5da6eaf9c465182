#include "measure/carrier_plan.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <random>
#include <set>

#include "measure/carriers/module_carrier.h"

namespace latcast {
namespace {

/// More carriers than any budget measures.
constexpr std::size_t kLongestPlan = 20000;
/// With networks to resemble, each second carrier is the most alike of this many.
constexpr std::size_t kCandidates = 4;
constexpr int kLikedTimes = 3;
constexpr std::size_t kModulesPerCarrier = 10;
/// Seeds of advised carriers start here, clear of the planned ones.
constexpr std::uint64_t kAdvisedSeeds = 1'000'000;

int magnitude(double value) { return static_cast<int>(std::lround(2 * std::log2(1 + value))); }

/// Operator and rough size of its weights: what makes two nodes of different networks teach the same thing.
std::map<std::string, double> signatures(const onnx::Model& model) {
  std::map<std::string, const onnx::Tensor*> weights;
  for (const onnx::Tensor& tensor : model.graph.initializers) weights[tensor.name] = &tensor;
  std::map<std::string, double> shares;
  for (const onnx::Node& node : model.graph.nodes) {
    std::string signature = node.op;
    for (const std::string& input : node.inputs) {
      const auto found = weights.find(input);
      if (found == weights.end()) continue;
      for (const std::int64_t dim : found->second->dims)
        signature += "/" + std::to_string(magnitude(static_cast<double>(dim)));
      break;
    }
    shares[signature] += 1.0 / static_cast<double>(model.graph.nodes.size());
  }
  return shares;
}

}  // namespace

CarrierPlan::CarrierPlan(const Catalogue& catalogue, const CampaignOptions& options)
    : catalogue_(catalogue), config_(options.config), seed_(options.seed) {
  carrier_options_.max_macs = config_.max_macs;
  carrier_options_.max_weight_bytes = config_.max_weight_bytes;
  const std::set<std::string> wanted(config_.families.begin(), config_.families.end());
  for (PlannedCarrier& carrier : plan_carriers(kLongestPlan, seed_)) {
    if (wanted.empty() || wanted.contains(carrier.family)) planned_.push_back(std::move(carrier));
  }
  fill_buildable(wanted);
  if (!buildable_.empty() && (config_.module_share > 0 || planned_.empty())) {
    module_every_ = planned_.empty()
                        ? 1
                        : std::max<std::size_t>(1, static_cast<std::size_t>(std::lround(1 / config_.module_share)));
  }
  for (const onnx::Model& model : options.like) {
    for (const auto& [signature, share] : signatures(model)) liked_[signature] += share;
  }
  if (!options.like.empty()) prefer_types_of(options.like);
}

/// Every type once, before those with larger shares come again: a short campaign reaches them all.
void CarrierPlan::fill_buildable(const std::set<std::string>& wanted) {
  // Without any module type among them, the families say nothing of those.
  const bool types_wanted = std::ranges::any_of(wanted, is_module_family);
  std::mt19937_64 random(seed_);
  for (std::size_t turn = 0;; ++turn) {
    std::vector<std::size_t> types;
    for (std::size_t type = 0; type < catalogue_.types().size(); ++type) {
      const auto& build = catalogue_.types()[type].build;
      if (!build || (types_wanted && !wanted.contains(module_family(catalogue_.types()[type])))) continue;
      const auto times = std::max<std::size_t>(static_cast<std::size_t>(std::lround(build->share * 4)),
                                               build->share > 0 || types_wanted ? 1 : 0);
      if (turn < times) types.push_back(type);
    }
    if (types.empty()) return;
    std::ranges::shuffle(types, random);
    buildable_.insert(buildable_.end(), types.begin(), types.end());
  }
}

/// Module types that the networks have come first, and kLikedTimes as often: few block families may have them.
void CarrierPlan::prefer_types_of(const std::vector<onnx::Model>& networks) {
  std::set<std::string, std::less<>> operators;
  for (const onnx::Model& model : networks) {
    for (const onnx::Node& node : model.graph.nodes) operators.insert(node.op);
  }
  const auto liked = [&](std::size_t type) {
    const auto& covered = catalogue_.types()[type].operators;
    return std::ranges::any_of(covered, [&](const auto& one) { return operators.contains(one.type); });
  };
  const auto others = std::ranges::stable_partition(buildable_, liked);
  const std::vector<std::size_t> first(buildable_.begin(), others.begin());
  for (int time = 1; time < kLikedTimes; ++time) buildable_.insert(buildable_.begin(), first.begin(), first.end());
}

Carrier CarrierPlan::make(std::size_t index) const {
  if (module_every_ > 0 && index % module_every_ == module_every_ - 1) {
    const std::size_t turn = index / module_every_;
    const ModuleType& type = catalogue_.types()[buildable_[turn % buildable_.size()]];
    return make_module_carrier(type, seed_ * 7919 + turn, kModulesPerCarrier);
  }
  const std::size_t place = module_every_ > 0 ? index - index / module_every_ : index;
  if (liked_.empty()) return planned(place);
  Carrier best = planned(place * kCandidates);
  if (place % 2 == 0) return best;
  double best_likeness = likeness(best);
  for (std::size_t candidate = 1; candidate < kCandidates; ++candidate) {
    Carrier other = planned(place * kCandidates + candidate);
    const double value = likeness(other);
    if (value <= best_likeness) continue;
    best_likeness = value;
    best = std::move(other);
  }
  return best;
}

Carrier CarrierPlan::planned(std::size_t index) const {
  const PlannedCarrier& carrier = planned_[index % planned_.size()];
  return make_carrier(carrier.family, carrier.seed, carrier_options_);
}

Carrier CarrierPlan::make_advised(std::size_t index,
                                  const std::vector<std::pair<std::string, double>>& families) const {
  std::mt19937_64 random(seed_ + kAdvisedSeeds + index);
  std::vector<double> weights;
  // Where nothing is wrong anywhere, everything is worth the same.
  for (const auto& [family, weight] : families) weights.push_back(std::max(weight, 1e-6));
  std::discrete_distribution<std::size_t> choose(weights.begin(), weights.end());
  const std::string& family = families[choose(random)].first;
  const std::uint64_t seed = seed_ + kAdvisedSeeds + index;
  if (const ModuleType* type = buildable(family)) return make_module_carrier(*type, seed, kModulesPerCarrier);
  return make_carrier(family, seed, carrier_options_);
}

std::vector<std::string> CarrierPlan::unreached(const std::set<std::pair<std::string, std::string>>& executed) const {
  std::vector<std::string> names;
  for (const std::size_t index : std::set<std::size_t>(buildable_.begin(), buildable_.end())) {
    const ModuleType& type = catalogue_.types()[index];
    const auto was = [&](const OperatorName& one) { return executed.contains({one.domain, one.type}); };
    if (std::ranges::none_of(type.operators, was)) names.push_back(type.name);
  }
  return names;
}

const ModuleType* CarrierPlan::buildable(std::string_view family) const {
  for (const std::size_t index : buildable_) {
    const ModuleType& type = catalogue_.types()[index];
    if (family == module_family(type)) return &type;
  }
  return nullptr;
}

double CarrierPlan::likeness(const Carrier& carrier) const {
  double sum = 0;
  for (const auto& [signature, share] : signatures(carrier.model)) {
    const auto found = liked_.find(signature);
    if (found != liked_.end()) sum += std::min(share, found->second);
  }
  return sum;
}

Nanos CarrierPlan::expected_cost(const Carrier& carrier) const {
  // A machine of ordinary speed: 15 GMAC/s on one thread, 60 ms to create a session, 2 ns a byte of weights.
  const double run = 1e6 + carrier.macs / 15.0;
  const auto burst = [run](Nanos duration) { return std::max(duration.count() + run, 5 * run); };
  return Nanos(60e6 + 2 * carrier.weight_bytes + burst(config_.burst) + burst(config_.profile));
}

}  // namespace latcast
