// What convolutions take in: constants added or multiplied to their result, padding before them, activations.
#include <algorithm>
#include <array>
#include <optional>

#include "rules/onnxruntime/patterns.h"
#include "rules/onnxruntime/versions.h"

namespace latcast::rules::onnxruntime {
namespace {

const Dims& dims(const Graph& graph, ValueId id) { return graph.info(id).dims; }

/// A convolution whose weights are known beforehand, and its bias where it has one.
bool static_convolution(const Graph& graph, const Node& node) {
  if (!node.is("Conv") || !graph.constant(node.input(1)) || dims(graph, node.inputs[1]).size() < 3) return false;
  return node.input(2) == kNothing || graph.constant(node.inputs[2]);
}

/// The only reader of a static convolution, if it is `op`.
NodeId reader_of(const Graph& graph, NodeId id, std::string_view op) {
  return static_convolution(graph, graph.node(id)) ? next_is(graph, id, op) : kNothing;
}

/// The convolution gives what `next` gave.
void take_over(Graph& graph, NodeId id, NodeId next) {
  const ValueId result = graph.node(next).outputs[0];
  graph.remove(next);
  graph.set_output(id, 0, result);
}

/// A bias of its own, also where it had one: it is another one now.
void give_bias(Graph& graph, NodeId id) {
  TensorInfo info;
  info.type = graph.info(graph.node(id).inputs[1]).type;
  info.dims = {dims(graph, graph.node(id).inputs[1])[0]};
  graph.set_input(id, 2, graph.add_constant(Label(graph.node(id).inputs[1], "_bias"), std::move(info)));
}

/// Weights of its own: those that it may have shared with others are scaled now.
void give_weights(Graph& graph, NodeId id) {
  const Value& old = graph.value(graph.node(id).inputs[1]);
  TensorInfo info = old.info;
  info.values.reset();
  graph.set_input(id, 1, graph.add_constant(Label(graph.node(id).inputs[1]), std::move(info)));
}

/// One value per channel: [C, 1, 1] or [1, C, 1, 1] for weights of four dimensions.
bool per_channel(const Dims& operand, const Dims& weights) {
  if (operand.size() != weights.size() && operand.size() + 1 != weights.size()) return false;
  const std::size_t channel = operand.size() == weights.size() ? 1 : 0;
  for (std::size_t i = 0; i < operand.size(); ++i) {
    if (operand[i] != (i == channel ? weights[0] : 1)) return false;
  }
  return true;
}

/// Adds a window's own padding and the node's before it, which an average counts then.
bool add_pads(const std::vector<double>& pads, Node& window) {
  const onnx::Attribute* own = window.attribute("pads");
  const std::size_t rank = pads.size() / 2;
  onnx::Attribute sum = own != nullptr ? *own : onnx::Attribute("pads", Dims(pads.size() - 4));
  if (sum.ints.size() + 4 != pads.size()) return false;
  if (window.op == "AveragePool") window.set({"count_include_pad", 1});
  for (std::size_t axis = 2; axis < rank; ++axis) {
    sum.ints[axis - 2] += static_cast<std::int64_t>(pads[axis]);
    sum.ints[axis - 2 + rank - 2] += static_cast<std::int64_t>(pads[axis + rank]);
  }
  window.set(std::move(sum));
  return true;
}

/// Begin and end of every axis; nothing where the padding is not of zeros, known and at the end axes only.
std::optional<std::vector<double>> zero_padding(const Graph& graph, const Node& node) {
  if (!node.is("Pad") || node.inputs.size() > 3) return std::nullopt;
  if (const auto mode = node.text("mode"); !mode.empty() && mode != "constant") return std::nullopt;
  std::vector<double> pads;
  if (const onnx::Attribute* given = node.attribute("pads"); given != nullptr) {
    if (node.real("value", 0.0F) != 0.0F) return std::nullopt;
    pads.assign(given->ints.begin(), given->ints.end());
  } else {
    const std::vector<double>* known = graph.values(node.input(1));
    if (known == nullptr) return std::nullopt;
    if (node.input(2) != kNothing && graph.scalar(node.inputs[2]) != 0.0) return std::nullopt;
    pads = *known;
  }
  if (pads.size() < 6 || pads.size() % 2 != 0) return std::nullopt;
  const std::size_t rank = pads.size() / 2;
  if (pads[0] != 0 || pads[1] != 0 || pads[rank] != 0 || pads[rank + 1] != 0) return std::nullopt;
  if (std::ranges::any_of(pads, [](double one) { return one < 0; })) return std::nullopt;
  return pads;
}

bool takes_padding(const Node& node, int version) {
  if (!node.is("Conv") && !node.is("MaxPool") && !node.is("AveragePool")) return false;
  if (node.outputs.size() > 1 && node.outputs[1] != kNothing) return false;
  const onnx::Attribute* own = node.attribute("pads");
  const bool some = own != nullptr && std::ranges::any_of(own->ints, [](std::int64_t one) { return one != 0; });
  const bool counted = node.op != "AveragePool" || node.integer("count_include_pad", 0) != 0;
  if (version < since::kPadIntoPlainWindow ? own == nullptr : some && !counted) return false;
  const auto automatic = node.text("auto_pad");
  return automatic.empty() || automatic == "NOTSET";
}

bool bounds_known(const Graph& graph, const Node& clip) {
  return (clip.input(1) == kNothing || graph.constant(clip.inputs[1])) &&
         (clip.input(2) == kNothing || graph.constant(clip.inputs[2]));
}

/// An activation that a convolution computes along with itself.
bool fusable_activation(const Graph& graph, const Node& node) {
  static constexpr std::array<std::string_view, 5> kPlain = {"Relu", "Sigmoid", "Tanh", "LeakyRelu", "HardSigmoid"};
  if (node.removed || !node.domain.empty()) return false;
  if (std::ranges::find(kPlain, node.op) != kPlain.end()) return true;
  return node.op == "Clip" && bounds_known(graph, node);
}

}  // namespace

std::size_t add_into_convolution(Graph& graph, const EngineTarget& /*target*/) {
  return everywhere(graph, [&](NodeId id) {
    const NodeId next = reader_of(graph, id, "Add");
    if (next == kNothing) return false;
    const ValueId operand = graph.node(next).inputs[1];  // a constant that comes first is left alone
    if (!graph.constant(operand) || !per_channel(dims(graph, operand), dims(graph, graph.node(id).inputs[1])))
      return false;
    give_bias(graph, id);
    take_over(graph, id, next);
    return true;
  });
}

std::size_t multiply_into_convolution(Graph& graph, const EngineTarget& /*target*/) {
  return everywhere(graph, [&](NodeId id) {
    const NodeId next = reader_of(graph, id, "Mul");
    if (next == kNothing) return false;
    const ValueId operand = graph.node(next).inputs[1];
    if (!graph.constant(operand)) return false;
    const auto& weights = dims(graph, graph.node(id).inputs[1]);
    if (!dims(graph, operand).empty() && !per_channel(dims(graph, operand), weights)) return false;
    give_weights(graph, id);
    if (graph.node(id).input(2) != kNothing) give_bias(graph, id);
    take_over(graph, id, next);
    return true;
  });
}

std::size_t normalise_into_convolution(Graph& graph, const EngineTarget& /*target*/) {
  return everywhere(graph, [&](NodeId id) {
    const NodeId next = reader_of(graph, id, "BatchNormalization");
    if (next == kNothing || graph.node(next).integer("training_mode", 0) != 0) return false;
    const Node& norm = graph.node(next);
    bool known = norm.inputs.size() >= 5;
    for (std::size_t i = 1; known && i < 5; ++i) known = graph.constant(norm.inputs[i]);
    if (!known) return false;
    give_weights(graph, id);
    give_bias(graph, id);
    take_over(graph, id, next);
    return true;
  });
}

std::size_t pad_into_window(Graph& graph, const EngineTarget& target) {
  return everywhere(graph, [&](NodeId id) {
    const auto pads = zero_padding(graph, graph.node(id));
    if (!pads) return false;
    const NodeId next = graph.only_reader(id);
    if (next == kNothing || !takes_padding(graph.node(next), target.version)) return false;
    if (!add_pads(*pads, graph.node(next))) return false;
    return graph.bypass(id);
  });
}

std::size_t relu_into_clip(Graph& graph, const EngineTarget& /*target*/) {
  return everywhere(graph, [&](NodeId id) {
    if (!graph.node(id).is("Relu")) return false;
    const NodeId next = graph.only_reader(id);
    if (next == kNothing || !graph.node(next).is("Clip") || !bounds_known(graph, graph.node(next))) return false;
    if (graph.node(next).inputs[0] != graph.node(id).outputs[0]) return false;
    return graph.bypass(id);
  });
}

std::size_t activate_convolution(Graph& graph, const EngineTarget& /*target*/) {
  return everywhere(graph, [&](NodeId id) {
    if (!graph.node(id).is("Conv")) return false;
    const NodeId next = graph.only_reader(id);
    if (next == kNothing || !fusable_activation(graph, graph.node(next))) return false;
    fuse_activation(graph, id, next, "FusedConv");
    return true;
  });
}

std::size_t add_to_convolution(Graph& graph, const EngineTarget& /*target*/) {
  return everywhere(graph, [&](NodeId id) {
    if (!graph.node(id).is("Add")) return false;
    const Node add = graph.node(id);
    const TensorInfo &left = graph.info(add.inputs[0]), &right = graph.info(add.inputs[1]);
    if (!left.known || left.dims.size() != 4 || !right.known || left.dims != right.dims) return false;
    // Of two convolutions the one with the smaller number takes the other's result.
    NodeId chosen = kNothing;
    for (const ValueId input : add.inputs) {
      const NodeId maker = graph.value(input).producer;
      if (maker == kNothing || !graph.node(maker).is("Conv") || graph.node(maker).input(2) == kNothing) continue;
      if (graph.uses(input) == 1) chosen = std::min(chosen, maker);
    }
    if (chosen == kNothing) return false;
    const NodeId last = graph.only_reader(id);
    const bool active = last != kNothing && fusable_activation(graph, graph.node(last));
    Node conv = graph.take(chosen);
    graph.remove(id);
    const Node activation = active ? graph.take(last) : Node{};
    Ids inputs = conv.inputs;
    inputs.push_back(other_input(add, conv.outputs[0]));
    if (active) conv.set({"activation", activation.op});
    graph.add_node("FusedConv", kMicrosoft, conv.name, std::move(inputs), active ? activation.outputs : add.outputs,
                   std::move(conv.attributes));
    return true;
  });
}

}  // namespace latcast::rules::onnxruntime
