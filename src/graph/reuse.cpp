#include "graph/reuse.h"

#include <algorithm>
#include <array>
#include <string_view>

namespace latcast {
namespace {

constexpr double kNever = -1;

bool shares_memory(const ir::Node& node) {
  static constexpr std::array<std::string_view, 5> kViews = {"Reshape", "Flatten", "Squeeze", "Unsqueeze", "Identity"};
  return node.domain.empty() && std::ranges::find(kViews, node.op) != kViews.end();
}

class Walker {
 public:
  explicit Walker(const ir::Graph& graph) : graph_(graph), touched_(graph.values(), kNever) {
    bytes_.reserve(graph.values());
    for (ir::ValueId id = 0; id < graph.values(); ++id) bytes_.push_back(graph.value(id).info.bytes());
  }

  /// One run through the graph; `note` gets every node's distances, input by input.
  template <class Note>
  void run(std::span<const ir::NodeId> order, const Note& note) {
    for (const ir::NodeId id : order) {
      const ir::Node& node = graph_.node(id);
      for (const ir::ValueId input : node.inputs) note(distance(input));
      if (shares_memory(node) && node.input(0) != ir::kNothing && !node.outputs.empty()) {
        touch(node.outputs[0], std::max(touched_[node.inputs[0]], 0.0));
        continue;
      }
      for (const auto* ids : {&node.inputs, &node.outputs})
        for (const ir::ValueId value : *ids) clock_ += value == ir::kNothing ? 0.0 : bytes_[value];
      for (const auto* ids : {&node.inputs, &node.outputs})
        for (const ir::ValueId value : *ids) touch(value, clock_);
    }
  }

 private:
  void touch(ir::ValueId value, double when) {
    if (value != ir::kNothing) touched_[value] = when;
  }
  [[nodiscard]] double distance(ir::ValueId value) const {
    return value == ir::kNothing || touched_[value] == kNever ? 0.0 : clock_ - touched_[value];
  }

  const ir::Graph& graph_;
  std::vector<double> bytes_, touched_;  // by value: its size; the clock at its last touch
  double clock_ = 0;
};

}  // namespace

ReuseDistances::ReuseDistances(const ir::Graph& graph, std::span<const ir::NodeId> order) {
  first_.reserve(order.size() + 1);
  std::size_t inputs = 0;
  for (const ir::NodeId id : order) {
    first_.push_back(inputs);
    inputs += graph.node(id).inputs.size();
  }
  first_.push_back(inputs);
  distances_.reserve(inputs);
  Walker walker(graph);
  walker.run(order, [](double) {});  // the second run knows where weights were last touched
  walker.run(order, [&](double distance) { distances_.push_back(distance); });
}

}  // namespace latcast
