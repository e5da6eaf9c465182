// Forecasts of networks whose whole family was left out of training: what intervals and the report by family rest on.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "learn/candidate.h"
#include "learn/intervals.h"
#include "learn/network_fit.h"
#include "learn/prepared.h"
#include "learn/training_set.h"

namespace latcast::learn {

/// Families put together into at most `groups` of similar size; per network the index of its group.
[[nodiscard]] std::vector<int> family_groups(const std::vector<NetworkTruth>& networks, int groups);

/// Fills `family_out` of the class's candidates that have a fit of their own: each group's rows by a model that never
/// saw that group.
void forecast_families(const PreparedKernel& kernel, std::span<const int> group_of_network, int groups,
                       std::uint64_t seed, ClassStudy& study);

/// Per network, from the sums of forecasts with its family left out (`family_sums`), calibrated on the `raw` sums
/// (out of fold) of the other groups' networks. Where there is one family only, `raw` stands in.
[[nodiscard]] std::vector<HeldOut> hold_out_families(const std::vector<NetworkTruth>& networks,
                                                     std::span<const int> group_of_network,
                                                     const std::vector<RawNetwork>& raw,
                                                     const std::vector<RawNetwork>& family_sums);

}  // namespace latcast::learn
