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
      shape_(shape),
      low_(kernel.low.begin(), kernel.low.end()),
      high_(kernel.high.begin(), kernel.high.end()),
      covered_(kernel.samples >= std::max<std::size_t>(kCoveredSamples, kCoveredSamplesPerTerm * shape.terms)),
      carries_(kernel.margin > kExtrapolationMargin) {
  const std::size_t size = simd::padded(shape.features, simd::kLanes);
  lowest_raw_.assign(size, -std::numeric_limits<double>::infinity());
  most_raw_.assign(size, std::numeric_limits<double>::infinity());
  least_carried_ = lowest_raw_;
  most_carried_ = most_raw_;
  for (std::size_t i = 0; i < shape.features; ++i) {
    lowest_raw_[i] = raw_above(low_[i] - kExtrapolationMargin);
    most_raw_[i] = raw_above(high_[i] + kExtrapolationMargin);
    least_carried_[i] = raw_above(low_[i] - kernel.margin);
    most_carried_[i] = raw_above(high_[i] + kernel.margin);
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
  if (chosen.features() != 0) {
    simd::functions().log_features(features.data(), logs.data(), low_.size());
    for (std::size_t i = 0; i < low_.size(); ++i) {
      logs[i] = std::clamp(logs[i], low_[i], high_[i]);
      logs32[i] = static_cast<float>(logs[i]);
    }
  }
  const double value = chosen.evaluate({terms, {logs.data(), shape_.features}, {logs32.data(), shape_.features}});
  return {std::clamp(value, kLeast_ns, kMost_ns), extrapolated(features, outside)};
}

bool KernelForecaster::extrapolated(const RawFeatures& features, bool outside) const noexcept {
  if (all_extrapolated(outside) || !outside) return all_extrapolated(outside);
  return simd::functions().any_outside(features.data(), least_carried_.data(), most_carried_.data(),
                                       least_carried_.size());
}

void KernelForecaster::mark_outside(std::size_t feature, const double* raw, std::size_t rows,
                                    std::int64_t* marks) const noexcept {
  simd::functions().mark_outside(raw, lowest_raw_[feature], most_raw_[feature], rows, marks);
}

void KernelForecaster::mark_far(std::size_t feature, const double* raw, std::size_t rows,
                                std::int64_t* marks) const noexcept {
  simd::functions().mark_outside(raw, least_carried_[feature], most_carried_[feature], rows, marks);
}

void KernelForecaster::set_term(KernelRows& rows, std::size_t term, const double* raw) const noexcept {
  double* column = rows.terms.data() + term * rows.rows;
  for (std::size_t row = 0; row < rows.rows; ++row) column[row] = std::max(raw[row], 0.0);
}

void KernelForecaster::set_feature(KernelRows& rows, std::size_t feature, const double* raw) const noexcept {
  const std::size_t start = feature * rows.rows;
  simd::functions().log_rows(raw, low_[feature], high_[feature], rows.rows, rows.logs.data() + start,
                             rows.logs32.data() + start);
}

void KernelForecaster::estimate_rows(const KernelRows& rows, bool outside, double* ns) const noexcept {
  form(outside).evaluate_rows({rows.terms.data(), rows.logs.data(), rows.logs32.data(), shape_, rows.rows, rows.count},
                              ns);
  for (std::size_t row = 0; row < rows.rows; ++row) ns[row] = std::clamp(ns[row], kLeast_ns, kMost_ns);
}

KernelEstimate KernelForecaster::estimate(std::span<const double> terms,
                                          std::span<const double> features) const noexcept {
  RawFeatures raw = {};
  std::ranges::copy(features, raw.begin());
  return estimate(terms, raw, outside(raw));
}

}  // namespace latcast
