// Which node of the executed graph each profiled time belongs to.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "engine/engine.h"

namespace latcast {

/// Per node of an executed graph, in whole ns; -1 where the profile has none.
struct MatchedTimes {
  std::vector<std::int64_t> nodes_ns;
  std::map<std::string, std::vector<std::int64_t>> overheads_ns;  // as NodeTimes::overheads
};

/// Matched by name and operator, as long as what is known of the output's shape agrees: an engine may name nodes that
/// it inserts anew in every session (ONNX Runtime deals the names of its ReorderOutputs at random). The rest is matched
/// by operator and shape. Nodes that are alike: by execution order.
[[nodiscard]] MatchedTimes match_nodes(const ExecutedGraph& executed, const NodeTimes& times);

}  // namespace latcast
