#include "measure/carriers/carrier.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <stdexcept>
#include <utility>

#include "measure/carriers/families.h"

namespace latcast {

namespace {

using carriers::Family;
using carriers::Knobs;
using carriers::Net;

/// Their order is part of what a plan's seed means.
const std::vector<Family>& all_families() {
  static const std::vector<Family> table = [] {
    std::vector<Family> all;
    using namespace carriers;
    for (const auto part :
         {cnn_families(), branch_families(), convolution_families(), mobile_families(), modern_families(),
          attention_families(), hybrid_families(), mlp_families(), text_families(), sequence_families(),
          elementwise_probes(), movement_probes(), layer_probes(), logic_probes(), signal_families(), image_families()})
      all.insert(all.end(), part.begin(), part.end());
    return all;
  }();
  return table;
}

/// The additive recurrence with the generalised golden ratio (M. Roberts, "The unreasonable effectiveness of
/// quasirandom sequences", 2018), shifted per family.
Knobs knobs_of(std::string_view family, std::uint64_t seed) {
  constexpr int kDimensions = 6;
  double phi = 1.5;
  for (int i = 0; i < 40; ++i) phi = std::pow(1.0 + phi, 1.0 / (kDimensions + 1));
  std::array<double, kDimensions> at{};
  carriers::Random shift(carriers::hash(family));
  double alpha = 1;
  for (double& u : at) {
    alpha /= phi;
    const double x = shift.uniform() + alpha * static_cast<double>(seed % (1ULL << 32));
    u = x - std::floor(x);
  }
  return {at[0], at[1], at[2], at[3], at[4], at[5]};
}

/// Roughly what a network costs, in multiply-accumulates: an element moved or computed weighs as much as some of them.
double work(const carriers::GraphBuilder& b) { return b.macs() + 15.0 * b.elements() + 0.5 * b.weight_bytes(); }

/// Where between the smallest and the largest cost (in logarithms) a size knob stands: a tenth of the carriers are
/// tiny, one in fifteen is large, the others have nodes as long as those of common networks.
double size_position(double u) {
  constexpr double kTiny = 0.1, kLarge = 0.93;           // of the carriers
  constexpr double kTinyEnd = 0.29, kLargeStart = 0.86;  // of the logarithmic range
  if (u < kTiny) return u / kTiny * kTinyEnd;
  if (u > kLarge) return kLargeStart + (u - kLarge) / (1 - kLarge) * (1 - kLargeStart);
  return kTinyEnd + (u - kTiny) / (kLarge - kTiny) * (kLargeStart - kTinyEnd);
}

}  // namespace

std::vector<std::string> families() {
  std::vector<std::string> names;
  for (const Family& f : all_families()) names.emplace_back(f.name);
  return names;
}

Carrier make_carrier(std::string_view family, std::uint64_t seed, const CarrierOptions& options) {
  const auto& all = all_families();
  const auto found = std::find_if(all.begin(), all.end(), [&](const Family& f) { return f.name == family; });
  if (found == all.end()) throw std::invalid_argument("no carrier family " + std::string(family));

  const Knobs knobs = knobs_of(family, seed);
  const std::uint64_t stream = carriers::hash(family) ^ (seed * 0x9E3779B97F4A7C15ULL);
  const double position = size_position(knobs.size);
  const double target =
      options.min_macs * std::pow(std::max(1.0, found->cost * options.max_macs / options.min_macs), position);

  // Widths and map sizes are scaled together until the work fits; which of the two bears more is drawn.
  const double width_share = 0.25 + 0.5 * carriers::Random(stream ^ 1).uniform();
  double width = 1, spatial = 1, best_width = 1, best_spatial = 1, best_miss = 1e300;
  for (int round = 0; round < 8; ++round) {
    Net net(stream, knobs, width, spatial);
    found->build(net);
    double ratio = target / work(net);
    double miss = std::abs(std::log(ratio));
    const double excess = std::max({1.0, net.macs() / options.max_macs, net.weight_bytes() / options.max_weight_bytes});
    if (excess > 1) {
      ratio = std::min(ratio, 0.7 / excess);
      miss = 100 + excess;
    }
    if (miss < best_miss) {
      best_miss = miss;
      best_width = width;
      best_spatial = spatial;
    }
    if (miss < 0.2) break;
    width = std::clamp(width * std::pow(ratio, 0.5 * width_share), 0.1, 12.0);
    spatial = std::clamp(spatial * std::pow(ratio, 0.5 * (1 - width_share)), 0.12, 6.0);
  }
  Net net(stream, knobs, best_width, best_spatial);
  found->build(net);

  Carrier carrier;
  carrier.family = family;
  carrier.seed = seed;
  carrier.name = carrier.family + "/" + std::to_string(seed);
  carrier.macs = net.macs();
  carrier.weight_bytes = net.weight_bytes();
  carrier.probe = found->probe;
  carrier.model = net.finish(carrier.name);
  return carrier;
}

std::vector<PlannedCarrier> plan_carriers(std::size_t count, std::uint64_t seed) {
  // Smooth weighted round-robin, over kinds and then over the families of the kind: each gets its share of every
  // prefix.
  struct Entry {
    const Family* family;
    double credit;
    std::uint64_t made;
  };
  struct Kind {
    double weight = 0;
    double credit = 0;
    std::vector<Entry> entries;
  };
  std::map<carriers::FamilyKind, Kind> kinds;
  carriers::Random rng(seed * 0xD1B54A32D192ED03ULL + 7);
  for (const Family& f : all_families()) {
    Kind& kind = kinds[f.kind];
    kind.weight += f.weight;
    kind.entries.push_back({&f, f.weight * rng.uniform(), 0});
  }
  for (auto& [name, kind] : kinds) kind.credit = kind.weight * rng.uniform();
  const std::uint64_t base = (carriers::Random(seed).bits() >> 40) << 8;

  const auto take = [](auto begin, auto end, auto&& weight_of, auto&& credit_of) {
    double total = 0;
    auto best = begin;
    for (auto it = begin; it != end; ++it) {
      total += weight_of(*it);
      credit_of(*it) += weight_of(*it);
      if (credit_of(*it) > credit_of(*best)) best = it;
    }
    credit_of(*best) -= total;
    return best;
  };
  std::vector<PlannedCarrier> plan;
  plan.reserve(count);
  while (plan.size() < count) {
    const auto kind = take(
        kinds.begin(), kinds.end(), [](const auto& k) { return k.second.weight; },
        [](auto& k) -> double& { return k.second.credit; });
    auto& entries = kind->second.entries;
    const auto entry = take(
        entries.begin(), entries.end(), [](const Entry& e) { return e.family->weight; },
        [](Entry& e) -> double& { return e.credit; });
    plan.push_back({std::string(entry->family->name), base + entry->made++});
  }
  return plan;
}

}  // namespace latcast
