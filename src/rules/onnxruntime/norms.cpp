// Normalisations that files spell out, and what stands before them.
#include <algorithm>
#include <optional>

#include "rules/onnxruntime/patterns.h"

namespace latcast::rules::onnxruntime {
namespace {

/// Axes that a mean is taken over, counted from the end; empty: not known, or not the last ones.
Dims last_axes(const Graph& graph, const Node& mean) {
  Dims axes;
  if (const onnx::Attribute* given = mean.attribute("axes")) {
    axes = given->ints;
  } else {
    axes = graph.integers(mean.input(1)).value_or(Dims());
  }
  const auto rank = static_cast<std::int64_t>(graph.info(mean.inputs[0]).dims.size());
  for (std::int64_t& axis : axes) {
    if (axis >= 0) axis -= rank;
  }
  std::ranges::sort(axes);
  for (std::size_t i = 0; i < axes.size(); ++i) {
    if (axes[i] != static_cast<std::int64_t>(i) - static_cast<std::int64_t>(axes.size())) return {};
  }
  return axes;
}

NodeId maker(const Graph& graph, ValueId id) { return id == kNothing ? kNothing : graph.value(id).producer; }

NodeId maker_if(const Graph& graph, ValueId id, std::string_view op) {
  const NodeId found = maker(graph, id);
  return found != kNothing && graph.node(found).is(op) ? found : kNothing;
}

/// The operand of a product or sum that is a constant with the shape of the normalised axes.
std::optional<ValueId> constant_operand(const Graph& graph, const Node& node, std::size_t rank) {
  for (const ValueId input : node.inputs) {
    if (graph.constant(input) && graph.info(input).dims.size() == rank) return input;
  }
  return std::nullopt;
}

/// sqrt(mean(`squares`) + epsilon) from the root back; the nodes, and whose squares.
struct Deviation {
  std::vector<NodeId> nodes;
  ValueId of = kNothing;
  Dims axes;
};

std::optional<Deviation> deviation(const Graph& graph, ValueId root_value) {
  Deviation out;
  const NodeId root = maker_if(graph, root_value, "Sqrt");
  if (root == kNothing || graph.uses(root_value) != 1) return std::nullopt;
  const NodeId add = maker_if(graph, graph.node(root).inputs[0], "Add");
  if (add == kNothing || graph.uses(graph.node(add).outputs[0]) != 1) return std::nullopt;
  for (const ValueId input : graph.node(add).inputs) {
    const NodeId mean = maker_if(graph, input, "ReduceMean");
    if (mean == kNothing || graph.uses(input) != 1) continue;
    const NodeId power = maker_if(graph, graph.node(mean).inputs[0], "Pow");
    if (power == kNothing || graph.uses(graph.node(power).outputs[0]) != 1) continue;
    if (!near_scalar(graph, graph.node(power).inputs[1], 2.0)) continue;
    out.nodes = {root, add, mean, power};
    out.of = graph.node(power).inputs[0];
    out.axes = last_axes(graph, graph.node(mean));
    if (out.axes.empty()) return std::nullopt;
    return out;
  }
  return std::nullopt;
}

/// (x - mean) / deviation * scale + bias, from the division on.
bool layer_norm_at(Graph& graph, NodeId div) {
  const NodeId sub = maker_if(graph, graph.node(div).inputs[0], "Sub");
  const auto spread = deviation(graph, graph.node(div).inputs[1]);
  if (sub == kNothing || !spread) return false;
  const NodeId other = maker_if(graph, spread->of, "Sub");
  if (other == kNothing || graph.node(other).inputs != graph.node(sub).inputs) return false;
  const ValueId x = graph.node(sub).inputs[0], mean_value = graph.node(sub).inputs[1];
  const NodeId mean = maker_if(graph, mean_value, "ReduceMean");
  if (mean == kNothing || graph.node(mean).inputs[0] != x) return false;
  if (last_axes(graph, graph.node(mean)) != spread->axes) return false;
  const std::size_t subtractions = other == sub ? 1 : 2;
  if (graph.uses(mean_value) != subtractions || graph.uses(spread->of) != (other == sub ? 2U : 1U)) return false;
  const NodeId mul = next_is(graph, div, "Mul");
  if (mul == kNothing) return false;
  const auto scale = constant_operand(graph, graph.node(mul), spread->axes.size());
  const NodeId add = next_is(graph, mul, "Add");
  const auto bias = add == kNothing ? std::nullopt : constant_operand(graph, graph.node(add), spread->axes.size());
  if (!scale || !bias) return false;
  const ValueId result = graph.node(add).outputs[0];
  std::vector<NodeId> nodes = spread->nodes;
  nodes.insert(nodes.end(), {mean, sub, other, div, mul, add});
  for (const NodeId id : nodes) graph.remove(id);
  graph.add_node("LayerNormalization", {}, "LayerNormalization", {x, *scale, *bias}, {result},
                 {{"axis", spread->axes.front()}});
  return true;
}

/// x / deviation * scale, from the division on; or x * (1 / deviation) * scale.
bool simplified_norm_at(Graph& graph, NodeId div) {
  const auto spread = deviation(graph, graph.node(div).inputs[1]);
  if (!spread) return false;
  const ValueId x = spread->of;
  std::vector<NodeId> divisions = {div};
  NodeId last = div;
  if (graph.node(div).inputs[0] != x) {
    if (!near_scalar(graph, graph.node(div).inputs[0], 1.0)) return false;
    last = next_is(graph, div, "Mul");
    if (last == kNothing || other_input(graph.node(last), graph.node(div).outputs[0]) != x) return false;
    divisions.push_back(last);
  }
  const NodeId mul = next_is(graph, last, "Mul");
  if (mul == kNothing) return false;
  const auto scale = constant_operand(graph, graph.node(mul), spread->axes.size());
  if (!scale) return false;
  const ValueId result = graph.node(mul).outputs[0];
  std::vector<NodeId> nodes = spread->nodes;
  nodes.insert(nodes.end(), divisions.begin(), divisions.end());
  nodes.push_back(mul);
  for (const NodeId id : nodes) graph.remove(id);
  graph.add_node("SimplifiedLayerNormalization", {}, "SimplifiedLayerNormalization", {x, *scale}, {result},
                 {{"axis", spread->axes.front()}});
  return true;
}

bool three_equal(const Graph& graph, const Node& add) {
  const TensorInfo &a = graph.info(add.inputs[0]), &b = graph.info(add.inputs[1]);
  return a.known && b.known && a.dims.size() == 3 && a.dims == b.dims;
}

/// The sum of something with a constant of one dimension, read by nobody else.
bool adds_bias(const Graph& graph, ValueId value) {
  const Node* add = graph.producer(value);
  if (add == nullptr || !add->is("Add") || graph.uses(value) != 1 || !graph.constant(add->inputs[1])) return false;
  const TensorInfo &a = graph.info(add->inputs[0]), &b = graph.info(add->inputs[1]);
  return a.known && a.dims.size() == 3 && b.dims.size() == 1 && a.dims[2] == b.dims[0];
}

bool skip_norm_at(Graph& graph, NodeId norm) {
  const Node layer = graph.node(norm);
  const ValueId sum = layer.inputs[0];
  const NodeId add = maker_if(graph, sum, "Add");
  if (add == kNothing || graph.uses(sum) != 1 || !three_equal(graph, graph.node(add))) return false;
  Ids inputs = {graph.node(add).inputs[0], graph.node(add).inputs[1], layer.inputs[1], layer.input(2)};
  std::vector<NodeId> nodes = {add, norm};
  for (std::size_t i = 0; i < 2; ++i) {
    if (!adds_bias(graph, inputs[i])) continue;
    const NodeId bias = maker(graph, inputs[i]);
    nodes.push_back(bias);
    inputs.push_back(graph.node(bias).inputs[1]);
    inputs[i] = graph.node(bias).inputs[0];
    break;
  }
  for (const NodeId id : nodes) graph.remove(id);
  graph.add_node("SkipLayerNormalization", kMicrosoft, "SkipLayerNormalization", std::move(inputs), {layer.outputs[0]});
  return true;
}

}  // namespace

std::size_t layer_norm(Graph& graph, const EngineTarget& /*target*/) {
  return everywhere(graph, [&](NodeId id) { return graph.node(id).is("Div") && layer_norm_at(graph, id); });
}

std::size_t standard_layer_norm(Graph& graph, const EngineTarget& target) {
  return graph.opset() >= 17 ? layer_norm(graph, target) : 0;
}

std::size_t simplified_layer_norm(Graph& graph, const EngineTarget& /*target*/) {
  return everywhere(graph, [&](NodeId id) { return graph.node(id).is("Div") && simplified_norm_at(graph, id); });
}

std::size_t skip_layer_norm(Graph& graph, const EngineTarget& /*target*/) {
  return everywhere(graph,
                    [&](NodeId id) { return graph.node(id).is("LayerNormalization") && skip_norm_at(graph, id); });
}

}  // namespace latcast::rules::onnxruntime
