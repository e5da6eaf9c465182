// Which node of the executed graph each profiled time belongs to.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "engine/engine.h"
#include "graph/onnx_model.h"

namespace latcast {

/// Per node of an executed graph, in whole ns; -1 where the profile has none.
struct MatchedTimes {
  std::vector<std::int64_t> nodes_ns;
  std::vector<std::int64_t> pauses_ns;
};

/// Matched by name and operator; nodes of equal name and operator by execution order.
[[nodiscard]] MatchedTimes match_nodes(const onnx::Model& executed, std::span<const NodeTime> times);

}  // namespace latcast
