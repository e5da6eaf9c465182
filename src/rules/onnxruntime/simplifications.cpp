// Nodes that do nothing, or whose result is known beforehand.
#include <algorithm>
#include <array>
#include <functional>
#include <span>
#include <unordered_map>
#include <vector>

#include "rules/onnxruntime/patterns.h"

namespace latcast::rules::onnxruntime {
namespace {

/// Constants of no more elements are compared with others.
constexpr std::size_t kSharedElements = 8;
/// Of a value's readers so many are compared with each other: what nodes of a made-up file could be.
constexpr std::size_t kComparedReaders = 256;

bool same_shape(const Graph& graph, ValueId a, ValueId b) {
  const TensorInfo &x = graph.info(a), &y = graph.info(b);
  return x.known && y.known && x.dims == y.dims;
}

bool is_dropout_without_effect(const Graph& graph, const Node& node) {
  if (!node.is("Dropout")) return false;
  if (node.outputs.size() > 1 && node.outputs[1] != kNothing && graph.uses(node.outputs[1]) > 0) return false;
  const ValueId training = node.input(2);
  return training == kNothing || graph.scalar(training) == 0.0 ||
         (node.input(1) != kNothing && graph.scalar(node.inputs[1]) == 0.0);
}

bool is_cast_to_same(const Graph& graph, const Node& node) {
  if (!node.is("Cast") || node.input(0) == kNothing) return false;
  return node.integer("to", 0) == static_cast<std::int64_t>(graph.info(node.input(0)).type);
}

/// Adding or subtracting nothing, multiplying or dividing by one, where that does not change the shape.
bool is_noop(const Graph& graph, const Node& node, std::size_t& kept) {
  const bool sum = node.is("Add") || node.is("Sub"), product = node.is("Mul") || node.is("Div");
  if ((!sum && !product) || node.inputs.size() != 2) return false;
  for (const std::size_t constant : {std::size_t{1}, std::size_t{0}}) {
    if (constant == 0 && (node.op == "Sub" || node.op == "Div")) continue;
    const ValueId neutral = node.inputs[constant], other = node.inputs[1 - constant];
    if (graph.constant(other) || graph.scalar(neutral) != (sum ? 0.0 : 1.0)) continue;
    if (!graph.info(other).known) continue;
    if (graph.info(neutral).dims.size() > graph.info(other).dims.size()) continue;
    kept = 1 - constant;
    return true;
  }
  return false;
}

/// Operators that keep what they get where the shape stays: the optimizer knows it from shapes.
bool keeps_everything(const Graph& graph, const Node& node) {
  if (!node.is("Expand") && !node.is("Slice")) return false;
  if (node.input(0) == kNothing || node.outputs[0] == kNothing) return false;
  if (!same_shape(graph, node.inputs[0], node.outputs[0])) return false;
  if (node.op == "Expand") return true;
  // Ends that happen to be the length are not looked at; only those that mean "all".
  const ValueId ends = node.input(2);
  const std::vector<double>* last = graph.values(ends);
  if (last == nullptr || std::ranges::any_of(*last, [](double end) { return end < 9e18; })) return false;
  const ValueId steps = node.input(4);
  if (steps == kNothing) return true;
  const auto& values = graph.info(steps).values;
  return values && std::ranges::all_of(*values, [](double step) { return step > 0; });
}

/// Made of random numbers, or of what the caller decides.
bool deterministic(const Node& node) {
  static constexpr std::array<std::string_view, 6> kRandom = {"RandomUniform",    "RandomNormal", "RandomUniformLike",
                                                              "RandomNormalLike", "Multinomial",  "Bernoulli"};
  return std::ranges::find(kRandom, node.op) == kRandom.end();
}

bool all_constant(const Graph& graph, const Node& node) {
  bool any = false;
  for (const ValueId input : node.inputs) {
    if (input == kNothing) continue;
    if (!graph.constant(input)) return false;
    any = true;
  }
  return any;
}

bool has_subgraph(const Node& node) {
  return std::ranges::any_of(node.attributes,
                             [](const onnx::Attribute& one) { return one.kind == onnx::Attribute::Kind::g; });
}

bool foldable(const Graph& graph, const Node& node) {
  if (node.op == "Constant" && node.domain.empty()) return true;
  if (node.is("Shape")) return node.input(0) != kNothing && graph.info(node.inputs[0]).known;
  // Before version 16 these are no operators with a kernel of their own where constants are folded.
  if (graph.opset() < 16 && (node.is("GreaterOrEqual") || node.is("LessOrEqual"))) return false;
  if (node.op == "DequantizeLinear" || has_subgraph(node) || !deterministic(node)) return false;
  return all_constant(graph, node);
}

bool equal_attribute(const onnx::Attribute& a, const onnx::Attribute& b) {
  if (a.i != b.i || a.f != b.f || a.s != b.s || a.ints != b.ints || a.floats != b.floats || a.strings != b.strings)
    return false;
  if ((a.t == nullptr) != (b.t == nullptr)) return false;
  return a.t == nullptr || (a.t->name == b.t->name && a.t->elements() == b.t->elements());
}

/// The same operation on the same values.
bool equal_nodes(const Node& a, const Node& b) {
  if (a.op != b.op || a.domain != b.domain || a.inputs != b.inputs) return false;
  if (a.outputs.size() != b.outputs.size() || a.attributes.size() != b.attributes.size()) return false;
  return std::ranges::all_of(a.attributes, [&](const onnx::Attribute& one) {
    const onnx::Attribute* other = b.attribute(one.name);
    return other != nullptr && equal_attribute(one, *other);
  });
}

/// A constant small enough to be compared with others, of known values.
bool comparable(const Value& value) {
  return value.constant && value.shared && !value.output && !value.readers.empty() && value.info.values &&
         value.info.values->size() <= kSharedElements;
}

bool equal_constants(const TensorInfo& a, const TensorInfo& b) {
  return a.type == b.type && a.dims == b.dims && a.values == b.values;
}

/// Of what equal constants have in common; others may have the same.
std::size_t hash_of(const TensorInfo& constant) {
  std::size_t hash = static_cast<std::size_t>(constant.type) * 31 + constant.dims.size();
  if (!constant.values) return hash;
  for (const double value : *constant.values) hash = hash * 1000003 + std::hash<double>()(value);
  return hash;
}

/// Of the nodes that read what `id` reads the first one that is equal and stands in `before`; kNothing: there is none.
NodeId equal_before(const Graph& graph, NodeId id, const std::vector<bool>& before) {
  const Node& node = graph.node(id);
  const Value* rarest = nullptr;
  for (const ValueId input : node.inputs) {
    if (input == kNothing) continue;
    const Value& value = graph.value(input);
    if (rarest == nullptr || value.readers.size() < rarest->readers.size()) rarest = &value;
  }
  if (rarest == nullptr || rarest->readers.size() < 2) return kNothing;
  for (const NodeId other : std::span(rarest->readers).first(std::min(rarest->readers.size(), kComparedReaders))) {
    if (other != id && other < before.size() && before[other] && equal_nodes(graph.node(other), node)) return other;
  }
  return kNothing;
}

bool gives_output(const Graph& graph, const Node& node) {
  return std::ranges::any_of(node.outputs,
                             [&](ValueId output) { return output != kNothing && graph.value(output).output; });
}

/// With what it was the last to read: all that only shapes or folded values needed. What nobody read from the beginning
/// is executed.
void remove_unread(Graph& graph, ValueId value) {
  std::vector<ValueId> left = {value};
  while (!left.empty()) {
    const NodeId id = left.back() == kNothing ? kNothing : graph.value(left.back()).producer;
    left.pop_back();
    const auto used = [&](ValueId output) { return output != kNothing && graph.uses(output) > 0; };
    if (id == kNothing || std::ranges::any_of(graph.node(id).outputs, used)) continue;
    left.insert(left.end(), graph.node(id).inputs.begin(), graph.node(id).inputs.end());
    graph.remove(id);
  }
}

}  // namespace

std::size_t remove_identities(Graph& graph, const EngineTarget& /*target*/) {
  return everywhere(graph, [&](NodeId id) {
    const Node& node = graph.node(id);
    std::size_t kept = 0;
    const bool nothing = node.is("Identity") || is_dropout_without_effect(graph, node) ||
                         is_cast_to_same(graph, node) || is_noop(graph, node, kept) || keeps_everything(graph, node);
    return nothing && (node.is("Identity") || !gives_output(graph, node)) && graph.bypass(id, kept);
  });
}

/// 1 / x * y is y / x.
std::size_t multiply_by_quotient(Graph& graph, const EngineTarget& /*target*/) {
  return everywhere(graph, [&](NodeId id) {
    if (!graph.node(id).is("Div") || graph.scalar(graph.node(id).inputs[0]) != 1.0) return false;
    const NodeId next = graph.only_reader(id);
    if (next == kNothing || !graph.node(next).is("Mul")) return false;
    const ValueId quotient = graph.node(id).outputs[0], result = graph.node(next).outputs[0];
    const ValueId other = other_input(graph.node(next), quotient);
    if (other == quotient) return false;
    graph.remove(next);
    graph.set_input(id, 0, other);
    graph.set_output(id, 0, result);
    return true;
  });
}

std::size_t write_out_functions(Graph& graph, const EngineTarget& /*target*/) {
  return everywhere(graph, [&](NodeId id) {
    const bool mish = graph.node(id).is("Mish");
    if (!mish && !graph.node(id).is("HardSwish")) return false;
    const Node node = graph.node(id);
    const TensorInfo info = graph.info(node.outputs[0]);
    graph.remove(id);
    const ValueId gate = graph.add_value(Label(node.outputs[0], "_gate"), info);
    if (mish) {
      const ValueId raw = graph.add_value(Label(node.outputs[0], "_softplus"), info);
      graph.add_node("Softplus", {}, node.name, {node.inputs[0]}, {raw});
      graph.add_node("Tanh", {}, node.name, {raw}, {gate});
    } else {
      graph.add_node("HardSigmoid", {}, node.name, {node.inputs[0]}, {gate}, {{"alpha", 1.0F / 6.0F}, {"beta", 0.5F}});
    }
    graph.add_node("Mul", {}, node.name, {node.inputs[0], gate}, {node.outputs[0]});
    return true;
  });
}

std::size_t fold_constants(Graph& graph, const EngineTarget& /*target*/) {
  return everywhere(graph, [&](NodeId id) {
    const Node& node = graph.node(id);
    if (node.removed || !foldable(graph, node) || gives_output(graph, node)) return false;
    const Ids inputs = node.inputs, outputs = node.outputs;
    for (const ValueId output : outputs) {
      if (output != kNothing) graph.fold(output);
    }
    for (const ValueId input : inputs) remove_unread(graph, input);
    return true;
  });
}

std::size_t share_constants(Graph& graph, const EngineTarget& /*target*/) {
  std::unordered_multimap<std::size_t, ValueId> known;
  std::size_t count = 0;
  for (ValueId id = 0; id < graph.values(); ++id) {
    if (!comparable(graph.value(id))) continue;
    const TensorInfo& info = graph.info(id);
    const std::size_t hash = hash_of(info);
    const auto [first, last] = known.equal_range(hash);
    const auto same =
        std::find_if(first, last, [&](const auto& other) { return equal_constants(graph.info(other.second), info); });
    if (same == last) {
      known.emplace(hash, id);
      continue;
    }
    graph.redirect(id, same->second);
    ++count;
  }
  return count;
}

std::size_t share_equal_nodes(Graph& graph, const EngineTarget& /*target*/) {
  std::vector<bool> before(graph.nodes(), false);
  return everywhere(graph, [&](NodeId id) {
    const Node& node = graph.node(id);
    if (node.removed || has_subgraph(node) || !deterministic(node)) return false;
    const NodeId first = equal_before(graph, id, before);
    if (first == kNothing) before[id] = true;
    if (first == kNothing || gives_output(graph, node)) return false;
    const Ids outputs = node.outputs, others = graph.node(first).outputs;
    for (std::size_t i = 0; i < outputs.size(); ++i) {
      if (outputs[i] != kNothing && others[i] != kNothing) graph.redirect(outputs[i], others[i]);
    }
    graph.remove(id);
    return true;
  });
}

}  // namespace latcast::rules::onnxruntime
