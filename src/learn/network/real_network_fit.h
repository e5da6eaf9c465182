// What follows from a choice of models for a set of real networks: their layer, intervals and errors.
#pragma once

#include <span>
#include <vector>

#include "latcast/pack_info.h"
#include "learn/data/training_set.h"
#include "learn/models/prepared.h"
#include "learn/network/network_layer.h"
#include "learn/study/study.h"

namespace latcast::learn {

/// Relative error that a module is taken to have whose cost is known from totals only.
inline constexpr double kUnlistedError = 0.3;

struct RealNetworkFit {
  NetworkLayer layer;
  IntervalModel interval;
  double error = 0;  // MAPE, cross-validated by network
  std::vector<FamilyLoss> families;
};

/// With measured kernel classes: over the chosen candidates' forecasts of modules that they did not see.
[[nodiscard]] RealNetworkFit fit_real_networks(const TrainingSet& set, const PreparedSet& prepared, const Study& study,
                                               std::span<const int> chosen, double level);

/// From totals alone.
[[nodiscard]] RealNetworkFit fit_real_networks(const TrainingSet& set, std::uint64_t seed, double level);

/// Networks that teach something about totals.
[[nodiscard]] std::vector<char> with_totals(const TrainingSet& set);

}  // namespace latcast::learn
