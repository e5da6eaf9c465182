// From module latencies to a network's: the calibrated sum and its interval. Used by the predictor and by training.
#pragma once

#include <cstddef>

#include "latcast/pack_info.h"

namespace latcast {

/// How a network's raw module latencies become calibrated ones.
struct CalibrationPlan {
  Calibration calibration;
  double wanted_ns = 0;  // the network's calibrated latency

  /// A module's calibrated latency up to a factor common to the network; > 0 where `raw_ns` is.
  [[nodiscard]] double shift(double raw_ns) const noexcept;
};

/// `raw_ns`: sum of the raw latencies of `modules` modules.
[[nodiscard]] CalibrationPlan plan_calibration(const Calibration& calibration, double raw_ns,
                                               std::size_t modules) noexcept;

struct LogInterval {
  double lower = 0, upper = 0;  // to add to log(quiet)
};

/// `uncovered`: share of the time without an in-range model; `age_s`: of the anchor.
[[nodiscard]] LogInterval interval(const IntervalModel& model, const Anchor& anchor, double quiet_ns, double uncovered,
                                   double age_s) noexcept;

/// The interval model's spread (its half-width divided by the quantile).
[[nodiscard]] double spread(const IntervalModel& model, double quiet_ns, double uncovered) noexcept;

}  // namespace latcast
