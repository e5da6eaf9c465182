// How far a graph deduced by rules is the engine's own: node by node, whatever their names and order.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <vector>

#include "graph/executed_graph.h"

namespace latcast::rules {

struct Agreement {
  std::size_t engine_nodes = 0, rule_nodes = 0;
  std::vector<bool> matched;  // per node of the engine's graph: the rules' has its like
  std::size_t common = 0;     // nodes that both have: operator, shapes, activation, what their inputs come from
  bool equal = false;         // the graphs are the same, all the way from inputs to outputs
  std::map<std::string, int> missing;  // by operator: the engine has so many more of them
  std::map<std::string, int> surplus;  // the rules have
};

[[nodiscard]] Agreement compare_graphs(const ExecutedGraph& engine, const ExecutedGraph& rules);

}  // namespace latcast::rules
