// What a module costs that no model covers: a physical estimate, and how far off such estimates are. Used by the
// predictor and by training.
#pragma once

#include <algorithm>
#include <cmath>

#include "latcast/pack_info.h"

namespace latcast {

inline constexpr double kMost_ns = 1e15;

/// What a count says where it is a positive number, else nothing.
inline double usable(double value) noexcept { return std::isfinite(value) && value > 0.0 ? value : 0.0; }

/// What is known of a module without a model: anything with input_bytes, output_bytes and weight_bytes.
template <class Module>
double physical_ns(const Fallback& weights, const Module& module, double macs) noexcept {
  const double sum = weights.module_ns + weights.input_byte_ns * usable(module.input_bytes) +
                     weights.output_byte_ns * usable(module.output_bytes) +
                     weights.weight_byte_ns * usable(module.weight_bytes) + weights.mac_ns * usable(macs);
  return std::clamp(sum, 1.0, kMost_ns);
}

inline const CostFactors& cost_factors(const Fallback& fallback, double macs) noexcept {
  return usable(macs) > 0 ? fallback.counted : fallback.bare;
}

/// The median of what such a module costs.
template <class Module>
double unknown_ns(const Fallback& fallback, const Module& module, double macs) noexcept {
  return std::min(physical_ns(fallback, module, macs) * cost_factors(fallback, macs).middle, kMost_ns);
}

}  // namespace latcast
