// Transposes are pushed down, through operators that do not mind, towards others that undo them.
#include <algorithm>
#include <vector>

#include "rules/onnxruntime/stages.h"
#include "rules/onnxruntime/transpose_cost.h"
#include "rules/onnxruntime/transpose_handlers.h"

namespace latcast::rules::onnxruntime {
namespace {

bool push(TransposePass& pass, const TransposeCost& cost, NodeId transpose, NodeId id, std::size_t input) {
  const Node& node = pass.graph.node(id);
  const Places inputs = pass.transposable(node);
  if (pass.kind(node) == Kind::none || std::ranges::find(inputs, input) == inputs.end()) return false;
  const Axes perm = *pass.perm_of(pass.graph.node(transpose));
  return cost.worth_it(node, perm, inputs) && push_through(pass, transpose, id, perm, inputs);
}

std::size_t push_all(TransposePass pass) {
  const Graph& graph = pass.graph;
  const std::vector<NodeId> order = graph.order();
  const TransposeCost cost(pass, order);
  std::size_t count = 0;
  for (const NodeId id : order) {
    if (graph.node(id).removed) continue;
    for (std::size_t i = 0; i < graph.node(id).inputs.size(); ++i) {
      const NodeId transpose = pass.transpose_of(graph.node(id).inputs[i]);
      if (transpose == kNothing || !push(pass, cost, transpose, id, i)) continue;
      ++count;
      break;  // inputs may have changed
    }
  }
  return count;
}

}  // namespace

std::size_t push_transposes(Graph& graph, const EngineTarget& target) {
  return push_all({graph, target.version, false});
}

std::size_t push_transposes_again(Graph& graph, const EngineTarget& target) {
  return push_all({graph, target.version, true});
}

}  // namespace latcast::rules::onnxruntime
