// A graph that rules rewrite: nodes and values by number, with readers, producers and shapes at hand.
//
// Only structure is kept: of constants their shape, type and small values. Removed nodes keep their number; nodes that
// rules add are numbered on, as engines do it, and with that the order of execution is the engine's.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "graph/network.h"
#include "graph/onnx_model.h"

namespace latcast::rules {

using NodeId = std::uint32_t;
using ValueId = std::uint32_t;
inline constexpr std::uint32_t kNothing = ~std::uint32_t{0};

struct Value {
  std::string name;
  TensorInfo info;
  NodeId producer = kNothing;
  std::vector<NodeId> readers;  // a node once for every input that reads the value
  bool output = false;          // of the graph

  /// An initializer, or what folding made one.
  bool constant = false;
  bool shared = true;  // false: a constant that is never compared with others
};

struct Node {
  std::string op, domain, name;
  std::vector<ValueId> inputs, outputs;  // kNothing: left out
  std::vector<onnx::Attribute> attributes;
  bool removed = false;

  [[nodiscard]] bool is(std::string_view wanted, std::string_view its_domain = {}) const {
    return !removed && op == wanted && domain == its_domain;
  }
  [[nodiscard]] const onnx::Attribute* attribute(std::string_view wanted) const;
  [[nodiscard]] std::int64_t integer(std::string_view wanted, std::int64_t fallback) const;
  [[nodiscard]] float real(std::string_view wanted, float fallback) const;
  [[nodiscard]] std::string_view text(std::string_view wanted) const;
  void set(onnx::Attribute attribute);
  void set_int(std::string_view name, std::int64_t value);
  void set_ints(std::string_view name, std::vector<std::int64_t> values);
  void set_real(std::string_view name, float value);
  void set_text(std::string_view name, std::string_view value);
  [[nodiscard]] ValueId input(std::size_t index) const { return index < inputs.size() ? inputs[index] : kNothing; }
};

class EditGraph {
 public:
  /// `shapes`: of every tensor of the model (infer_shapes()).
  EditGraph(const onnx::Model& model, std::map<std::string, TensorInfo> shapes);

  [[nodiscard]] std::size_t nodes() const { return nodes_.size(); }
  [[nodiscard]] std::size_t values() const { return values_.size(); }
  [[nodiscard]] Node& node(NodeId id) { return nodes_[id]; }
  [[nodiscard]] const Node& node(NodeId id) const { return nodes_[id]; }
  [[nodiscard]] Value& value(ValueId id) { return values_[id]; }
  [[nodiscard]] const Value& value(ValueId id) const { return values_[id]; }
  [[nodiscard]] std::int64_t opset(std::string_view domain = {}) const;

  /// What execution follows: depth first from the nodes that nobody reads, inputs by falling number first.
  [[nodiscard]] std::vector<NodeId> order() const;

  [[nodiscard]] bool constant(ValueId id) const { return id != kNothing && values_[id].constant; }
  /// The node that makes a value; null for inputs and constants.
  [[nodiscard]] const Node* producer(ValueId id) const;
  /// The only reader of a node's only output that is read, where it is not the graph's output; else kNothing.
  [[nodiscard]] NodeId only_reader(NodeId id) const;
  /// Readers of a value, and one for the graph's output.
  [[nodiscard]] std::size_t uses(ValueId id) const;
  /// Elements of a small constant; null: it is none, or they are not known.
  [[nodiscard]] const std::vector<double>* values(ValueId id) const;
  /// Of a constant with one element.
  [[nodiscard]] std::optional<double> scalar(ValueId id) const;

  ValueId add_value(std::string_view hint, TensorInfo info);
  ValueId add_constant(std::string_view hint, TensorInfo info);
  NodeId add_node(std::string_view op, std::string_view domain, std::string name, std::vector<ValueId> inputs,
                  std::vector<ValueId> outputs);
  void set_input(NodeId node, std::size_t index, ValueId value);
  /// The node gives `value` from now on, which had another producer or none.
  void set_output(NodeId node, std::size_t index, ValueId value);
  /// Its inputs lose a reader, its outputs their producer.
  void remove(NodeId id);
  /// Takes a node out whose first output is its input `index`; false where a graph's output stands in the way.
  bool bypass(NodeId id, std::size_t index = 0);
  /// All readers of `from` read `to`.
  void redirect(ValueId from, ValueId to);
  /// The value becomes a constant; its producer goes with what only that one needed.
  void fold(ValueId id);
  /// Removes nodes that nothing leads from to an output.
  void sweep();

  [[nodiscard]] onnx::Model to_model(const onnx::Model& original) const;

 private:
  ValueId find_or_add(const std::string& name);
  void link(NodeId node);

  std::vector<Node> nodes_;
  std::vector<Value> values_;
  std::vector<ValueId> inputs_;
  std::map<std::string, std::int64_t> opsets_;
  std::map<std::string, TensorInfo> shapes_;
  std::unordered_map<std::string, ValueId> by_name_;
  std::unordered_map<std::string, int> next_number_;  // of values that rules add, by name
};

}  // namespace latcast::rules
