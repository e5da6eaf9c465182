// The arithmetic of sliding windows, shared by convolution, pooling and ONNX Runtime's blocked variants of them.
#pragma once

#include "graph/shapes/node_shapes.h"

namespace latcast::shapes {

struct Window {
  Dims kernel, strides, dilations;
  Dims pads;  // all begins, then all ends
  std::string_view auto_pad;
  bool ceil = false;
  /// Positions along an axis of length `in`; negative where the window does not fit.
  [[nodiscard]] std::int64_t output(std::size_t axis, std::int64_t in) const;
};

/// From the node's attributes; nullopt where they do not fit the kernel's rank.
[[nodiscard]] std::optional<Window> read_window(const NodeShapes& n, Dims kernel);
/// Output extents of the spatial axes `in`.
[[nodiscard]] std::optional<Dims> slide(const Window& window, std::span<const std::int64_t> in);

}  // namespace latcast::shapes
