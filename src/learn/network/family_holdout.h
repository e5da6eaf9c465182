// Forecasts of networks whose whole family was left out of training: what intervals and the report by family rest on.
#pragma once

#include <span>
#include <vector>

#include "learn/data/training_set.h"
#include "learn/network/intervals.h"
#include "learn/network/network_fit.h"

namespace latcast::learn {

/// Per network, from the sums of forecasts with its family left out (`family_sums`), calibrated on the `raw` sums
/// (out of fold) of the other groups' networks. Where there is one family only, `raw` stands in.
[[nodiscard]] std::vector<HeldOut> hold_out_families(const std::vector<NetworkTruth>& networks,
                                                     std::span<const int> group_of_network,
                                                     const std::vector<RawNetwork>& raw,
                                                     const std::vector<RawNetwork>& family_sums);

}  // namespace latcast::learn
