#include "measure/node_matching.h"

#include <cmath>
#include <deque>
#include <map>
#include <string>

namespace latcast {

MatchedTimes match_nodes(const onnx::Model& executed, std::span<const NodeTime> times) {
  std::map<std::pair<std::string, std::string>, std::deque<std::size_t>> waiting;
  const auto& nodes = executed.graph.nodes;
  for (std::size_t node = 0; node < nodes.size(); ++node) waiting[{nodes[node].name, nodes[node].op}].push_back(node);
  MatchedTimes result{std::vector<std::int64_t>(nodes.size(), -1), std::vector<std::int64_t>(nodes.size(), -1)};
  for (const NodeTime& time : times) {
    const auto found = waiting.find({time.name, time.op});
    if (found == waiting.end() || found->second.empty()) continue;
    result.nodes_ns[found->second.front()] = std::llround(time.mean_ns);
    result.pauses_ns[found->second.front()] = std::llround(time.pause_ns);
    found->second.pop_front();
  }
  return result;
}

}  // namespace latcast
