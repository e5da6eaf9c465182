// Builds the graph of a carrier: operators in the spelling of one opset, with their weights, and what the whole costs.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "graph/model_builder.h"

namespace latcast::carriers {

using onnx::Value;
using Shape = Dims;
using Ints = Dims;
using Attributes = std::vector<onnx::Attribute>;

struct Size2 {
  std::int64_t h = 1;
  std::int64_t w = 1;
  Size2() = default;
  Size2(std::int64_t both) : h(both), w(both) {}  // NOLINT(google-explicit-constructor): a square is the common case
  Size2(std::int64_t height, std::int64_t width) : h(height), w(width) {}
};

/// top, left, bottom, right
struct Pads {
  std::int64_t top = 0, left = 0, bottom = 0, right = 0;
};

/// Of signals [N,C,T] only h, top and bottom count.
struct ConvSpec {
  std::int64_t out = 1;
  Size2 kernel = 1;
  Size2 stride = 1;
  Size2 dilation = 1;
  std::int64_t groups = 1;
  bool bias = true;
  std::optional<Pads> pads = std::nullopt;  // default: (kernel - 1) * dilation / 2 on each side
  float gain = 1.4142F;                     // weights have standard deviation gain / sqrt(fan in)
};

struct PoolSpec {
  Size2 kernel = 2;
  Size2 stride = 2;
  std::int64_t pad = 0;
  bool ceil_mode = false;
  bool count_include_pad = true;
};

struct ResizeSpec {
  std::string mode = "nearest";            // nearest, linear, cubic
  std::string coordinates = "asymmetric";  // half_pixel, align_corners, pytorch_half_pixel
  Size2 size = 1;                          // of the output
  bool by_scales = false;                  // spelled with scales (exact factors only)
};

class GraphBuilder : public onnx::ModelBuilder {
 public:
  using ModelBuilder::ModelBuilder;

  Value conv(const Value& x, const ConvSpec& spec);  // [N,C,H,W] or [N,C,T]
  Value conv_transpose(const Value& x, const ConvSpec& spec, std::int64_t output_pad = 0);
  Value batch_norm(const Value& x);
  Value instance_norm(const Value& x, bool unit = false);
  Value max_pool(const Value& x, const PoolSpec& spec) { return pool("MaxPool", x, spec); }
  Value avg_pool(const Value& x, const PoolSpec& spec) { return pool("AveragePool", x, spec); }
  Value max_pool1d(const Value& x, std::int64_t kernel, std::int64_t stride);
  Value add(const Value& a, const Value& b) { return node("Add", {a, b}); }
  Value sub(const Value& a, const Value& b) { return node("Sub", {a, b}); }
  Value mul(const Value& a, const Value& b) { return node("Mul", {a, b}); }
  Value div(const Value& a, const Value& b) { return node("Div", {a, b}); }
  Value add(const Value& a, float b) { return add(a, scalar(b)); }
  Value sub(const Value& a, float b) { return sub(a, scalar(b)); }
  Value mul(const Value& a, float b) { return mul(a, scalar(b)); }
  Value div(const Value& a, float b) { return div(a, scalar(b)); }
  Value pow(const Value& a, float b) { return node("Pow", {a, scalar(b)}); }
  Value where(const Value& condition, const Value& a, const Value& b) { return node("Where", {condition, a, b}); }
  Value cast(const Value& x, onnx::DataType type) { return node("Cast", {x}, {{"to", static_cast<int>(type)}}); }
  Value clip(const Value& x, float low, float high);
  Value reduce(std::string_view op, const Value& x, const Ints& axes, bool keep);
  Value mean(const Value& x, const Ints& axes, bool keep = true) { return reduce("ReduceMean", x, axes, keep); }
  Value softmax(const Value& x, int axis, std::string_view op = "Softmax") { return node(op, {x}, {{"axis", axis}}); }
  Value arg_max(const Value& x, int axis, bool keep);
  Value matmul(const Value& a, const Value& b) { return node("MatMul", {a, b}); }
  Value gemm(const Value& x, std::int64_t out, bool bias = true, bool trans_b = true);  // [M,K]
  Value reshape(const Value& x, const Shape& shape) { return node("Reshape", {x, ints(shape)}); }
  Value flatten(const Value& x, int axis = 1) { return node("Flatten", {x}, {{"axis", axis}}); }
  Value transpose(const Value& x, const Ints& perm) { return node("Transpose", {x}, {{"perm", perm}}); }
  Value squeeze(const Value& x, const Ints& axes) { return node("Squeeze", {x, ints(axes)}); }
  Value unsqueeze(const Value& x, const Ints& axes) { return node("Unsqueeze", {x, ints(axes)}); }
  Value concat(const std::vector<Value>& xs, int axis) { return node("Concat", xs, {{"axis", axis}}); }
  std::vector<Value> split(const Value& x, int axis, const Ints& sizes);
  std::vector<Value> split(const Value& x, int axis, int parts);
  Value slice(const Value& x, int axis, std::int64_t start, std::int64_t end, std::int64_t step = 1);
  Value slices(const Value& x, const Ints& axes, const Ints& starts, const Ints& ends, const Ints& steps = {});
  Value gather(const Value& x, int axis, const Value& indices) {
    return node("Gather", {x, indices}, {{"axis", axis}});
  }
  /// The axis goes.
  Value gather(const Value& x, int axis, std::int64_t index) { return gather(x, axis, int_scalar(index)); }
  Value pad(const Value& x, const Ints& pads, std::string_view mode = "constant", float value = 0.0F);
  Value expand(const Value& x, const Shape& shape) { return node("Expand", {x, ints(shape)}); }
  Value resize(const Value& x, const ResizeSpec& spec);
  Value depth_to_space(const Value& x, std::int64_t block, std::string_view mode);
  Value space_to_depth(const Value& x, std::int64_t block) { return node("SpaceToDepth", {x}, {{"blocksize", block}}); }
  /// x [T,N,I] -> Y [T,D,N,H]; op LSTM, GRU or RNN. final_state: the node gives Y_h (and the LSTM's Y_c) too.
  Value recurrent(std::string_view op, const Value& x, std::int64_t hidden, bool bidirectional, bool initial_state,
                  bool final_state);

  // --- accounts
  [[nodiscard]] double macs() const;
  [[nodiscard]] double weight_bytes() const;
  /// Elements written by all nodes that move or compute data; of those that pass over them often, as many times.
  [[nodiscard]] double elements() const;

 private:
  Value pool(std::string_view op, const Value& x, const PoolSpec& spec);
  Value convolve(std::string_view op, const Value& x, const ConvSpec& spec, const Pads& pads, Shape filter,
                 std::int64_t fan_in, std::int64_t output_pad);
};

}  // namespace latcast::carriers
