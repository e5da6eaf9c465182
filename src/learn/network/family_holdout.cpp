#include "learn/network/family_holdout.h"

#include <algorithm>

namespace latcast::learn {
namespace {

HeldOut held_out(const RawNetwork& network, const Calibration& calibration) {
  return {calibrated_ns(network, calibration), network.quiet_ns, network.doubt};
}

Calibration calibration_without(const std::vector<NetworkTruth>& networks, const std::vector<RawNetwork>& raw,
                                std::span<const int> groups, int group) {
  std::vector<RawNetwork> others;
  for (std::size_t i = 0; i < raw.size(); ++i) {
    if (groups[i] != group && !networks[i].probe) others.push_back(raw[i]);
  }
  return fit_calibration(others);
}

}  // namespace

std::vector<HeldOut> hold_out_families(const std::vector<NetworkTruth>& networks, std::span<const int> group_of_network,
                                       const std::vector<RawNetwork>& raw, const std::vector<RawNetwork>& family_sums) {
  const int groups = group_of_network.empty() ? 0 : *std::ranges::max_element(group_of_network) + 1;
  std::vector<HeldOut> out(networks.size());
  if (groups < 2) {
    const Calibration calibration = calibration_without(networks, raw, group_of_network, -1);
    std::ranges::transform(raw, out.begin(), [&](const RawNetwork& one) { return held_out(one, calibration); });
    return out;
  }
  for (int group = 0; group < groups; ++group) {
    const Calibration calibration = calibration_without(networks, raw, group_of_network, group);
    for (std::size_t i = 0; i < out.size(); ++i) {
      if (group_of_network[i] == group) out[i] = held_out(family_sums[i], calibration);
    }
  }
  return out;
}

}  // namespace latcast::learn
