// Whole networks: raw sums of module forecasts, the calibration of the sum, and its errors.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "core/kernel_forecast.h"
#include "core/network_sum.h"
#include "latcast/pack_info.h"
#include "learn/data/training_set.h"
#include "learn/models/prepared.h"

namespace latcast::learn {

/// A network's module forecasts before calibration.
struct RawNetwork {
  double sum_ns = 0;
  std::vector<double> class_ns;  // the part of it that is of each kernel class of the set
  Doubt doubt;
  std::size_t modules = 0;
  double quiet_ns = 0;  // the truth
};

/// `estimates`: per kernel class, per row; `errors`: per kernel class, relative.
[[nodiscard]] RawNetwork sum_network(const NetworkTruth& network, const std::vector<ModulePlace>& places,
                                     const std::vector<std::vector<KernelEstimate>>& estimates,
                                     std::span<const double> errors, const Fallback& fallback);

/// Robust fit of the relative error of a * sum + b * modules + c, shrunk to (1, 0, 0) by as much as few networks
/// deserve. b may be negative (not below -500 ns): a rest of the
/// profiler's own cost sits inside each module's time. c is not negative.
[[nodiscard]] Calibration fit_calibration(const std::vector<RawNetwork>& networks);

/// As the predictor calibrates, in ns.
[[nodiscard]] double calibrated_ns(const RawNetwork& network, const Calibration& calibration);

}  // namespace latcast::learn
