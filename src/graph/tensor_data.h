// Element values of small tensors, to and from the bytes of a TensorProto.
#pragma once

#include <string>
#include <string_view>

#include "graph/onnx_model.h"
#include "graph/wire.h"

namespace latcast::onnx {

/// True of the types that have fractions.
[[nodiscard]] bool is_real(DataType type) noexcept;

/// Fills tensor.ints or tensor.floats from the data fields of `message` where the tensor is small enough; type and dims
/// must be read already. Data that do not fit the dims fail.
void read_values(const wire::Field& message, wire::Failure& failure, Tensor& tensor);

/// Appends the tensor's values as raw_data bytes. Elements beyond the values given are 0.
void append_values(const Tensor& tensor, std::string& out);

/// Appends one element; false where values of that type are not known.
bool append_value(DataType type, double value, std::string& out);

/// Appends `count` made-up elements: deterministic in the tensor's name.
void append_fill(const Tensor& tensor, std::string& out);

}  // namespace latcast::onnx
