// From a file's names to numbers, with a shape for every value.
#pragma once

#include "graph/ir.h"
#include "graph/network.h"

namespace latcast {

/// Nodes keep their order and number. Errors and the catalogue's part: as for infer_shapes().
[[nodiscard]] Result<ir::Graph> link(const onnx::Model& model, const DimBindings& bindings, const Catalogue* catalogue);

/// What an initializer tells of itself.
[[nodiscard]] TensorInfo initializer_info(const onnx::Tensor& tensor);

/// Gives a node's outputs their shapes, from those of its inputs; false: they are not known. Outputs computed from
/// constants alone are constant.
bool infer_node(ir::Graph& graph, ir::NodeId id, const Catalogue* catalogue);

}  // namespace latcast
