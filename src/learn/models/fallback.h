// What modules cost of which nothing was measured: a physical estimate over bytes and multiply-accumulates, and how far
// off it is for operators that it has not seen.
#pragma once

#include "latcast/pack_info.h"
#include "learn/data/training_set.h"

namespace latcast::learn {

/// Non-negative least squares on relative error, every module type worth as much as another. Its factors are quantiles
/// of measured latency over the estimates of a fit without the module's type, at `level`'s ends; a module without a
/// count of multiply-accumulates is one of any type whose own count is held back. Tails count five times.
[[nodiscard]] Fallback fit_fallback(const TrainingSet& set, double level = 0.9);

}  // namespace latcast::learn
