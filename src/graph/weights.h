// How many weights a file has, and how large they are.
#pragma once

#include "graph/onnx_model.h"

namespace latcast {

struct WeightCount {
  double elements = 0, bytes = 0;
};

/// Initializers, constants, and what the file makes of a value and a shape. Several packed into one byte count as
/// what they are.
[[nodiscard]] WeightCount count_weights(const onnx::Model& file);

}  // namespace latcast
