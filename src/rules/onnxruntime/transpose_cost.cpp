#include "rules/onnxruntime/transpose_cost.h"

#include <algorithm>

namespace latcast::rules::onnxruntime {

TransposeCost::TransposeCost(const TransposePass& pass, const std::vector<NodeId>& order)
    : pass_(pass), leading_(pass.graph.values(), false) {
  for (auto id = order.rbegin(); id != order.rend(); ++id) {
    const Node& node = pass_.graph.node(*id);
    if (node.is("Transpose")) {
      leading_[node.inputs[0]] = true;
      continue;
    }
    const bool leading = std::ranges::any_of(node.outputs, [&](ValueId output) { return leads(output); });
    if (!leading || !passes_on(pass_.kind(node))) continue;
    for (const std::size_t i : pass_.transposable(node)) leading_[node.inputs[i]] = true;
  }
}

/// Axes that are longer than one.
int TransposeCost::rank(ValueId id) const {
  const TensorInfo& one = pass_.info(id);
  if (!one.known) return 5;
  return static_cast<int>(std::ranges::count_if(one.dims, [](std::int64_t dim) { return dim != 1; }));
}

/// Nothing but operators that a transpose can be pushed through read it.
bool TransposeCost::may_vanish(const Node& transpose) const {
  const Value& value = pass_.graph.value(transpose.outputs[0]);
  return !value.output && std::ranges::all_of(value.readers, [&](NodeId reader) {
    return pass_.kind(pass_.graph.node(reader)) != Kind::none;
  });
}

int TransposeCost::input_cost(ValueId input, const Axes& perm) const {
  if (pass_.graph.constant(input)) return 0;
  const NodeId before = pass_.transpose_of(input);
  if (before == kNothing) return rank(input);
  const Node& transpose = pass_.graph.node(before);
  return *pass_.perm_of(transpose) == perm && may_vanish(transpose) ? -rank(input) : 0;
}

bool TransposeCost::worth_it(const Node& node, const Axes& perm, const Places& inputs) const {
  if (node.is("Transpose")) return true;
  int cost = 0;
  for (const std::size_t i : inputs) cost += input_cost(node.inputs[i], perm);
  if (cost >= 0 || !passes_on(pass_.kind(node))) return cost < 0;
  int most = 0;
  for (const ValueId output : node.outputs) {
    if (output == kNothing) continue;
    if (leads(output)) return true;
    most = std::max(most, rank(output));
  }
  return cost + most < 0;
}

}  // namespace latcast::rules::onnxruntime
