// From module latencies to a network's: the calibrated sum and its interval. Used by the predictor and by training.
#pragma once

#include <cstddef>

#include "latcast/pack_info.h"

namespace latcast {

/// How a network's raw module latencies become calibrated ones.
struct CalibrationPlan {
  Calibration calibration;
  double wanted_ns = 0;  // the network's calibrated latency

  /// A module's calibrated latency up to a factor common to the network; > 0 where `raw_ns` is, else 0.
  [[nodiscard]] double shift(double raw_ns) const noexcept;
};

/// `raw_ns`: sum of the raw latencies of `modules` modules, without those that are free.
[[nodiscard]] CalibrationPlan plan_calibration(const Calibration& calibration, double raw_ns,
                                               std::size_t modules) noexcept;

/// Of an interval, in log latency: nothing is less certain.
inline constexpr double kMostHalfWidth = 3.0;

struct LogInterval {
  double lower = 0, upper = 0;  // to add to log(quiet)
};

/// Relative error of a module without a model, of which nothing is known; a kernel class's own counts up to it.
inline constexpr double kUnknownError = 1.0;

/// What makes one network's forecast less certain than another's.
struct Doubt {
  double uncovered = 0;     // share of the time without an in-range model
  double module_error = 0;  // of the sum, were each module off by its kernel class's error, independently
};

/// Adds up modules into a Doubt.
class DoubtSum {
 public:
  /// `error`: relative, of the module's kernel class; `covered`: an in-range model.
  void add(double latency_ns, double error, bool covered) noexcept;
  [[nodiscard]] Doubt doubt() const noexcept;

 private:
  double sum_ns_ = 0, covered_ns_ = 0, squares_ = 0;
};

/// `age_s`: of the anchor.
[[nodiscard]] LogInterval interval(const IntervalModel& model, const Anchor& anchor, double quiet_ns,
                                   const Doubt& doubt, double age_s) noexcept;

/// The interval model's spread (its half-width divided by the quantile).
[[nodiscard]] double spread(const IntervalModel& model, double quiet_ns, const Doubt& doubt) noexcept;

}  // namespace latcast
