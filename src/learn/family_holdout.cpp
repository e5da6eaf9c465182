#include "learn/family_holdout.h"

#include <algorithm>
#include <map>

#include "learn/folds.h"
#include "learn/race.h"

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

/// The candidates' forecasts of one group's rows.
void forecast_group(const PreparedKernel& kernel, const Split& sides, std::uint64_t seed, ClassStudy& study) {
  const Rows train = take(kernel.rows, sides.train), test = take(kernel.rows, sides.test);
  WarmStarts warm = study.warm;
  FitContext context(train, {seed, Effort::fold, kernel.prior, &warm});
  const bool few = train.size() < kFewSamples;
  for (Candidate& one : study.candidates) {
    if (!one.score.front || one.joint) continue;
    const auto fit = fit_kernel(*find_model(few ? kBaseModel : std::string_view(one.score.name)), context);
    if (!fit) continue;
    const auto forecasts = forecast(*fit, test);
    for (std::size_t i = 0; i < forecasts.size(); ++i) {
      one.family_out[static_cast<std::size_t>(sides.test[i])] = forecasts[i];
    }
  }
}

}  // namespace

std::vector<int> family_groups(const std::vector<NetworkTruth>& networks, int groups) {
  std::map<std::string, int> ids;
  std::vector<int> family;
  for (const NetworkTruth& network : networks) {
    family.push_back(ids.emplace(network.family, static_cast<int>(ids.size())).first->second);
  }
  return grouped_folds(family, groups, 1);
}

void forecast_families(const PreparedKernel& kernel, std::span<const int> group_of_network, int groups,
                       std::uint64_t seed, ClassStudy& study) {
  for (Candidate& one : study.candidates) {
    if (one.score.front) one.family_out.assign(static_cast<std::size_t>(kernel.rows.size()), {});
  }
  std::vector<int> side;
  for (const int network : kernel.rows.group) side.push_back(group_of_network[static_cast<std::size_t>(network)]);
  for (int group = 0; group < groups; ++group) {
    const Split sides = split(side, group);
    if (sides.test.empty() || sides.train.size() < 3) continue;  // zero: the fallback answers
    forecast_group(kernel, sides, derive_seed(seed, "families", static_cast<std::uint64_t>(group)), study);
  }
}

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
