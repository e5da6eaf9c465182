#include "core/kernel_forecast.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "core/limits.h"

namespace latcast {
namespace {

constexpr double kLeast_ns = 1.0;  // nothing an engine executes takes less
constexpr double kMost_ns = 1e15;  // 11 days

}  // namespace

double log_feature(double raw) noexcept { return std::log2(1.0 + std::max(raw, 0.0)); }

KernelEstimate estimate(const KernelView& kernel, std::span<const double> terms,
                        std::span<const double> features) noexcept {
  std::array<double, kMaxFeatures> log_features;
  std::array<float, kMaxFeatures> log_features32;
  bool outside = false;
  for (std::size_t i = 0; i < features.size(); ++i) {
    const double x = log_feature(features[i]);
    outside |= x < kernel.low[i] - kExtrapolationMargin || x > kernel.high[i] + kExtrapolationMargin;
    log_features[i] = std::clamp(x, kernel.low[i], kernel.high[i]);
    log_features32[i] = static_cast<float>(log_features[i]);
  }
  const auto& form = outside && !kernel.extrapolation.empty() ? kernel.extrapolation : kernel.form;
  const FormInput input{terms, {log_features.data(), features.size()}, {log_features32.data(), features.size()}};
  const double value = evaluate(form, input);
  return {std::clamp(value, kLeast_ns, kMost_ns), outside || kernel.samples < kCoveredSamples};
}

}  // namespace latcast
