// Times of nodes from when each of them began and ended, for engines that tell that of every run.
#pragma once

#include <cstddef>
#include <vector>

#include "engine/engine.h"
#include "latcast/result.h"

namespace latcast {

/// One node in one run, on the engine's clock.
struct NodeSpan {
  double start_ns = 0, duration_ns = 0;
};

struct NodeSpans {
  std::vector<NodeTime> nodes;              // in execution order, without their times
  std::vector<std::vector<NodeSpan>> runs;  // per run, per node
};

/// Per node the mean over the fastest `share` of the runs after the first `skip` (one at least), and the overhead
/// `pause`; the last node has its predecessor's. Runs without some of the nodes are left out. Errc::engine_failure: too
/// few runs.
[[nodiscard]] Result<NodeTimes> mean_times(NodeSpans spans, std::size_t skip, double share);

}  // namespace latcast
