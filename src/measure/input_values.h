// What a network's inputs may hold, as far as the graph tells.
#pragma once

#include <optional>

#include "engine/engine.h"
#include "graph/ir.h"

namespace latcast {

/// An input of the graph with what it is made up from: indices within what they index, lengths as long as what they
/// measure, boxes within their image, other whole numbers (masks) 1. Told by the nodes that read it, behind those that
/// pass values on.
[[nodiscard]] InputSpec legal_input(const ir::Graph& graph, ir::ValueId input);

/// The numbers that elements of a type can have, as far as a range can tell them.
[[nodiscard]] ValueRange limits_of(onnx::DataType type);

}  // namespace latcast
