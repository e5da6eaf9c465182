// ONNX Runtime's blocked layout (domain com.microsoft.nchwc). Its tensors keep four NCHW dimensions, with the channels
// rounded up to the block (the vector width: 8 or 16), which the prepared weights show.
#include "graph/shapes/convolution.h"

namespace latcast::shapes {
namespace {

bool conv(NodeShapes& n) {
  const Dims& image = n.dims(0);
  const Dims& kernel = n.dims(1);
  if (image.size() != 4 || kernel.size() != 4) return false;
  const auto window = read_window(n, {kernel[2], kernel[3]});
  if (!window) return false;
  const auto space = slide(*window, std::span(image).subspan(2));
  return space && n.give({image[0], kernel[0], (*space)[0], (*space)[1]});
}

bool pool(NodeShapes& n) {
  const Dims& image = n.dims(0);
  const auto window = read_window(n, n.integers("kernel_shape"));
  if (image.size() != 4 || !window) return false;
  const auto space = slide(*window, std::span(image).subspan(2));
  return space && n.give({image[0], image[1], (*space)[0], (*space)[1]});
}

bool global_pool(NodeShapes& n) { return n.rank(0) == 4 && n.give({n.dims(0)[0], n.dims(0)[1], 1, 1}); }

bool reorder_output(NodeShapes& n) {
  const Dims& image = n.dims(0);
  if (image.size() != 4) return false;
  const std::int64_t channels = n.integer("channels", image[1]);
  if (n.integer("channels_last", 0) != 0) return n.give({image[0], image[2], image[3], channels});
  return n.give({image[0], channels, image[2], image[3]});
}

bool upsample(NodeShapes& n) {
  Dims dims = n.dims(0);
  const Dims scales = n.integers("scales");
  if (scales.size() != dims.size()) return false;
  for (std::size_t i = 0; i < dims.size(); ++i) dims[i] *= scales[i];
  return n.give(std::move(dims));
}

// ReorderInput is not here: the rounding of its channels depends on what reads it (shapes.cpp).
constexpr RuleRow kRules[] = {
    {"Conv", 2, conv, kNchwc},
    {"MaxPool", 1, pool, kNchwc},
    {"AveragePool", 1, pool, kNchwc},
    {"GlobalMaxPool", 1, global_pool, kNchwc},
    {"GlobalAveragePool", 1, global_pool, kNchwc},
    {"ReorderOutput", 1, reorder_output, kNchwc},
    {"Upsample", 1, upsample, kNchwc},
};

}  // namespace

std::span<const RuleRow> nchwc_rules() { return kRules; }

}  // namespace latcast::shapes
