// NetworkBuilder: a network written down operator by operator, as a search or a compiler makes candidates that no file
// ever holds. Operators are ONNX's. NetworkForecaster forecasts it.
//
//   latcast::NetworkBuilder net;
//   auto x = net.input({1, 3, 224, 224});
//   x = net.node("Conv", {x, net.weight({32, 3, 3, 3})}, {{"strides", {2, 2}}, {"pads", {1, 1, 1, 1}}});
//   x = net.node("Relu", {x});
//   net.output(x);
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "latcast/result.h"

namespace latcast {

namespace ir {
class Graph;
}

/// Of a tensor's elements; numbered as onnx.TensorProto.DataType.
enum class ElementType : std::int32_t {
  float32 = 1,
  uint8 = 2,
  int8 = 3,
  int32 = 6,
  int64 = 7,
  boolean = 9,
  float16 = 10,
  bfloat16 = 16,
};

/// A tensor of the network that is being built. The default one is left out, where an operator's input may be.
struct Tensor {
  std::uint32_t id = ~std::uint32_t{0};
};

/// An attribute of an operator: {"group", 32}, {"alpha", 0.1}, {"mode", "linear"}, {"strides", {2, 2}}. Only refers to
/// its name, text and list: for use in the call of node(), not for keeping.
class NodeAttribute {
 public:
  template <std::integral T>
  NodeAttribute(std::string_view name, T value)
      : name_(name), kind_(Kind::integer), integer_(static_cast<std::int64_t>(value)) {}
  NodeAttribute(std::string_view name, double value) : name_(name), kind_(Kind::real), real_(value) {}
  NodeAttribute(std::string_view name, const char* value) : name_(name), kind_(Kind::text), text_(value) {}
  NodeAttribute(std::string_view name, std::string_view value) : name_(name), kind_(Kind::text), text_(value) {}
  NodeAttribute(std::string_view name, std::initializer_list<std::int64_t> values)
      : name_(name), kind_(Kind::integers), integers_(values.begin(), values.size()) {}
  NodeAttribute(std::string_view name, std::span<const std::int64_t> values)
      : name_(name), kind_(Kind::integers), integers_(values) {}

 private:
  friend class NetworkBuilder;
  enum class Kind : std::uint8_t { integer, real, text, integers };
  std::string_view name_;
  Kind kind_;
  std::int64_t integer_ = 0;
  double real_ = 0;
  std::string_view text_;
  std::span<const std::int64_t> integers_;
};

/// Not thread-safe; movable. What goes wrong is kept (the first of it) and told by error() and by the forecast, so that
/// calls can follow each other.
class NetworkBuilder {
 public:
  /// `opset`: the version of ONNX's operators that nodes are meant in.
  explicit NetworkBuilder(int opset = 17);
  NetworkBuilder(NetworkBuilder&&) noexcept;
  NetworkBuilder& operator=(NetworkBuilder&&) noexcept;
  ~NetworkBuilder();

  /// What the network gets; every dimension at least 1.
  Tensor input(std::initializer_list<std::int64_t> dims, ElementType type = ElementType::float32);
  Tensor input(std::span<const std::int64_t> dims, ElementType type = ElementType::float32);
  /// A constant whose values do not matter.
  Tensor weight(std::initializer_list<std::int64_t> dims, ElementType type = ElementType::float32);
  Tensor weight(std::span<const std::int64_t> dims, ElementType type = ElementType::float32);
  /// A list of integers (int64): a shape, axes, pads.
  Tensor integers(std::initializer_list<std::int64_t> values);
  Tensor integers(std::span<const std::int64_t> values);
  /// One number, without axes.
  Tensor scalar(double value, ElementType type = ElementType::float32);

  /// An operator with one output; `domain`: of operators outside the standard ("com.microsoft").
  Tensor node(std::string_view op, std::initializer_list<Tensor> inputs,
              std::initializer_list<NodeAttribute> attributes = {}, std::string_view domain = {});
  /// With several outputs, in their order.
  std::vector<Tensor> nodes(std::string_view op, std::span<const Tensor> inputs,
                            std::span<const NodeAttribute> attributes, std::size_t outputs,
                            std::string_view domain = {});
  /// What the network gives: at least one tensor.
  void output(Tensor tensor);

  /// The tensor's shape; nothing where it is not known (an operator that latcast does not know).
  [[nodiscard]] std::optional<std::vector<std::int64_t>> dims(Tensor tensor) const;
  /// Operators so far.
  [[nodiscard]] std::size_t size() const;
  /// The first thing that went wrong: a tensor that is none of this network's, an input that the operator needs, shapes
  /// that do not fit. Names the operator.
  [[nodiscard]] const std::optional<Error>& error() const { return error_; }

  [[nodiscard]] const ir::Graph& graph() const { return *graph_; }

  /// The network itself; nothing is left of it here.
  [[nodiscard]] ir::Graph take();

 private:
  Tensor add_constant(std::span<const std::int64_t> dims, ElementType type);
  /// The first output; the others' ids follow it.
  Tensor add_node(std::string_view op, std::span<const Tensor> inputs, std::span<const NodeAttribute> attributes,
                  std::size_t outputs, std::string_view domain);
  bool check_dims(std::span<const std::int64_t> dims, std::string_view what);
  void refuse(std::string what);

  std::unique_ptr<ir::Graph> graph_;
  std::optional<Error> error_;
};

}  // namespace latcast
