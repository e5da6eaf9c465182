// Builds an ONNX graph of known static shapes, node by node, in the spelling of one opset.
//
// Weights are Fills: nothing is allocated. A shape that does not fit is a mistake of the caller and throws
// std::logic_error naming the node. Values that nobody consumes become the graph's outputs.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "graph/onnx_model.h"

namespace latcast::carriers {

using Shape = std::vector<std::int64_t>;
using Ints = std::vector<std::int64_t>;

struct Value {
  std::string name;
  Shape dims;
  onnx::DataType type = onnx::DataType::float32;
  [[nodiscard]] int rank() const { return static_cast<int>(dims.size()); }
  /// axis may be negative (from the end).
  [[nodiscard]] std::int64_t dim(int axis) const;
  [[nodiscard]] std::int64_t elements() const;
};

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

[[nodiscard]] onnx::Attribute attr(std::string_view name, std::int64_t value);
[[nodiscard]] onnx::Attribute attr(std::string_view name, int value);
[[nodiscard]] onnx::Attribute attr(std::string_view name, float value);
[[nodiscard]] onnx::Attribute attr(std::string_view name, std::string_view value);
[[nodiscard]] onnx::Attribute attr(std::string_view name, const char* value);
[[nodiscard]] onnx::Attribute attr(std::string_view name, const Ints& value);

using Attributes = std::vector<onnx::Attribute>;

class GraphBuilder {
 public:
  explicit GraphBuilder(int opset) : opset_(opset) {}
  [[nodiscard]] int opset() const { return opset_; }

  // --- leaves
  Value input(const Shape& shape, onnx::DataType type = onnx::DataType::float32);
  Value weight(const Shape& shape, float deviation);
  Value filled(const Shape& shape, float constant);
  Value scalar(float value);
  Value floats(std::vector<double> values, const Shape& shape);
  Value ints(Ints values);               // 1-D int64
  Value int_scalar(std::int64_t value);  // 0-D int64
  Value int_tensor(Ints values, const Shape& shape, onnx::DataType type = onnx::DataType::int64);

  // --- any node
  Value node(std::string_view op, const std::vector<Value>& inputs, Attributes attributes, Shape out,
             onnx::DataType type = onnx::DataType::float32);
  std::vector<Value> multi(std::string_view op, const std::vector<Value>& inputs, Attributes attributes,
                           const std::vector<Shape>& outs, onnx::DataType type = onnx::DataType::float32);
  /// A node whose output shapes (and types) only the engine knows; its outputs become outputs of the graph.
  void open_node(std::string_view op, std::string_view domain, const std::vector<Value>& inputs, Attributes attributes,
                 int outputs);
  /// Declares that a value may stay unconsumed without becoming an output.
  void ignore(const Value& x) { used_.insert(x.name); }
  /// An optional input left out.
  static Value none() { return {}; }

  // --- typed helpers
  Value conv(const Value& x, const ConvSpec& spec);    // [N,C,H,W]
  Value conv1d(const Value& x, const ConvSpec& spec);  // [N,C,T]: h of the pairs; pads: top, bottom
  Value conv_transpose(const Value& x, const ConvSpec& spec, std::int64_t output_pad = 0);
  Value batch_norm(const Value& x);
  Value instance_norm(const Value& x, bool unit = false);
  Value max_pool(const Value& x, const PoolSpec& spec);
  Value avg_pool(const Value& x, const PoolSpec& spec);
  Value max_pool1d(const Value& x, std::int64_t kernel, std::int64_t stride, std::int64_t pad = 0);
  Value avg_pool1d(const Value& x, std::int64_t kernel, std::int64_t stride, std::int64_t pad = 0);
  Value global_avg_pool(const Value& x);
  Value global_max_pool(const Value& x);
  Value unary(std::string_view op, const Value& x, Attributes attributes = {});
  Value binary(std::string_view op, const Value& a, const Value& b);
  Value add(const Value& a, const Value& b) { return binary("Add", a, b); }
  Value sub(const Value& a, const Value& b) { return binary("Sub", a, b); }
  Value mul(const Value& a, const Value& b) { return binary("Mul", a, b); }
  Value div(const Value& a, const Value& b) { return binary("Div", a, b); }
  Value add(const Value& a, float b) { return add(a, scalar(b)); }
  Value sub(const Value& a, float b) { return sub(a, scalar(b)); }
  Value mul(const Value& a, float b) { return mul(a, scalar(b)); }
  Value div(const Value& a, float b) { return div(a, scalar(b)); }
  Value pow(const Value& a, float b) { return binary("Pow", a, scalar(b)); }
  Value compare(std::string_view op, const Value& a, const Value& b);
  Value where(const Value& condition, const Value& a, const Value& b);
  Value cast(const Value& x, onnx::DataType type);
  Value clip(const Value& x, float low, float high);
  Value reduce(std::string_view op, const Value& x, Ints axes, bool keep);
  Value softmax(const Value& x, int axis, std::string_view op = "Softmax");
  Value arg_max(const Value& x, int axis, bool keep);
  /// values and indices
  std::vector<Value> top_k(const Value& x, int axis, std::int64_t k);
  Value matmul(const Value& a, const Value& b);
  Value gemm(const Value& x, std::int64_t out, bool bias = true, bool trans_b = true);  // [M,K]
  Value layer_norm_node(const Value& x, float epsilon, bool bias = true);               // opset >= 17, last axis
  Value reshape(const Value& x, const Shape& shape);                                    // at most one -1
  Value flatten(const Value& x, int axis = 1);
  Value transpose(const Value& x, const Ints& perm);
  Value squeeze(const Value& x, Ints axes);
  Value unsqueeze(const Value& x, Ints axes);
  Value concat(const std::vector<Value>& xs, int axis);
  std::vector<Value> split(const Value& x, int axis, const Ints& sizes);
  std::vector<Value> split(const Value& x, int axis, int parts);
  Value slice(const Value& x, int axis, std::int64_t start, std::int64_t end, std::int64_t step = 1);
  Value slices(const Value& x, const Ints& axes, const Ints& starts, const Ints& ends, const Ints& steps = {});
  Value gather(const Value& x, int axis, const Value& indices);
  Value pad(const Value& x, const Ints& pads, std::string_view mode = "constant", float value = 0.0F);
  Value expand(const Value& x, const Shape& shape);
  Value tile(const Value& x, const Ints& repeats);
  Value resize(const Value& x, const ResizeSpec& spec);
  Value depth_to_space(const Value& x, std::int64_t block, std::string_view mode = "DCR");
  Value space_to_depth(const Value& x, std::int64_t block);
  /// x [T,N,I] -> Y [T,D,N,H] and, with final_state, Y_h [D,N,H] (and the LSTM's Y_c); op LSTM, GRU or RNN.
  std::vector<Value> recurrent(std::string_view op, const Value& x, std::int64_t hidden, bool bidirectional,
                               bool initial_state, bool final_state);

  // --- accounts
  [[nodiscard]] double macs() const { return macs_; }
  [[nodiscard]] double weight_bytes() const { return weight_bytes_; }
  /// Elements written by all nodes that move or compute data.
  [[nodiscard]] double elements() const { return elements_; }
  [[nodiscard]] std::size_t node_count() const { return graph_.nodes.size(); }
  [[nodiscard]] bool has_nodes() const { return !graph_.nodes.empty(); }

  /// The model; `shapes`: with the value_info of every value (for checks).
  onnx::Model finish(std::string name, bool shapes);

 private:
  Value leaf(onnx::Tensor tensor);
  Value pool(std::string_view op, const Value& x, const PoolSpec& spec);

  int opset_;
  onnx::Graph graph_;
  std::vector<onnx::ValueInfo> made_;
  std::set<std::string> used_;
  std::set<std::string> domains_;
  double macs_ = 0;
  double weight_bytes_ = 0;
  double elements_ = 0;
  int leaves_ = 0;
};

}  // namespace latcast::carriers
