// Which node of the executed graph each profiled time belongs to.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "engine/engine.h"
#include "graph/onnx_model.h"

namespace latcast {

/// Per node of `executed`: its time in whole ns, -1 where the profile has none. Matched by name and operator; nodes of
/// equal name and operator by execution order.
[[nodiscard]] std::vector<std::int64_t> match_nodes(const onnx::Model& executed, std::span<const NodeTime> times);

}  // namespace latcast
