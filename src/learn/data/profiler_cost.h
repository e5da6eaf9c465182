// Fitting what the engine's profiler adds to each node.
#pragma once

#include <vector>

#include "learn/data/dataset.h"

namespace latcast::learn {

/// One carrier: its profiled sum, counts, and its unprofiled quiet latency.
struct ProfiledRun {
  double profiled_ns = 0;
  double pauses_ns = 0;
  double nodes = 0;
  double values = 0;
  double quiet_ns = 0;
};

/// Robust least squares on relative error, kept within what is physical (scale 0.9 to 1.1, up to 2 ns for each of
/// the pause, up to 30 us a node).
[[nodiscard]] ProfilerCost fit_profiler_cost(const std::vector<ProfiledRun>& runs);

}  // namespace latcast::learn
