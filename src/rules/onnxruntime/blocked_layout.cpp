#include "rules/onnxruntime/blocked_layout.h"

#include <algorithm>
#include <utility>

#include "rules/onnxruntime/stages.h"

namespace latcast::rules::onnxruntime {

BlockedLayout::BlockedLayout(Graph& among, const EngineTarget& target)
    : graph(among),
      version(target.version),
      block(target.block),
      blocked_(among.values()),
      reordered_(among.values(), kNothing),
      filters_(among.values(), kNothing),
      biases_(among.values(), kNothing) {}

bool BlockedLayout::only_blocked_inputs(const Node& node) const {
  return std::ranges::all_of(node.inputs, [&](ValueId input) {
    return input == kNothing || graph.producer(input) == nullptr;  // a blocked value's plain one has no maker
  });
}

TensorInfo BlockedLayout::padded_info(const TensorInfo& plain) const {
  TensorInfo out = plain;
  out.constant = false;
  out.values.reset();
  if (out.known && out.dims.size() == 4) out.dims[1] = padded(out.dims[1]);
  return out;
}

void BlockedLayout::made_by(ValueId plain, NodeId maker, ValueId value, std::int64_t channels) {
  const std::size_t uses = graph.uses(plain);
  blocked_[plain] = {maker, value, uses, uses, channels};
  ++changes_;
}

void BlockedLayout::create(NodeId maker, std::size_t output, ValueId plain, std::int64_t channels) {
  const ValueId value = graph.add_value(Label(plain, "_reorder"), padded_info(info(plain)));
  graph.set_output(maker, output, value);
  made_by(plain, maker, value, channels);
}

NodeId BlockedLayout::replace(NodeId id, std::string_view op, Ids inputs, std::int64_t channels) {
  Node plain = graph.take(id);
  const ValueId result = plain.outputs[0];
  const NodeId out = graph.add_node(op, kNchwc, {}, std::move(inputs), {result}, std::move(plain.attributes));
  graph.node(out).label = Label(result, "_nchwc");
  create(out, 0, result, channels);
  return out;
}

ValueId BlockedLayout::blocked_input(ValueId plain) {
  if (Blocked* known = blocked(plain)) {
    --known->uses_left;
    return known->value;
  }
  ValueId& reordered = reordered_[plain];
  if (reordered == kNothing) {
    reordered = graph.add_value(Label(plain, "_reorder"), padded_info(info(plain)));
    reorder_from_nhwc(plain, reordered);
  }
  return reordered;
}

/// A transpose before it is part of the reordering.
void BlockedLayout::reorder_from_nhwc(ValueId plain, ValueId result) {
  const std::size_t plain_uses = graph.uses(plain);
  const Node* maker = graph.producer(plain);
  const onnx::Attribute* perm = maker == nullptr ? nullptr : maker->attribute("perm");
  const bool last = maker != nullptr && maker->is("Transpose") && perm != nullptr && perm->ints == Dims{0, 3, 1, 2} &&
                    plain_uses == 1;
  const NodeId id = graph.add_node("ReorderInput", kNchwc, "ReorderInput", {last ? maker->inputs[0] : plain}, {result});
  if (!last) return;
  graph.node(id).set({"channels_last", 1});
  transposes_.push_back(graph.value(plain).producer);
}

ValueId BlockedLayout::filter(ValueId plain, std::int64_t channels_out, std::int64_t channels_in) {
  ValueId& known = filters_[plain];
  if (known != kNothing) return known;
  TensorInfo out = info(plain);
  out.dims[0] = channels_out;
  out.dims[1] = channels_in;
  out.values.reset();
  return known = graph.add_constant(Label(plain, "_reorder"), std::move(out));
}

ValueId BlockedLayout::bias(ValueId plain, std::int64_t channels) {
  if (info(plain).dims[0] == channels) return plain;
  ValueId& known = biases_[plain];
  if (known != kNothing) return known;
  TensorInfo out = info(plain);
  out.dims = {channels};
  out.values.reset();
  return known = graph.add_constant(Label(plain, "_reorder"), std::move(out));
}

void BlockedLayout::reorder_outputs() {
  for (ValueId plain = 0; plain < blocked_.size(); ++plain) {
    const Blocked one = blocked_[plain];
    if (one.maker == kNothing || one.uses_left == 0) continue;
    graph.add_node("ReorderOutput", kNchwc, "ReorderOutput", {one.value}, {plain}, {{"channels", one.channels}});
  }
  for (const NodeId id : transposes_) {
    if (graph.uses(graph.node(id).outputs[0]) == 0) graph.remove(id);
  }
}

}  // namespace latcast::rules::onnxruntime
