// The blocked layout: channels in groups of the vector width, one behind the other. Convolutions and pools enter it,
// what follows stays in it where it can, and whoever needs the plain layout gets it reordered.
#include "rules/onnxruntime/blocked_operators.h"
#include "rules/onnxruntime/stages.h"
#include "rules/onnxruntime/versions.h"

namespace latcast::rules::onnxruntime {
namespace {

/// To channels last: that is another way of reordering.
void leave_for_channels_last(BlockedLayout& layout, NodeId id) {
  const Node node = layout.graph.node(id);
  Blocked* input = layout.blocked(node.inputs[0]);
  const onnx::Attribute* perm = node.attribute("perm");
  if (input == nullptr || perm == nullptr || perm->ints != Dims{0, 2, 3, 1}) return;
  --input->uses_left;
  const Blocked from = *input;
  layout.graph.remove(id);
  layout.graph.add_node("ReorderOutput", kNchwc, "ReorderOutput", {from.value}, {node.outputs[0]},
                        {{"channels", from.channels}, {"channels_last", 1}});
  layout.changed();
}

void transform(BlockedLayout& layout, NodeId id) {
  const Node& node = layout.graph.node(id);
  if (node.is("Conv") || node.is("FusedConv", kMicrosoft)) return block_convolution(layout, id);
  if (node.is("MaxPool") || node.is("AveragePool")) return block_pool(layout, id);
  if (node.inputs.empty() || !layout.only_blocked_inputs(node)) return;
  if (node.is("Add") || node.is("Sum")) return block_binary(layout, id, true);
  if (node.is("Mul")) return block_multiplication(layout, id);
  if (node.is("Concat")) return block_concat(layout, id);
  if (node.is("Relu") || node.is("Sigmoid") || node.is("Tanh")) return block_activation(layout, id, true);
  const bool gelu = node.is("QuickGelu", kMicrosoft) || node.is("Gelu", kMicrosoft) || node.is("Gelu");
  if (layout.version >= since::kBlockedActivations && (gelu || node.is("HardSigmoid"))) {
    return block_activation(layout, id, !gelu);
  }
  if (node.is("BatchNormalization")) return block_normalisation(layout, id);
  if (node.is("Transpose")) return leave_for_channels_last(layout, id);
  if (node.is("Resize") || node.is("Upsample")) return block_resize(layout, id);
  if (node.is("GlobalMaxPool") || node.is("GlobalAveragePool")) return block_pool(layout, id);
}

}  // namespace

std::size_t block_channels(Graph& graph, const EngineTarget& target) {
  if (target.block <= 1) return 0;
  BlockedLayout layout(graph, target);
  for (const NodeId id : graph.order()) {
    if (!graph.node(id).removed) transform(layout, id);
  }
  layout.reorder_outputs();
  return layout.changes();
}

}  // namespace latcast::rules::onnxruntime
