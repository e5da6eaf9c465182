// Values for the free dimensions of a model's inputs.
#pragma once

#include "graph/network.h"

namespace latcast {

/// The shape of every input of the graph, in their order; inputs that are not tensors stay unknown. The error lists
/// all dimensions that nothing binds.
[[nodiscard]] Result<std::vector<TensorInfo>> bind_inputs(const onnx::Graph& graph, const DimBindings& bindings);

}  // namespace latcast
