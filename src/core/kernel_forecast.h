// One kernel class: raw terms and features -> ns, and whether that is an extrapolation. Used by the predictor and, on
// held-out samples, by training: both see the same code.
#pragma once

#include <cstdint>
#include <span>

#include "core/form.h"

namespace latcast {

/// How far outside its training range (log2) a feature may lie before a forecast counts as extrapolated: beyond the
/// range the base model's physical terms carry on, which holds well over a factor of two in one feature.
inline constexpr double kExtrapolationMargin = 1.0;
/// Kernel classes with fewer samples never count as covered.
inline constexpr std::uint32_t kCoveredSamples = 8;

/// What a learner sees of a raw feature.
[[nodiscard]] double log_feature(double raw) noexcept;

/// Views of a kernel class's trained model.
struct KernelView {
  std::span<const FormNodeView> form, extrapolation;
  std::span<const double> low, high;
  std::uint32_t samples = 0;
};

struct KernelEstimate {
  double latency_ns = 0;  // > 0
  bool extrapolated = false;
};

/// `terms` and `features` raw, at most kMaxTerms and kMaxFeatures; `kernel.form` not empty.
[[nodiscard]] KernelEstimate estimate(const KernelView& kernel, std::span<const double> terms,
                                      std::span<const double> features) noexcept;

}  // namespace latcast
