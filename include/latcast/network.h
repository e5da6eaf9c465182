// Network: operators with shapes, as a search, a compiler or a partitioner has them in memory. Built operator by
// operator or read from an ONNX file, cut in two, given another batch or resolution, forecast by NetworkForecaster.
//
//   latcast::Network net;
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

#include "latcast/dim_bindings.h"
#include "latcast/element_type.h"
#include "latcast/result.h"

namespace latcast {

/// A tensor of a network. The default one is left out, where an operator's input may be.
struct Tensor {
  std::uint32_t id = ~std::uint32_t{0};
  friend bool operator==(const Tensor&, const Tensor&) = default;
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
  friend class Network;
  enum class Kind : std::uint8_t { integer, real, text, integers };
  std::string_view name_;
  Kind kind_;
  std::int64_t integer_ = 0;
  double real_ = 0;
  std::string_view text_;
  std::span<const std::int64_t> integers_;
};

/// What is known of a tensor before anything runs.
struct TensorDescription {
  Tensor tensor;
  std::string name;  ///< in the file; empty: not from a file
  ElementType type = ElementType::undefined;
  std::optional<std::vector<std::int64_t>> dims;  ///< nothing: not known (an operator that latcast does not know)
  std::optional<std::uint64_t> bytes;             ///< nothing where `dims` has none
  bool constant = false;                          ///< a weight, or computed from such alone
};

/// An operator of a network.
struct Operator {
  std::string op;                       ///< "Conv", or with its domain: "com.microsoft:FusedConv"
  std::string name;                     ///< in the file; empty: it has none
  std::vector<Tensor> inputs, outputs;  ///< a default Tensor where one is left out
};

/// Another shape for one of a network's inputs.
struct InputShape {
  Tensor input;
  std::vector<std::int64_t> dims;
};

struct NetworkCut;

/// A value: copies have nothing in common. As const it serves all threads. A tensor keeps its handle in copies, in the
/// parts of a cut and under other shapes. What goes wrong while it is built is kept (the first of it) and told by
/// error() and by whatever is asked of it, so that calls can follow each other.
class Network {
 public:
  /// `opset`: the version of ONNX's operators that nodes are meant in.
  explicit Network(int opset = 17);
  Network(const Network&);
  Network(Network&&) noexcept;
  Network& operator=(const Network&);
  Network& operator=(Network&&) noexcept;
  ~Network();

  /// From an ONNX file. Files of external weights need not be there. `dims` gives free dimensions of the inputs a
  /// value. Errc::not_found, io, corrupt, unsupported: the file cannot be read; Errc::invalid_input: dimensions that
  /// lack a value, all of them named.
  static Result<Network> read(const std::string& file, const DimBindings& dims = {});

  // --- building

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

  /// The first thing that went wrong: a tensor that is none of this network's, an input that the operator needs, shapes
  /// that do not fit. Names the operator.
  [[nodiscard]] const std::optional<Error>& error() const { return error_; }

  // --- looking at it

  [[nodiscard]] std::vector<Tensor> inputs() const;
  [[nodiscard]] std::vector<Tensor> outputs() const;
  /// In the order in which they were added, or stand in the file: what an operator reads comes before it.
  [[nodiscard]] std::vector<Operator> operators() const;
  /// How many operators there are.
  [[nodiscard]] std::size_t size() const;
  /// The tensor that the file calls so; nothing: none.
  [[nodiscard]] std::optional<Tensor> find(std::string_view name) const;
  /// The tensor's shape; nothing where it is not known, or no tensor of this network.
  [[nodiscard]] std::optional<std::vector<std::int64_t>> dims(Tensor tensor) const;
  [[nodiscard]] TensorDescription describe(Tensor tensor) const;

  // --- other networks made of it

  /// In two: before are the operators that `at` needs, after are the others, as far as an output needs them.
  /// What the part after reads of the part before crosses, in `at` or not (a skip connection), and so does an
  /// input of the network that the part after reads. Constants, and shapes as far as they are known, are on both
  /// sides. Errc::invalid_input: a tensor that is none of this network's or a constant; nothing on one side.
  [[nodiscard]] Result<NetworkCut> cut(std::span<const Tensor> at) const;
  [[nodiscard]] Result<NetworkCut> cut(std::initializer_list<Tensor> at) const;

  /// With other shapes of its inputs, the others as they are: another resolution, another length. All shapes are
  /// deduced anew. Errc::invalid_input: an operator does not fit any more, by name; a Reshape to constants, for
  /// example.
  [[nodiscard]] Result<Network> with_inputs(std::span<const InputShape> shapes) const;
  [[nodiscard]] Result<Network> with_inputs(std::initializer_list<InputShape> shapes) const;

  /// With another batch: the first dimension of every input, the same for all. Constants that repeat the old one follow
  /// where they have one meaning only: in the target of a Reshape, an Expand or a Resize, and beside samples in a
  /// Concat. Errors as with_inputs(), and where an operator mixes samples behind such a one.
  [[nodiscard]] Result<Network> with_batch(std::int64_t batch) const;

 private:
  friend struct NetworkAccess;
  struct Content;

  explicit Network(std::unique_ptr<Content> content);
  Tensor add_constant(std::span<const std::int64_t> dims, ElementType type);
  /// The first output; the others' ids follow it.
  Tensor add_node(std::string_view op, std::span<const Tensor> inputs, std::span<const NodeAttribute> attributes,
                  std::size_t outputs, std::string_view domain);
  bool check_dims(std::span<const std::int64_t> dims, std::string_view what);
  void refuse(std::string what);

  std::unique_ptr<Content> content_;
  std::optional<Error> error_;
};

/// Two networks in place of one, and what the first gives the second: the second one's inputs.
struct NetworkCut {
  Network before, after;
  std::vector<TensorDescription> crossing;
};

}  // namespace latcast
