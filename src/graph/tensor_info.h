// What is known of a tensor before anything runs.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "graph/inline_vector.h"
#include "graph/onnx_model.h"

namespace latcast {

struct TensorInfo {
  onnx::DataType type = onnx::DataType::float32;
  Dims dims = {};
  bool known = false;                              // false: the shape could not be deduced
  bool constant = false;                           // an initializer (or computed from such alone)
  std::optional<std::vector<double>> values = {};  // known elements of small tensors (shape arithmetic), row-major
  [[nodiscard]] double elements() const;
  [[nodiscard]] double bytes() const;
};

}  // namespace latcast
