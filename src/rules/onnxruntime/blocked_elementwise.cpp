// Sums, products, joins and activations of blocked values; convolutions take in what follows them where they can.
#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include "rules/onnxruntime/blocked_operators.h"
#include "rules/onnxruntime/stages.h"
#include "rules/onnxruntime/versions.h"

namespace latcast::rules::onnxruntime {
namespace {

/// The other operand goes into the convolution that makes one; true where that was possible.
bool add_into_convolution(BlockedLayout& layout, NodeId id, const std::vector<Blocked*>& inputs) {
  for (std::size_t n = 0; n < 2; ++n) {
    const Blocked from = *inputs[n];
    Node& maker = layout.graph.node(from.maker);
    if (!maker.is("Conv", kNchwc) || (maker.inputs.size() > 3 && maker.inputs[3] != kNothing)) continue;
    if (from.uses != 1 || maker.attribute("activation") != nullptr) continue;
    if (maker.inputs.size() < 3) maker.inputs.resize(3, kNothing);
    const ValueId other = layout.graph.node(inputs[1 - n]->maker).outputs[0], plain = layout.graph.node(id).outputs[0];
    layout.graph.remove(id);
    layout.graph.set_input(from.maker, 3, other);
    layout.made_by(plain, from);
    return true;
  }
  return false;
}

/// Whether all that a node reads and gives has four axes, of known lengths.
bool are_images(const BlockedLayout& layout, const Node& node) {
  const auto image = [&](ValueId id) { return layout.info(id).known && layout.info(id).dims.size() == 4; };
  return std::ranges::all_of(node.inputs, image) && std::ranges::all_of(node.outputs, image);
}

Dims split_dims(const BlockedLayout& layout, const Dims& dims, std::int64_t channels) {
  return {dims[0], layout.padded(channels) / layout.block, dims[2], dims[3], layout.block};
}

ValueId reshaped(BlockedLayout& layout, ValueId from, TensorInfo shape, std::int64_t channels, bool split) {
  const std::int64_t all = layout.padded(channels), block = layout.block;
  if (split) shape.dims = split_dims(layout, shape.dims, channels);
  const ValueId list = layout.graph.add_ints("Reshape", split ? Dims{0, all / block, 0, 0, block} : Dims{0, all, 0, 0});
  const ValueId out = layout.graph.add_value("reshape", std::move(shape));
  layout.graph.add_node("Reshape", {}, "Reshape", {from, list}, {out});
  return out;
}

/// Between values of one number of channels and different sizes: with the block as an axis of its own.
void add_by_blocks(BlockedLayout& layout, NodeId id, const std::vector<Blocked*>& inputs) {
  const Node node = layout.graph.node(id);
  const std::int64_t channels = inputs[0]->channels;
  for (std::size_t n = 0; n < inputs.size(); ++n) {
    --inputs[n]->uses_left;
    layout.graph.set_input(id, n, reshaped(layout, inputs[n]->value, layout.info(inputs[n]->value), channels, true));
  }
  const TensorInfo result = layout.padded_info(layout.info(node.outputs[0]));
  TensorInfo split = result;
  split.dims = split_dims(layout, result.dims, channels);
  const ValueId raw = layout.graph.add_value("reshape", std::move(split));
  layout.graph.set_output(id, 0, raw);
  const ValueId joined = reshaped(layout, raw, result, channels, false);
  layout.made_by(node.outputs[0], layout.graph.value(joined).producer, joined, channels);
}

/// x * hard sigmoid(x) of a convolution's x is the convolution's own activation.
bool hard_swish(BlockedLayout& layout, NodeId id) {
  if (layout.version < since::kConvolutionHardSwish) return false;
  const Node node = layout.graph.node(id);
  for (std::size_t n = 0; n < 2; ++n) {
    Blocked *x = layout.blocked(node.inputs[n]), *gate = layout.blocked(node.inputs[1 - n]);
    if (x == nullptr || gate == nullptr || x->uses != 2 || gate->uses != 1) continue;
    Node& maker = layout.graph.node(x->maker);
    const Node& sigmoid = layout.graph.node(gate->maker);
    if (!sigmoid.is("HardSigmoid") || sigmoid.inputs[0] != x->value || !maker.is("Conv", kNchwc)) continue;
    if (std::abs(sigmoid.real("alpha", 0.2F) - 1.0F / 6.0F) > 1e-3F || sigmoid.real("beta", 0.5F) != 0.5F) continue;
    if (maker.attribute("activation") != nullptr || layout.graph.value(node.outputs[0]).output) continue;
    maker.set({"activation", "HardSwish"});
    const ValueId plain = node.outputs[0];
    const Blocked from = *x;
    x->uses_left = 0;
    gate->uses_left = 0;
    layout.graph.remove(gate->maker);
    layout.graph.remove(id);
    layout.made_by(plain, from);
    return true;
  }
  return false;
}

}  // namespace

void block_binary(BlockedLayout& layout, NodeId id, bool add) {
  const Node node = layout.graph.node(id);
  std::vector<Blocked*> inputs;
  for (const ValueId input : node.inputs) {
    Blocked* one = input == kNothing ? nullptr : layout.blocked(input);
    if (one == nullptr) return;
    inputs.push_back(one);
  }
  const TensorInfo& first = layout.info(node.inputs[0]);
  bool same = true;
  for (std::size_t n = 1; n < inputs.size(); ++n) {
    const TensorInfo& other = layout.info(node.inputs[n]);
    if (inputs[n]->channels != inputs[0]->channels) return;
    same = same && first.known && other.known && first.dims == other.dims;
  }
  if (!same) {
    if (add && are_images(layout, node)) add_by_blocks(layout, id, inputs);
    return;
  }
  for (Blocked* one : inputs) --one->uses_left;
  if (add && inputs.size() == 2 && add_into_convolution(layout, id, inputs)) return;
  const std::int64_t channels = inputs[0]->channels;
  for (std::size_t n = 0; n < inputs.size(); ++n) layout.graph.set_input(id, n, inputs[n]->value);
  layout.create(id, 0, node.outputs[0], channels);
}

void block_multiplication(BlockedLayout& layout, NodeId id) {
  const Node node = layout.graph.node(id);
  if (node.inputs.size() != 2) return;
  for (std::size_t n = 0; n < 2 && layout.version >= since::kBlockedScale; ++n) {
    Blocked* input = layout.blocked(node.inputs[n]);
    if (input == nullptr || !layout.graph.constant(node.inputs[1 - n])) continue;
    Dims shape = layout.info(node.inputs[1 - n]).dims;
    if (shape.size() == 3) shape.insert(shape.begin(), 1);
    if (shape != Dims{1, input->channels, 1, 1}) return;
    const std::int64_t all = layout.padded(input->channels);
    TensorInfo weights;
    weights.dims = {all, 1, 1, 1};
    const ValueId scale = layout.graph.add_constant("mul_scale", std::move(weights));
    --input->uses_left;
    const NodeId made = layout.replace(id, "Conv", {input->value, scale}, input->channels);
    layout.graph.node(made).attributes = {{"group", all}};
    return;
  }
  if (!hard_swish(layout, id)) block_binary(layout, id, false);
}

void block_concat(BlockedLayout& layout, NodeId id) {
  const Node node = layout.graph.node(id);
  if (node.integer("axis", 0) != 1) return;
  std::int64_t channels = 0;
  std::vector<Blocked*> inputs;
  for (const ValueId input : node.inputs) {
    Blocked* one = layout.blocked(input);
    if (one == nullptr || one->channels % layout.block != 0) return;
    inputs.push_back(one);
    channels += one->channels;
  }
  for (std::size_t n = 0; n < inputs.size(); ++n) {
    --inputs[n]->uses_left;
    layout.graph.set_input(id, n, inputs[n]->value);
  }
  layout.create(id, 0, node.outputs[0], channels);
}

void block_activation(BlockedLayout& layout, NodeId id, bool fused) {
  const Node node = layout.graph.node(id);
  Blocked* input = layout.blocked(node.inputs[0]);
  if (input == nullptr) return;
  --input->uses_left;
  const Blocked from = *input;
  Node& maker = layout.graph.node(from.maker);
  if (fused && maker.is("Conv", kNchwc) && from.uses == 1 && maker.attribute("activation") == nullptr) {
    maker.set({"activation", node.op});
    const ValueId plain = node.outputs[0];
    layout.graph.remove(id);
    layout.made_by(plain, from);
    return;
  }
  layout.graph.set_input(id, 0, from.value);
  layout.create(id, 0, node.outputs[0], from.channels);
}

}  // namespace latcast::rules::onnxruntime
