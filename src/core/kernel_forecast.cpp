#include "core/kernel_forecast.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "core/simd/simd.h"

namespace latcast {
namespace {

constexpr double kLeast_ns = 1.0;  // nothing an engine executes takes less
constexpr double kMost_ns = 1e15;  // 11 days

static_assert(kMaxFeatures % simd::kLanes == 0);

/// The raw feature with that logarithm; below it a feature is as good as 0.
double raw_above(double log) noexcept {
  return log > 0.0 ? std::exp2(log) - 1.0 : -std::numeric_limits<double>::infinity();
}

}  // namespace

double log_feature(double raw) noexcept {
  double numbers[simd::kLanes] = {raw};
  simd::functions().log_features(numbers, numbers, simd::kLanes);
  return numbers[0];
}

KernelForecaster::KernelForecaster(const KernelView& kernel, FormShape shape)
    : form_(kernel.form, shape),
      extrapolation_(kernel.extrapolation, shape),
      features_(shape.features),
      low_(kernel.low.begin(), kernel.low.end()),
      high_(kernel.high.begin(), kernel.high.end()),
      covered_(kernel.samples >= kCoveredSamples) {
  const std::size_t size = simd::padded(features_, simd::kLanes);
  lowest_raw_.assign(size, -std::numeric_limits<double>::infinity());
  most_raw_.assign(size, std::numeric_limits<double>::infinity());
  for (std::size_t i = 0; i < features_; ++i) {
    lowest_raw_[i] = raw_above(low_[i] - kExtrapolationMargin);
    most_raw_[i] = raw_above(high_[i] + kExtrapolationMargin);
  }
  low_.resize(size);
  high_.resize(size);
}

bool KernelForecaster::outside(const RawFeatures& features) const noexcept {
  return simd::functions().any_outside(features.data(), lowest_raw_.data(), most_raw_.data(), lowest_raw_.size());
}

KernelEstimate KernelForecaster::estimate(std::span<const double> terms, const RawFeatures& features,
                                          bool outside) const noexcept {
  std::array<double, kMaxFeatures> logs;
  std::array<float, kMaxFeatures> logs32;
  const Form& chosen = form(outside);
  if (chosen.features()) {
    simd::functions().log_features(features.data(), logs.data(), low_.size());
    for (std::size_t i = 0; i < low_.size(); ++i) {
      logs[i] = std::clamp(logs[i], low_[i], high_[i]);
      logs32[i] = static_cast<float>(logs[i]);
    }
  }
  const double value = chosen.evaluate({terms, {logs.data(), features_}, {logs32.data(), features_}});
  return {std::clamp(value, kLeast_ns, kMost_ns), outside || !covered_};
}

KernelEstimate KernelForecaster::estimate(std::span<const double> terms,
                                          std::span<const double> features) const noexcept {
  RawFeatures raw = {};
  std::ranges::copy(features, raw.begin());
  return estimate(terms, raw, outside(raw));
}

}  // namespace latcast
