// Checks that span the nodes of a graph: who produces which tensor.
#pragma once

#include "graph/onnx_model.h"

namespace latcast::onnx {

/// Every tensor produced once and before it is read; graph outputs produced. Removes initializers from graph.inputs.
[[nodiscard]] Result<void> check_graph(Graph& graph);

}  // namespace latcast::onnx
