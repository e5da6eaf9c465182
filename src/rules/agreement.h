// How far a graph deduced by rules is the engine's own: node by node, whatever their names and order.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <vector>

#include "graph/module_network.h"
#include "graph/onnx_model.h"
#include "latcast/result.h"

namespace latcast::rules {

struct Agreement {
  std::size_t engine_nodes = 0, rule_nodes = 0;
  std::vector<bool> matched;  // per node of the engine's graph: the rules' has its like
  std::size_t common = 0;     // nodes that both have: operator, shapes, activation, what their inputs come from
  bool equal = false;         // the graphs are the same, all the way from inputs to outputs
  std::map<std::string, int> missing;  // by operator: the engine has so many more of them
  std::map<std::string, int> surplus;  // the rules have
};

/// Both with the same bindings. `catalogue` (may be null): as for infer_shapes().
[[nodiscard]] Result<Agreement> compare_graphs(const onnx::Model& engine, const onnx::Model& rules,
                                               const DimBindings& bindings, const Catalogue* catalogue);

}  // namespace latcast::rules
