// Convolutions and pooling over any number of spatial axes, channels first or last, or in ONNX Runtime's blocked layout
// (domain com.microsoft.nchwc): its tensors keep four NCHW dimensions, with the channels rounded up to the block (the
// vector width: 8 or 16), which the prepared weights show.
#include <algorithm>

#include "graph/shapes/node_shapes.h"

namespace latcast::shapes {
namespace {

struct Window {
  Dims kernel, strides, dilations;
  Dims pads;  // all begins, then all ends
  std::string_view auto_pad;
  bool ceil = false;
  /// Positions along an axis of length `in`; negative where the window does not fit.
  [[nodiscard]] std::int64_t output(std::size_t axis, std::int64_t in) const;
};

/// From the node's attributes; nullopt where they do not fit the kernel's rank.
std::optional<Window> read_window(const NodeShapes& n, Dims kernel) {
  const std::size_t rank = kernel.size();
  const auto list = [&](std::string_view name, std::size_t size, std::int64_t fallback) {
    Dims values = n.integers(name);
    if (values.empty()) values.assign(size, fallback);
    return values;
  };
  Window window{.kernel = std::move(kernel),
                .strides = list("strides", rank, 1),
                .dilations = list("dilations", rank, 1),
                .pads = list("pads", 2 * rank, 0),
                .auto_pad = n.text("auto_pad"),
                .ceil = n.integer("ceil_mode", 0) != 0};
  const auto positive = [](const Dims& values) { return std::ranges::all_of(values, [](auto v) { return v > 0; }); };
  if (window.strides.size() != rank || window.dilations.size() != rank || window.pads.size() != 2 * rank)
    return std::nullopt;
  if (!positive(window.kernel) || !positive(window.strides) || !positive(window.dilations)) return std::nullopt;
  return window;
}

std::int64_t Window::output(std::size_t axis, std::int64_t in) const {
  const std::int64_t stride = strides[axis];
  const std::int64_t extent = (kernel[axis] - 1) * dilations[axis] + 1;
  if (auto_pad.starts_with("SAME")) return (in + stride - 1) / stride;
  const bool valid = auto_pad == "VALID";
  const std::int64_t head = valid ? 0 : pads[axis];
  const std::int64_t free = in + head + (valid ? 0 : pads[axis + kernel.size()]) - extent;
  if (free < 0) return -1;
  if (!ceil) return free / stride + 1;
  const std::int64_t out = (free + stride - 1) / stride + 1;
  // The last window must start inside the image or its leading padding.
  return (out - 1) * stride >= in + head ? out - 1 : out;
}

/// Output extents of the spatial axes `in`.
std::optional<Dims> slide(const Window& window, std::span<const std::int64_t> in) {
  if (in.size() != window.kernel.size()) return std::nullopt;
  Dims out;
  for (std::size_t i = 0; i < in.size(); ++i) out.push_back(window.output(i, in[i]));
  return out;
}

/// Batch, channels and spatial axes of an image tensor.
struct Image {
  std::int64_t batch = 0, channels = 0;
  Dims space;
};

std::optional<Image> split_image(const Dims& dims, bool channels_last) {
  if (dims.size() < 3) return std::nullopt;
  if (channels_last) return Image{dims.front(), dims.back(), Dims(dims.begin() + 1, dims.end() - 1)};
  return Image{dims[0], dims[1], Dims(dims.begin() + 2, dims.end())};
}

Dims join_image(const Image& image, bool channels_last) {
  Dims dims{image.batch};
  if (!channels_last) dims.push_back(image.channels);
  dims.insert(dims.end(), image.space.begin(), image.space.end());
  if (channels_last) dims.push_back(image.channels);
  return dims;
}

bool is_channels_last(const NodeShapes& n) {
  return n.integer("channels_last", 0) != 0 || n.node().op.starts_with("Nhwc") || n.node().domain == kInternalNhwc;
}

bool convolve(NodeShapes& n, std::size_t weights, DataType type) {
  const Dims& kernel = n.dims(weights);
  auto image = split_image(n.dims(0), is_channels_last(n));
  if (!image || kernel.size() != n.rank(0)) return false;
  const auto window = read_window(n, Dims(kernel.begin() + 2, kernel.end()));
  if (!window) return false;
  auto space = slide(*window, image->space);
  if (!space) return false;
  return n.give(0, join_image({image->batch, kernel[0], std::move(*space)}, is_channels_last(n)), type);
}

/// Weights are of as many channels as the input has, over the groups; where they are blocked both are padded.
bool channels_fit(const NodeShapes& n, std::size_t weights) {
  if (n.node().domain == kNchwc || is_channels_last(n) || n.rank(0) < 3 || n.rank(weights) != n.rank(0)) return true;
  return n.dims(0)[1] == n.dims(weights)[1] * std::max<std::int64_t>(n.integer("group", 1), 1);
}

bool conv(NodeShapes& n) { return channels_fit(n, 1) ? convolve(n, 1, n.type()) : n.refuse(); }
bool conv_integer(NodeShapes& n) { return convolve(n, 1, DataType::int32); }
bool qlinear_conv(NodeShapes& n) { return convolve(n, 3, n.type(7)); }
bool deform_conv(NodeShapes& n) { return convolve(n, 1, n.type()); }

std::optional<Dims> transposed_space(const NodeShapes& n, const Window& window, const Dims& in) {
  const std::size_t rank = in.size();
  Dims wanted = n.integers("output_shape");
  if (wanted.size() >= rank && !wanted.empty())
    return Dims(wanted.end() - static_cast<std::ptrdiff_t>(rank), wanted.end());
  Dims extra = n.integers("output_padding");
  if (extra.empty()) extra.assign(rank, 0);
  if (extra.size() != rank) return std::nullopt;
  Dims out;
  for (std::size_t i = 0; i < rank; ++i) {
    const std::int64_t extent = (window.kernel[i] - 1) * window.dilations[i] + 1;
    const std::int64_t full = window.strides[i] * (in[i] - 1) + extra[i] + extent;
    if (window.auto_pad.starts_with("SAME")) {
      out.push_back(in[i] * window.strides[i]);
    } else {
      out.push_back(window.auto_pad == "VALID" ? full : full - window.pads[i] - window.pads[i + rank]);
    }
  }
  return out;
}

bool conv_transpose(NodeShapes& n) {
  const auto image = split_image(n.dims(0), false);
  const Dims& kernel = n.dims(1);
  if (!image || kernel.size() != n.rank(0) || n.node().op == "ConvTransposeWithDynamicPads") return false;
  const auto window = read_window(n, Dims(kernel.begin() + 2, kernel.end()));
  if (!window) return false;
  auto space = transposed_space(n, *window, image->space);
  if (!space) return false;
  return n.give(join_image({image->batch, kernel[1] * n.integer("group", 1), std::move(*space)}, false));
}

bool pool(NodeShapes& n) {
  const bool last = is_channels_last(n);
  auto image = split_image(n.dims(0), last);
  const auto window = read_window(n, n.integers("kernel_shape"));
  if (!image || !window) return false;
  auto space = slide(*window, image->space);
  if (!space) return false;
  const Dims dims = join_image({image->batch, image->channels, std::move(*space)}, last);
  return n.give(dims) && n.give(1, dims, DataType::int64);
}

bool global_pool(NodeShapes& n) {
  auto image = split_image(n.dims(0), is_channels_last(n));
  if (!image) return n.rank(0) == 2 && n.give(n.dims(0));
  std::ranges::fill(image->space, 1);
  return n.give(join_image(*image, is_channels_last(n)));
}

bool max_unpool(NodeShapes& n) {
  if (n.has(2)) {
    auto dims = n.ints(2);
    return dims && n.give(std::move(*dims));
  }
  auto image = split_image(n.dims(0), false);
  const auto window = read_window(n, n.integers("kernel_shape"));
  if (!image || !window) return false;
  auto space = transposed_space(n, *window, image->space);
  return space && n.give(join_image({image->batch, image->channels, std::move(*space)}, false));
}

bool col2im(NodeShapes& n) {
  const auto image = n.ints(1);
  const auto block = n.ints(2);
  if (!image || !block || n.rank(0) != 3 || block->size() != image->size()) return false;
  const std::int64_t elements = acceptable(*block) ? product(*block) : 0;
  if (elements == 0) return false;
  Dims dims{n.dims(0)[0], n.dims(0)[1] / elements};
  dims.insert(dims.end(), image->begin(), image->end());
  return n.give(std::move(dims));
}

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

// The blocked layout's ReorderInput is not here: the rounding of its channels depends on what reads it (link.cpp).
constexpr RuleRow kRules[] = {
    {"Conv", 2, conv},
    {"ConvInteger", 2, conv_integer},
    {"ConvTranspose", 2, conv_transpose},
    {"DeformConv", 3, deform_conv},
    {"QLinearConv", 8, qlinear_conv},
    {"QLinearConv", 8, qlinear_conv, kMicrosoft},
    {"FusedConv NhwcConv NhwcFusedConv", 2, conv, kMicrosoft},
    {"Conv", 2, conv, kInternalNhwc},
    {"ConvTranspose ConvTransposeWithDynamicPads", 2, conv_transpose, kMicrosoft},
    {"MaxPool AveragePool LpPool", 1, pool},
    {"MaxpoolWithMask NhwcMaxPool QLinearAveragePool", 1, pool, kMicrosoft},
    {"GlobalAveragePool GlobalMaxPool GlobalLpPool", 1, global_pool},
    {"QLinearGlobalAveragePool", 1, global_pool, kMicrosoft},
    {"Conv", 2, conv, kNchwc},
    {"MaxPool AveragePool", 1, pool, kNchwc},
    {"GlobalMaxPool GlobalAveragePool", 1, global_pool, kNchwc},
    {"ReorderOutput", 1, reorder_output, kNchwc},
    {"Upsample", 1, upsample, kNchwc},
    {"MaxUnpool", 2, max_unpool},
    {"Col2Im", 3, col2im},
};

}  // namespace

std::span<const RuleRow> convolution_rules() { return kRules; }

}  // namespace latcast::shapes
