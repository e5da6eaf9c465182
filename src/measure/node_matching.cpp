#include "measure/node_matching.h"

#include <algorithm>
#include <cmath>
#include <deque>
#include <map>
#include <string>
#include <vector>

#include "graph/module_network.h"

namespace latcast {
namespace {

/// Per node, of its first output; empty: not known.
std::vector<Dims> output_dims(const onnx::Model& model) {
  std::vector<Dims> out(model.graph.nodes.size());
  const auto shapes = infer_shapes(model, {}, nullptr);
  if (!shapes) return out;
  for (std::size_t i = 0; i < out.size(); ++i) {
    const onnx::Node& node = model.graph.nodes[i];
    const auto found = node.outputs.empty() ? shapes->end() : shapes->find(node.outputs.front());
    if (found != shapes->end() && found->second.known) out[i] = found->second.dims;
  }
  return out;
}

class Matching {
 public:
  Matching(const onnx::Model& model, const NodeTimes& times)
      : nodes_(model.graph.nodes), dims_(output_dims(model)), times_(times), time_of_node_(nodes_.size(), nullptr) {
    for (const NodeTime& time : times.nodes) left_.push_back(&time);
  }

  /// Hands each time that is left to the first node without one that `same` accepts, of those with its operator.
  template <typename Same>
  void deal(Same same) {
    std::map<std::string, std::deque<std::size_t>> waiting;
    for (std::size_t node = 0; node < nodes_.size(); ++node) {
      if (time_of_node_[node] == nullptr) waiting[nodes_[node].op].push_back(node);
    }
    std::erase_if(left_, [&](const NodeTime* time) {
      auto& nodes = waiting[time->op];
      const auto node = std::ranges::find_if(nodes, [&](std::size_t n) { return same(nodes_[n], dims_[n], *time); });
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
  const std::vector<onnx::Node>& nodes_;
  std::vector<Dims> dims_;
  const NodeTimes& times_;
  std::vector<const NodeTime*> time_of_node_, left_;
};

}  // namespace

MatchedTimes match_nodes(const onnx::Model& executed, const NodeTimes& times) {
  Matching matching(executed, times);
  matching.deal([](const onnx::Node& node, const Dims& dims, const NodeTime& time) {
    return node.name == time.name && (dims.empty() || time.output_dims.empty() || dims == time.output_dims);
  });
  matching.deal([](const onnx::Node&, const Dims& dims, const NodeTime& time) {
    return !dims.empty() && dims == time.output_dims;
  });
  return matching.times();
}

}  // namespace latcast
