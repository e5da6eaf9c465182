// A network in memory: nodes and values by number, with readers, producers and shapes at hand. Files are linked into
// it (graph/link.h), candidates that never were a file are built in it, rules rewrite it, modules are read from it.
//
// Only structure is kept: of constants their shape, type and small values. Removed nodes keep their number; nodes that
// rules add are numbered on, as engines do it, and with that the order of execution is the engine's.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "graph/inline_vector.h"
#include "graph/onnx_model.h"
#include "graph/operator_bucket.h"
#include "graph/tensor_info.h"

namespace latcast::ir {

using NodeId = std::uint32_t;
using ValueId = std::uint32_t;
inline constexpr std::uint32_t kNothing = ~std::uint32_t{0};
/// Of values or nodes: most operators have few of either.
using Ids = InlineVector<std::uint32_t, 4>;

/// What something that no file named is called: after another one, with a suffix that lives as long as the program.
/// Made up only where names are asked for.
struct Label {
  Label(const char* text) : suffix(text) {}  // NOLINT(google-explicit-constructor): a literal is a label
  explicit Label(ValueId after_value, const char* text = "") : after(after_value), suffix(text) {}
  ValueId after = kNothing;
  const char* suffix = "";
};

struct Value {
  Label label = "";
  TensorInfo info;
  NodeId producer = kNothing;
  Ids readers;                         // a node once for every input that reads the value
  bool input = false, output = false;  // of the graph

  /// An initializer, or what folding made one.
  bool constant = false;
  bool shared = true;  // false: a constant that is never compared with others
};

struct Node : onnx::Operation {
  Ids inputs, outputs;  // kNothing: left out
  bool removed = false;
  std::uint8_t bucket = 0;  // of its operator
  Label label = "";         // its name where it has none

  [[nodiscard]] bool is(std::string_view wanted, std::string_view its_domain = {}) const {
    return bucket == bucket_of(wanted) && !removed && op == wanted && domain == its_domain;
  }
  void set(onnx::Attribute attribute);
  [[nodiscard]] ValueId input(std::size_t index) const { return index < inputs.size() ? inputs[index] : kNothing; }
};

class Graph {
 public:
  explicit Graph(std::map<std::string, std::int64_t> opsets = {});

  /// Room for so many, without moving what there is.
  void reserve(std::size_t nodes, std::size_t values) {
    nodes_.reserve(nodes);
    values_.reserve(values);
  }
  [[nodiscard]] std::size_t nodes() const { return nodes_.size(); }
  [[nodiscard]] std::size_t values() const { return values_.size(); }
  /// Through a reference to it a node's operation may be changed; inputs and outputs only by the functions below.
  [[nodiscard]] Node& node(NodeId id) { return nodes_[id]; }
  [[nodiscard]] const Node& node(NodeId id) const { return nodes_[id]; }
  [[nodiscard]] Value& value(ValueId id) { return values_[id]; }
  [[nodiscard]] const Value& value(ValueId id) const { return values_[id]; }
  [[nodiscard]] const TensorInfo& info(ValueId id) const { return values_[id].info; }
  [[nodiscard]] std::int64_t opset() const { return opset_; }
  [[nodiscard]] std::int64_t opset(const std::string& domain) const;
  [[nodiscard]] const std::map<std::string, std::int64_t>& opsets() const { return opsets_; }
  void set_opset(const std::string& domain, std::int64_t version);

  /// What execution follows: depth first from the nodes that nobody reads, inputs by falling number first. Where the
  /// graph may change it is kept until something does.
  [[nodiscard]] std::vector<NodeId> order() const;
  [[nodiscard]] std::vector<NodeId> order();
  /// False: no node is of that operator, of any domain.
  [[nodiscard]] bool may_have(std::string_view op) const { return by_operator_[bucket_of(op)] > 0; }

  [[nodiscard]] bool constant(ValueId id) const { return id != kNothing && values_[id].constant; }
  /// The node that makes a value; null for inputs and constants.
  [[nodiscard]] const Node* producer(ValueId id) const;
  /// The only reader of a node's only output that is read, where it is not the graph's output; else kNothing.
  [[nodiscard]] NodeId only_reader(NodeId id) const;
  /// Readers of a value, and one for the graph's output.
  [[nodiscard]] std::size_t uses(ValueId id) const;
  /// Elements of a small constant; null: it is none, or they are not known.
  [[nodiscard]] const std::vector<double>* values(ValueId id) const;
  /// The same as integers.
  [[nodiscard]] std::optional<Dims> integers(ValueId id) const;
  /// Of a constant with one element.
  [[nodiscard]] std::optional<double> scalar(ValueId id) const;

  ValueId add_value(Label label, TensorInfo info);
  /// With the name that a file gave it.
  ValueId add_named(std::string name, TensorInfo info);
  /// What a file called the value; empty: no file did.
  [[nodiscard]] const std::string& name(ValueId id) const;
  ValueId add_constant(Label label, TensorInfo info);
  /// A list of integers: a shape, axes.
  ValueId add_ints(Label label, const Dims& values);
  NodeId add_node(onnx::Operation operation, Ids inputs, Ids outputs);
  NodeId add_node(std::string_view op, std::string_view domain, std::string name, Ids inputs, Ids outputs,
                  std::vector<onnx::Attribute> attributes = {}) {
    return add_node({std::string(op), std::string(domain), std::move(name), std::move(attributes)}, std::move(inputs),
                    std::move(outputs));
  }
  void set_input(NodeId node, std::size_t index, ValueId value);
  /// The node gives `value` from now on, which had another producer or none.
  void set_output(NodeId node, std::size_t index, ValueId value);
  /// Its inputs lose a reader, its outputs their producer.
  void remove(NodeId id);
  /// Removes the node and gives it away as it was.
  Node take(NodeId id);
  /// Takes a node out whose first output is its input `index`; false where a graph's output stands in the way.
  bool bypass(NodeId id, std::size_t index = 0);
  /// All readers of `from` read `to`.
  void redirect(ValueId from, ValueId to);
  /// The value becomes a constant; its producer goes with what only that one needed.
  void fold(ValueId id);

  /// Gives every value a name of its own (labels are numbered where another one is called so already), and nodes that
  /// are called after a value theirs.
  void name_all();

 private:
  std::vector<Node> nodes_;
  std::vector<Value> values_;
  std::vector<std::string> names_;  // by value, of the first ones
  std::map<std::string, std::int64_t> opsets_;
  std::int64_t opset_ = 1;  // of the standard operators
  std::vector<NodeId> order_;
  bool ordered_ = false;
  std::array<std::uint32_t, 256> by_operator_ = {};  // how many nodes there are, by bucket_of()
};

}  // namespace latcast::ir
