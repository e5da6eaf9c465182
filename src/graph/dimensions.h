// Dimensions of a file's inputs that it leaves free, and the values that people give them.
#pragma once

#include <optional>
#include <vector>

#include "graph/onnx_model.h"
#include "graph/tensor_info.h"
#include "latcast/dim_bindings.h"
#include "latcast/result.h"

namespace latcast {

/// The shape of every input of the graph, in their order; inputs that are not tensors stay unknown. A dimension whose
/// name is computed from others ("past + new", "16*H") follows from them, and one of them from it and the rest. The
/// error lists all dimensions that nothing binds, or says which have two values.
[[nodiscard]] Result<std::vector<TensorInfo>> bind_inputs(const onnx::Graph& graph, const DimBindings& bindings);

/// A value for every free dimension, by name or place: what `asked` says of those that the file has and what follows
/// from it; else the batch (1 unless asked) for a first axis, or for names with "batch" in it where there are any, and
/// `length` for all others. bind_inputs() says why where that cannot be.
[[nodiscard]] DimBindings bind_all(const onnx::Graph& graph, const DimBindings& asked, std::int64_t length);

/// What was asked for is there: every name and place is of a free dimension, or of a fixed one of that value.
[[nodiscard]] Result<void> check_asked(const onnx::Graph& graph, const DimBindings& bindings);

/// The first dimension of the first input, where the file fixes those of all and this one at another value than the
/// batch that was asked for; where no input has a dimension, 1.
[[nodiscard]] std::optional<std::int64_t> other_batch(const onnx::Graph& graph, const DimBindings& bindings);

}  // namespace latcast
