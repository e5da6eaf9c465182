// Activations that files spell out in elementary operators.
#include <array>
#include <cmath>
#include <span>
#include <string>
#include <vector>

#include "rules/onnxruntime/patterns.h"

namespace latcast::rules::onnxruntime {
namespace {

constexpr double kSqrt2 = 1.4142135623730951, kSqrt2OverPi = 0.79788456080286536, kCubic = 0.044715;

/// x / sqrt(2), by division alone: the optimizer knows no other way to write it; what x is.
ValueId over_root_two(const Graph& graph, const Node& node) {
  return node.is("Div") && near_scalar(graph, node.inputs[1], kSqrt2) ? node.inputs[0] : kNothing;
}

/// Everything that goes when `nodes` become one, which gives what the last of them gave.
NodeId fuse(Graph& graph, std::span<const NodeId> nodes, NodeId last, std::string_view op, std::string_view domain,
            Ids inputs) {
  const ValueId result = graph.node(last).outputs[0];
  for (const NodeId id : nodes) graph.remove(id);
  return graph.add_node(op, domain, std::string(op), std::move(inputs), {result});
}

/// The optimizer takes a product for the half of the pattern, and gives up.
bool multiplied(const Graph& graph, ValueId x) {
  const Node* maker = graph.producer(x);
  return maker != nullptr && maker->is("Mul");
}

/// From 1 + f(x) on: times x, times a half, with the half first or, where it may be, last. The last product, with all
/// nodes added to `nodes`; kNothing where it goes on otherwise.
NodeId halved_product(const Graph& graph, NodeId sum, ValueId x, bool half_last, std::vector<NodeId>& nodes) {
  if (!adds(graph, graph.node(sum), 1.0)) return kNothing;
  const NodeId mul = next_is(graph, sum, "Mul");
  if (mul == kNothing) return kNothing;
  nodes.insert(nodes.end(), {sum, mul});
  const ValueId factor = other_input(graph.node(mul), graph.node(sum).outputs[0]);
  if (factor == x) {
    if (!half_last || multiplied(graph, x)) return kNothing;
    const NodeId last = next_is(graph, mul, "Mul");
    if (last == kNothing || times(graph, graph.node(last), 0.5) == kNothing) return kNothing;
    nodes.push_back(last);
    return last;
  }
  const Node* half = graph.producer(factor);
  if (half == nullptr || !half->is("Mul") || times(graph, *half, 0.5) != x || graph.uses(factor) != 1) return kNothing;
  nodes.push_back(graph.value(factor).producer);
  return mul;
}

/// x / 2 * (1 + erf(x / sqrt 2)), from the division on.
bool gelu_of_erf(Graph& graph, NodeId first, bool standard) {
  const ValueId x = over_root_two(graph, graph.node(first));
  const NodeId erf = x != kNothing ? next_is(graph, first, "Erf") : kNothing;
  const NodeId sum = erf != kNothing ? next_is(graph, erf, "Add") : kNothing;
  if (sum == kNothing) return false;
  std::vector<NodeId> nodes = {first, erf};
  const NodeId last = halved_product(graph, sum, x, true, nodes);
  if (last == kNothing) return false;
  fuse(graph, nodes, last, "Gelu", standard ? std::string_view() : kMicrosoft, {x});
  return true;
}

/// The node that makes a value for one reader alone, if it is `op`; added to `nodes`.
const Node* only_maker(const Graph& graph, ValueId id, std::string_view op, std::vector<NodeId>& nodes) {
  const Node* maker = graph.producer(id);
  if (maker == nullptr || !maker->is(op) || graph.uses(id) != 1) return nullptr;
  nodes.push_back(graph.value(id).producer);
  return maker;
}

/// x of sqrt(2 / pi) * (x + 0.044715 x^3).
ValueId of_cubic_sum(const Graph& graph, const Node& outer, std::vector<NodeId> nodes, std::vector<NodeId>& found) {
  const Node* add = only_maker(graph, times(graph, outer, kSqrt2OverPi), "Add", nodes);
  for (std::size_t i = 0; i < 2 && add != nullptr; ++i) {
    found = nodes;
    const ValueId x = add->inputs[1 - i];
    const Node* cubic = only_maker(graph, add->inputs[i], "Mul", found);
    const Node* cube = cubic == nullptr ? nullptr : only_maker(graph, times(graph, *cubic, kCubic), "Pow", found);
    if (cube != nullptr && near_scalar(graph, cube->inputs[1], 3.0) && cube->inputs[0] == x) return x;
  }
  return kNothing;
}

/// x of sqrt(2 / pi) x * (1 + x * 0.044715 x).
ValueId of_squared_sum(const Graph& graph, const Node& outer, const std::vector<NodeId>& nodes,
                       std::vector<NodeId>& found) {
  for (std::size_t way = 0; way < 8; ++way) {  // the order of each operator's inputs
    const std::size_t i = way & 1U, j = way >> 1U & 1U, k = way >> 2U;
    found = nodes;
    const Node* scaled = only_maker(graph, outer.inputs[i], "Mul", found);
    const Node* add = only_maker(graph, outer.inputs[1 - i], "Add", found);
    if (scaled == nullptr || add == nullptr || !near_scalar(graph, add->inputs[j], 1.0)) continue;
    const ValueId x = times(graph, *scaled, kSqrt2OverPi);
    const Node* square = only_maker(graph, add->inputs[1 - j], "Mul", found);
    if (square == nullptr || x == kNothing || square->inputs[k] != x) continue;
    const Node* inner = only_maker(graph, square->inputs[1 - k], "Mul", found);
    if (inner != nullptr && times(graph, *inner, kCubic) == x) return x;
  }
  return kNothing;
}

/// The same with tanh, from there on: half x first, times 1 + tanh of a cubic in x.
bool gelu_of_tanh(Graph& graph, NodeId tanh) {
  std::vector<NodeId> nodes = {tanh}, found;
  const Node* outer = only_maker(graph, graph.node(tanh).input(0), "Mul", nodes);
  if (outer == nullptr) return false;
  ValueId x = of_cubic_sum(graph, *outer, nodes, found);
  if (x == kNothing) x = of_squared_sum(graph, *outer, nodes, found);
  const NodeId one = x != kNothing ? next_is(graph, tanh, "Add") : kNothing;
  const NodeId last = one != kNothing ? halved_product(graph, one, x, false, found) : kNothing;
  if (last == kNothing || graph.value(graph.node(last).outputs[0]).output) return false;
  fuse(graph, found, last, "FastGelu", kMicrosoft, {x});
  return true;
}

bool quick_gelu_at(Graph& graph, NodeId sigmoid) {
  const Node& node = graph.node(sigmoid);
  const NodeId mul = next_is(graph, sigmoid, "Mul");
  if (mul == kNothing) return false;
  const ValueId x = other_input(graph.node(mul), node.outputs[0]);
  std::vector<NodeId> nodes = {sigmoid, mul};
  if (node.inputs[0] != x) {
    const Node* scaled = graph.producer(node.inputs[0]);
    if (scaled == nullptr || !scaled->is("Mul") || graph.uses(node.inputs[0]) != 1) return false;
    const bool left = graph.scalar(scaled->inputs[0]).has_value() && scaled->inputs[1] == x;
    const bool right = graph.scalar(scaled->inputs[1]).has_value() && scaled->inputs[0] == x;
    if (!left && !right) return false;
    nodes.push_back(graph.value(node.inputs[0]).producer);
  }
  fuse(graph, nodes, mul, "QuickGelu", kMicrosoft, {x});
  return true;
}

}  // namespace

std::size_t gelu(Graph& graph, const EngineTarget& /*target*/) {
  return everywhere(graph,
                    [&](NodeId id) { return !graph.node(id).removed && gelu_of_erf(graph, id, graph.opset() >= 20); });
}

std::size_t standard_gelu(Graph& graph, const EngineTarget& target) {
  return graph.opset() >= 20 ? gelu(graph, target) : 0;
}

std::size_t fast_gelu(Graph& graph, const EngineTarget& /*target*/) {
  return everywhere(graph, [&](NodeId id) { return graph.node(id).is("Tanh") && gelu_of_tanh(graph, id); });
}

std::size_t quick_gelu(Graph& graph, const EngineTarget& /*target*/) {
  return everywhere(graph, [&](NodeId id) { return graph.node(id).is("Sigmoid") && quick_gelu_at(graph, id); });
}

std::size_t bias_gelu(Graph& graph, const EngineTarget& /*target*/) {
  return everywhere(graph, [&](NodeId id) {
    if (!graph.node(id).is("Add")) return false;
    const NodeId next = graph.only_reader(id);
    if (next == kNothing) return false;
    const Node& follower = graph.node(next);
    const bool erf = follower.is("Gelu", kMicrosoft) || follower.is("Gelu");
    if ((!erf && !follower.is("FastGelu", kMicrosoft)) || follower.inputs.size() > 1) return false;
    const Node add = graph.node(id);
    const TensorInfo &a = graph.info(add.inputs[0]), &b = graph.info(add.inputs[1]);
    if (!a.known || !b.known || a.dims.empty() || b.dims.empty()) return false;
    const bool second = b.dims.size() == 1 && a.dims.back() == b.dims[0];
    const bool first = a.dims.size() == 1 && b.dims.back() == a.dims[0];
    if (!first && !second) return false;
    const std::array<NodeId, 2> nodes = {id, next};
    const std::string op = erf ? "BiasGelu" : "FastGelu";
    Ids inputs = second ? add.inputs : Ids{add.inputs[1], add.inputs[0]};
    fuse(graph, nodes, next, op, kMicrosoft, std::move(inputs));
    return true;
  });
}

}  // namespace latcast::rules::onnxruntime
