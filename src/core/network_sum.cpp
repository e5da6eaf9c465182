#include "core/network_sum.h"

#include <algorithm>
#include <cmath>

namespace latcast {
namespace {

constexpr double kNormal90 = 1.645;  // two-sided 90 % of a normal distribution

double variance_of_age(const Anchor& anchor, double age_s) noexcept {
  const double hours = std::max(age_s, 0.0) / 3600.0;
  return std::pow(std::min(anchor.widening_per_sqrt_hour * std::sqrt(hours), anchor.widening_limit), 2);
}

double variance_of_anchor(const Anchor& anchor) noexcept {
  return anchor.carriers == 0 ? 0.0 : anchor.scatter * anchor.scatter / anchor.carriers;
}

}  // namespace

double CalibrationPlan::shift(double raw_ns) const noexcept {
  if (raw_ns == 0.0) return 0.0;
  const double scaled = calibration.scale * raw_ns;
  return std::max(scaled + calibration.module_ns, 0.05 * scaled);
}

CalibrationPlan plan_calibration(const Calibration& calibration, double raw_ns, std::size_t modules) noexcept {
  const double scaled = calibration.scale * raw_ns;
  const double sum = scaled + calibration.module_ns * static_cast<double>(modules) + calibration.run_ns;
  return {calibration, std::max(sum, 0.5 * scaled)};  // a negative overhead never eats a whole network
}

void DoubtSum::add(double latency_ns, double error, bool covered) noexcept {
  sum_ns_ += latency_ns;
  if (covered) covered_ns_ += latency_ns;
  const double off = latency_ns * std::clamp(error, 0.0, kUnknownError);
  squares_ += off * off;
}

Doubt DoubtSum::doubt() const noexcept {
  if (!(sum_ns_ > 0)) return {.uncovered = 1.0, .module_error = kUnknownError};
  return {.uncovered = 1.0 - covered_ns_ / sum_ns_, .module_error = std::sqrt(squares_) / sum_ns_};
}

double spread(const IntervalModel& model, double quiet_ns, const Doubt& doubt) noexcept {
  return model.relative + std::sqrt(model.small_ns / std::max(quiet_ns, 1.0)) + model.extrapolated * doubt.uncovered +
         model.modules * doubt.module_error;
}

LogInterval interval(const IntervalModel& model, const Anchor& anchor, double quiet_ns, const Doubt& doubt,
                     double age_s) noexcept {
  const double drift = kNormal90 * kNormal90 * (variance_of_age(anchor, age_s) + variance_of_anchor(anchor));
  const double own = model.quantile * spread(model, quiet_ns, doubt);
  const double half = std::min(std::sqrt(own * own + drift), kMostHalfWidth);
  return {std::min(model.bias - half, 0.0), std::max(model.bias + half, 0.0)};
}

}  // namespace latcast
