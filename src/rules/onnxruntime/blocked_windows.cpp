// Operators that slide over images, in the blocked layout.
#include <optional>
#include <utility>
#include <vector>

#include "rules/onnxruntime/blocked_operators.h"
#include "rules/onnxruntime/stages.h"
#include "rules/onnxruntime/versions.h"

namespace latcast::rules::onnxruntime {
namespace {

constexpr std::int64_t kAlignment = 4;  // channels that are no multiple of it never enter

/// How a convolution's weights are laid out; nothing: it stays plain.
struct Filter {
  bool from_plain = false;  // reads its input as it is
  std::int64_t channels_in = 0;
  std::int64_t groups = 1;
};

std::optional<Filter> filter_of(const BlockedLayout& layout, const Dims& weights, std::int64_t groups) {
  const std::int64_t out = weights[0], in = weights[1];
  Filter found{false, in, groups};
  if (groups > 1) {
    if (out % kAlignment != 0) return std::nullopt;
    if (in == 1 && out == groups) {
      found.groups = layout.padded(out);
      return found;
    }
    if (in % layout.block != 0 || out % groups != 0 || (out / groups) % layout.block != 0) return std::nullopt;
    return found;
  }
  found.from_plain = in < layout.block;
  if (found.from_plain) return found;
  if (in % kAlignment != 0) return std::nullopt;
  found.channels_in = layout.padded(in);
  return found;
}

/// Resampling that the blocked operator can do: the nearest value, or linearly.
bool blocked_resampling(const BlockedLayout& layout, const Node& node) {
  const std::string_view mode = node.text("mode"), places = node.text("coordinate_transformation_mode");
  const bool newer = layout.graph.opset() >= 11 && node.op == "Resize";
  if (mode.empty() || mode == "nearest")
    return !newer || (places == "asymmetric" && node.text("nearest_mode") == "floor");
  return mode == "linear" && (!newer || places == "asymmetric" || places == "align_corners" || places == "half_pixel");
}

/// Whole factors of the image's axes; nothing where it is anything else.
std::optional<Dims> factors(const BlockedLayout& layout, const Node& node) {
  const TensorInfo &in = layout.info(node.inputs[0]), &out = layout.info(node.outputs[0]);
  if (!blocked_resampling(layout, node) || !in.known || !out.known || in.dims.size() != 4 || out.dims.size() != 4)
    return std::nullopt;
  Dims scales;
  for (std::size_t axis = 0; axis < 4; ++axis) {
    if (in.dims[axis] <= 0 || out.dims[axis] < in.dims[axis] || out.dims[axis] % in.dims[axis] != 0)
      return std::nullopt;
    scales.push_back(out.dims[axis] / in.dims[axis]);
  }
  if (scales[0] != 1 || scales[1] != 1) return std::nullopt;
  return scales;
}

}  // namespace

void block_convolution(BlockedLayout& layout, NodeId id) {
  if (!layout.graph.constant(layout.graph.node(id).input(1))) return;
  const TensorInfo& weights = layout.info(layout.graph.node(id).inputs[1]);
  if (weights.type != onnx::DataType::float32 || weights.dims.size() != 4) return;
  const std::int64_t channels = weights.dims[0], groups = layout.graph.node(id).integer("group", 1);
  const auto filter = filter_of(layout, weights.dims, groups);
  if (!filter) return;
  Ids inputs = layout.graph.node(id).inputs;
  if (inputs.size() > 2 && inputs[2] != kNothing) {
    if (!layout.graph.constant(inputs[2]) || layout.info(inputs[2]).dims != Dims{channels}) return;
    inputs[2] = layout.bias(inputs[2], layout.padded(channels));
  }
  inputs[1] = layout.filter(inputs[1], layout.padded(channels), filter->channels_in);
  if (!filter->from_plain) inputs[0] = layout.blocked_input(inputs[0]);
  const NodeId made = layout.replace(id, "Conv", std::move(inputs), channels);
  if (filter->groups != groups) layout.graph.node(made).set({"group", filter->groups});
}

void block_pool(BlockedLayout& layout, NodeId id) {
  const Node node = layout.graph.node(id);
  if (node.outputs.size() > 1 && node.outputs[1] != kNothing) return;
  const TensorInfo& in = layout.info(node.inputs[0]);
  if (in.type != onnx::DataType::float32 || !in.known || in.dims.size() != 4 || in.dims[1] % layout.block != 0) return;
  const bool odd = node.integer("ceil_mode", 0) != 0 && node.integer("count_include_pad", 0) != 0;
  if (odd && layout.version >= since::kPlainCeilPools) return;
  const bool global = node.op.starts_with("Global");
  if (global && layout.blocked(node.inputs[0]) == nullptr) return;
  const std::int64_t channels = in.dims[1];
  const ValueId input = layout.blocked_input(node.inputs[0]);
  layout.replace(id, node.op, {input}, channels);
}

void block_normalisation(BlockedLayout& layout, NodeId id) {
  if (layout.graph.opset() >= 15 && layout.version < since::kLateBatchNorm) return;
  const Node node = layout.graph.node(id);
  Blocked* input = layout.blocked(node.inputs[0]);
  if (input == nullptr || node.inputs.size() < 5 || node.attribute("epsilon") == nullptr) return;
  for (std::size_t i = 1; i < 5; ++i) {
    if (!layout.graph.constant(node.inputs[i])) return;
  }
  const std::int64_t channels = input->channels, all = layout.padded(channels);
  TensorInfo weights;
  weights.dims = {all, 1, 1, 1};
  TensorInfo shift;
  shift.dims = {all};
  const ValueId scale = layout.graph.add_constant("bn_scale", std::move(weights));
  const ValueId offset = layout.graph.add_constant("bn_B", std::move(shift));
  --input->uses_left;
  const ValueId from = input->value;
  const NodeId made = layout.replace(id, "Conv", {from, scale, offset}, channels);
  layout.graph.node(made).attributes = {{"group", all}};
}

void block_resize(BlockedLayout& layout, NodeId id) {
  if (layout.graph.opset() >= 18 && layout.version < since::kLateResize) return;
  const Node node = layout.graph.node(id);
  if (node.op == "Upsample" && layout.graph.opset() < 9) return;
  Blocked* input = layout.blocked(node.inputs[0]);
  const auto scales = input == nullptr ? std::nullopt : factors(layout, node);
  if (!scales) return;
  --input->uses_left;
  const ValueId from = input->value;
  const NodeId made = layout.replace(id, "Upsample", {from}, input->channels);
  std::vector<onnx::Attribute> attributes;
  for (const char* name : {"mode", "coordinate_transformation_mode"}) {
    if (const onnx::Attribute* kept = node.attribute(name)) attributes.push_back(*kept);
  }
  attributes.emplace_back("scales", *scales);
  layout.graph.node(made).attributes = std::move(attributes);
}

}  // namespace latcast::rules::onnxruntime
