#include "learn/family_holdout.h"

#include <algorithm>
#include <map>

#include "learn/folds.h"
#include "learn/parallel.h"

namespace latcast::learn {
namespace {

/// Forecasts the rows of one kernel class that are in `group` with a model that never saw that group.
std::vector<KernelEstimate> forecast_group(const PreparedKernel& kernel, const Selection& chosen,
                                           std::span<const int> group_of_network, int group, std::uint64_t seed) {
  const Rows& rows = kernel.rows;
  std::vector<int> side;
  for (const int network : rows.group) side.push_back(group_of_network[static_cast<std::size_t>(network)]);
  const Split sides = split(side, group);
  std::vector<KernelEstimate> out(static_cast<std::size_t>(rows.size()));
  if (sides.test.empty() || sides.train.size() < 3) return out;  // zero: the fallback answers
  const Rows train = take(rows, sides.train), test = take(rows, sides.test);
  WarmStarts warm = chosen.warm;
  FitContext context(train, {seed, Effort::fold, kernel.prior, &warm});
  const bool few = train.size() < kFewSamples;
  const RegressionModel* model = few ? find_model("base") : find_model(chosen.fit.model);
  const auto fit = fit_kernel(*model, context);
  if (!fit) return out;
  const auto forecasts = forecast(*fit, test);
  for (std::size_t i = 0; i < forecasts.size(); ++i) out[static_cast<std::size_t>(sides.test[i])] = forecasts[i];
  return out;
}

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

std::vector<int> family_groups(const std::vector<NetworkTruth>& networks, int groups) {
  std::map<std::string, int> ids;
  std::vector<int> family;
  for (const NetworkTruth& network : networks) {
    family.push_back(ids.emplace(network.family, static_cast<int>(ids.size())).first->second);
  }
  return grouped_folds(family, groups, 1);
}

std::vector<HeldOut> hold_out_families(const TrainingSet& set, const PreparedSet& prepared,
                                       const std::vector<Selection>& chosen, const std::vector<RawNetwork>& raw,
                                       const Fallback& fallback, const HoldoutOptions& options) {
  const std::vector<int> group_of = family_groups(set.networks, options.groups);
  const int groups = group_of.empty() ? 0 : *std::ranges::max_element(group_of) + 1;
  std::vector<HeldOut> out(set.networks.size());
  if (groups < 2) {
    const Calibration calibration = calibration_without(set.networks, raw, group_of, -1);
    std::ranges::transform(raw, out.begin(), [&](const RawNetwork& one) { return held_out(one, calibration); });
    return out;
  }
  const std::size_t kernels = prepared.kernels.size();
  const std::vector<double> errors = errors_of(chosen);
  std::vector<std::vector<std::vector<KernelEstimate>>> estimates(static_cast<std::size_t>(groups),
                                                                  std::vector<std::vector<KernelEstimate>>(kernels));
  parallel_for(kernels * static_cast<std::size_t>(groups), options.threads, [&](std::size_t task) {
    const std::size_t kernel = task / static_cast<std::size_t>(groups), group = task % static_cast<std::size_t>(groups);
    const PreparedKernel& one = prepared.kernels[kernel];
    const auto seed = derive_seed(options.seed, one.type_name + "/" + one.kernel_name, 1000 + group);
    estimates[group][kernel] = forecast_group(one, chosen[kernel], group_of, static_cast<int>(group), seed);
  });
  for (int group = 0; group < groups; ++group) {
    const Calibration calibration = calibration_without(set.networks, raw, group_of, group);
    for (std::size_t i = 0; i < out.size(); ++i) {
      if (group_of[i] != group) continue;
      const auto& own = estimates[static_cast<std::size_t>(group)];
      out[i] = held_out(sum_network(set.networks[i], prepared.places[i], own, errors, fallback), calibration);
    }
  }
  return out;
}

}  // namespace latcast::learn
