// What follows from a choice of models for whole networks: their layer, intervals, and errors out of fold.
#pragma once

#include <span>
#include <vector>

#include "latcast/pack_info.h"
#include "learn/data/training_set.h"
#include "learn/network/calibrated_sum.h"
#include "learn/network/network_layer.h"

namespace latcast::learn {

/// Relative error that a module is taken to have whose cost is known from totals only.
inline constexpr double kUnlistedError = 0.3;

struct NetworkFit {
  NetworkLayer layer;
  IntervalModel interval;
  double error = 0;                  // MAPE, the network left out of the layer and of its modules' models
  std::vector<FamilyLoss> families;  // the same with the whole family left out
};

/// `fold_of_network`, `group_of_network`: the divisions by network and by family that `raw` (forecasts of modules that
/// have not seen the network) and `family_sums` (that have not seen its family) come from.
[[nodiscard]] NetworkFit fit_networks(const TrainingSet& set, std::span<const int> fold_of_network,
                                      std::span<const int> group_of_network, const std::vector<RawNetwork>& raw,
                                      const std::vector<RawNetwork>& family_sums, double level);

/// Networks that teach something about totals.
[[nodiscard]] std::vector<char> with_totals(const TrainingSet& set);

}  // namespace latcast::learn
