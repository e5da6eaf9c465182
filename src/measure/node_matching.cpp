#include "measure/node_matching.h"

#include <cmath>
#include <deque>
#include <map>
#include <string>

namespace latcast {

std::vector<std::int64_t> match_nodes(const onnx::Model& executed, std::span<const NodeTime> times) {
  std::map<std::pair<std::string, std::string>, std::deque<std::size_t>> waiting;
  const auto& nodes = executed.graph.nodes;
  for (std::size_t node = 0; node < nodes.size(); ++node) waiting[{nodes[node].name, nodes[node].op}].push_back(node);
  std::vector<std::int64_t> result(nodes.size(), -1);
  for (const NodeTime& time : times) {
    const auto found = waiting.find({time.name, time.op});
    if (found == waiting.end() || found->second.empty()) continue;
    result[found->second.front()] = std::llround(time.mean_ns);
    found->second.pop_front();
  }
  return result;
}

}  // namespace latcast
