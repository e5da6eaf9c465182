// What patterns of elementary operators are recognised by.
#pragma once

#include <cmath>
#include <string_view>
#include <vector>

#include "rules/onnxruntime/stages.h"

namespace latcast::rules::onnxruntime {

/// How often `at` did something, asked for every node in the order of execution.
template <class At>
std::size_t everywhere(Graph& graph, const At& at) {
  std::size_t count = 0;
  for (const NodeId id : graph.order()) count += at(id) ? 1 : 0;
  return count;
}

/// A node and the activation that reads it become one of the provider's own.
inline void fuse_activation(Graph& graph, NodeId id, NodeId reader, std::string_view op) {
  Node node = graph.take(id);
  const Node activation = graph.take(reader);
  node.set({"activation", activation.op});
  graph.add_node(op, kMicrosoft, "fused " + node.name, node.inputs, activation.outputs, std::move(node.attributes));
}

/// The only reader of the node, if it is `op`; else kNothing.
[[nodiscard]] inline NodeId next_is(const Graph& graph, NodeId id, std::string_view op) {
  const NodeId next = graph.only_reader(id);
  return next != kNothing && graph.node(next).is(op) ? next : kNothing;
}

[[nodiscard]] inline ValueId other_input(const Node& node, ValueId one) {
  return node.inputs[0] == one ? node.inputs[1] : node.inputs[0];
}

/// As close as the optimizer asks for.
[[nodiscard]] inline bool near_scalar(const Graph& graph, ValueId id, double wanted) {
  const auto value = graph.scalar(id);
  return value && std::abs(*value - wanted) <= 1e-5 * std::abs(wanted);
}

/// What a product multiplies with `factor`; kNothing where it is another product.
[[nodiscard]] inline ValueId times(const Graph& graph, const Node& node, double factor) {
  if (!node.is("Mul")) return kNothing;
  for (std::size_t i = 0; i < 2; ++i) {
    if (near_scalar(graph, node.inputs[i], factor)) return node.inputs[1 - i];
  }
  return kNothing;
}

[[nodiscard]] inline bool adds(const Graph& graph, const Node& node, double summand) {
  return node.is("Add") && (near_scalar(graph, node.inputs[0], summand) || near_scalar(graph, node.inputs[1], summand));
}

}  // namespace latcast::rules::onnxruntime
