// About how long nodes take, from shapes alone: how long ago a tensor was touched (graph/reuse).
#pragma once

#include <span>
#include <vector>

#include "graph/ir.h"

namespace latcast {

/// Nodes that only look at a tensor under another shape: they touch no memory and take next to nothing.
[[nodiscard]] bool is_view(const ir::Node& node);

/// Nanoseconds by place in the order, on a core of 3 GHz with wide vectors (our design: the machine's own rates are
/// what is learnt, so only what networks differ in matters). Weights come the slower the more of them a run reads.
[[nodiscard]] std::vector<double> nominal_durations(const ir::Graph& graph, std::span<const ir::NodeId> order);

}  // namespace latcast
