// Forecasts of networks whose whole family was left out of training: what intervals and the report by family rest on.
#pragma once

#include <cstdint>
#include <vector>

#include "learn/intervals.h"
#include "learn/network_fit.h"
#include "learn/prepared.h"
#include "learn/selection.h"
#include "learn/training_set.h"

namespace latcast::learn {

/// Families put together into at most `groups` of similar size; per network the index of its group.
[[nodiscard]] std::vector<int> family_groups(const std::vector<NetworkTruth>& networks, int groups);

struct HoldoutOptions {
  std::uint64_t seed = 1;
  int groups = 6;
  int threads = 2;
};

/// Per network. The chosen models are fitted anew without each group of families; the calibration on `raw` (out-of-fold
/// sums) of the others. Where there is one family only, `raw` stands in.
[[nodiscard]] std::vector<HeldOut> hold_out_families(const TrainingSet& set, const PreparedSet& prepared,
                                                     const std::vector<Selection>& chosen,
                                                     const std::vector<RawNetwork>& raw, const Fallback& fallback,
                                                     const HoldoutOptions& options);

}  // namespace latcast::learn
