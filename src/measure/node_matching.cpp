#include "measure/node_matching.h"

#include <algorithm>
#include <cmath>
#include <deque>
#include <map>
#include <string>
#include <vector>

namespace latcast {
namespace {

class Matching {
 public:
  Matching(const ExecutedGraph& executed, const NodeTimes& times)
      : executed_(executed), times_(times), time_of_node_(executed.order.size(), nullptr) {
    for (const NodeTime& time : times.nodes) left_.push_back(&time);
  }

  /// Hands each time that is left to the first node without one that `same` accepts, of those with its operator.
  template <typename Same>
  void deal(Same same) {
    std::map<std::string, std::deque<std::size_t>> waiting;
    for (std::size_t node = 0; node < time_of_node_.size(); ++node) {
      if (time_of_node_[node] == nullptr) waiting[executed_.node(node).op].push_back(node);
    }
    std::erase_if(left_, [&](const NodeTime* time) {
      auto& nodes = waiting[time->op];
      const auto node = std::ranges::find_if(
          nodes, [&](std::size_t place) { return same(executed_.node(place), output_dims(place), *time); });
      if (node == nodes.end()) return false;
      time_of_node_[*node] = time;
      nodes.erase(node);
      return true;
    });
  }

  [[nodiscard]] MatchedTimes times() const {
    MatchedTimes out;
    for (const NodeTime* time : time_of_node_)
      out.nodes_ns.push_back(time == nullptr ? -1 : std::llround(time->mean_ns));
    for (const auto& [name, values] : times_.overheads) {
      std::vector<std::int64_t>& own = out.overheads_ns[name];
      for (const NodeTime* time : time_of_node_)
        own.push_back(time == nullptr ? -1
                                      : std::llround(values[static_cast<std::size_t>(time - times_.nodes.data())]));
    }
    return out;
  }

 private:
  /// Of a node's first output; empty: not known.
  [[nodiscard]] Dims output_dims(std::size_t place) const {
    const ir::Ids& outputs = executed_.node(place).outputs;
    if (outputs.empty() || outputs[0] == ir::kNothing) return {};
    const TensorInfo& info = executed_.graph.info(outputs[0]);
    return info.known ? info.dims : Dims();
  }

  const ExecutedGraph& executed_;
  const NodeTimes& times_;
  std::vector<const NodeTime*> time_of_node_, left_;
};

}  // namespace

MatchedTimes match_nodes(const ExecutedGraph& executed, const NodeTimes& times) {
  Matching matching(executed, times);
  matching.deal([](const ir::Node& node, const Dims& dims, const NodeTime& time) {
    return node.name == time.name && (dims.empty() || time.output_dims.empty() || dims == time.output_dims);
  });
  matching.deal([](const ir::Node&, const Dims& dims, const NodeTime& time) {
    return !dims.empty() && dims == time.output_dims;
  });
  return matching.times();
}

}  // namespace latcast
