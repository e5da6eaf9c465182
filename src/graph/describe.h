// Operators and shapes in words.
#pragma once

#include <string>

#include "graph/tensor_info.h"

namespace latcast {

/// "1x3x224x224"; "scalar" without axes, "?" where the shape is not known.
[[nodiscard]] std::string shape_text(const TensorInfo& info);

/// "Conv", or with its domain: "com.microsoft:FusedConv".
[[nodiscard]] std::string operator_name(const onnx::Operation& operation);

}  // namespace latcast
