#include "graph/nominal_clock.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "graph/module_network.h"

namespace latcast {
namespace {

constexpr double kMacs = 50;                                  // a nanosecond
constexpr double kNear = 60, kBetween = 30, kFar = 15;        // bytes of weights a nanosecond
constexpr double kActivations = 40;                           // bytes a nanosecond
constexpr double kNode_ns = 200, kView_ns = 50;               // what an engine does around a node
constexpr double kNearWeights = 4e6, kBetweenWeights = 24e6;  // bytes that a run reads in all

double weights_read(const ir::Graph& graph, std::span<const ir::NodeId> order) {
  double bytes = 0;
  std::vector<bool> counted(graph.values(), false);
  for (const ir::NodeId id : order) {
    for (const ir::ValueId input : graph.node(id).inputs) {
      if (input == ir::kNothing || !graph.value(input).info.constant || counted[input]) continue;
      counted[input] = true;
      bytes += graph.value(input).info.bytes();
    }
  }
  return bytes;
}

/// `weight_rate`: bytes a nanosecond.
double duration_ns(const ir::Graph& graph, const ir::Node& node, double weight_rate) {
  if (is_view(node)) return kView_ns;
  std::vector<const TensorInfo*> inputs, outputs;
  double activations = 0, weights = 0, weight_elements = 0;
  const auto look_up = [&](const ir::Ids& ids, std::vector<const TensorInfo*>& infos) {
    for (const ir::ValueId id : ids) {
      infos.push_back(id == ir::kNothing ? nullptr : &graph.value(id).info);
      if (id == ir::kNothing) continue;
      (infos.back()->constant ? weights : activations) += infos.back()->bytes();
      if (infos.back()->constant) weight_elements += infos.back()->elements();
    }
  };
  look_up(node.inputs, inputs);
  look_up(node.outputs, outputs);
  const bool recurrent = node.op == "LSTM" || node.op == "GRU" || node.op == "RNN";
  const bool stepwise =
      recurrent && !inputs.empty() && inputs[0] != nullptr && inputs[0]->known && !inputs[0]->dims.empty();
  const double macs =
      stepwise ? weight_elements * static_cast<double>(inputs[0]->dims[0]) : product_macs(node.op, inputs, outputs);
  return kNode_ns + macs / kMacs + activations / kActivations + weights / weight_rate;
}

}  // namespace

bool is_view(const ir::Node& node) {
  static constexpr std::array<std::string_view, 5> kViews = {"Reshape", "Flatten", "Squeeze", "Unsqueeze", "Identity"};
  return node.domain.empty() && std::ranges::find(kViews, node.op) != kViews.end();
}

std::vector<double> nominal_durations(const ir::Graph& graph, std::span<const ir::NodeId> order) {
  const double weights = weights_read(graph, order);
  const double rate = weights < kNearWeights ? kNear : weights < kBetweenWeights ? kBetween : kFar;
  std::vector<double> out;
  out.reserve(order.size());
  for (const ir::NodeId id : order) out.push_back(duration_ns(graph, graph.node(id), rate));
  return out;
}

}  // namespace latcast
