#include "rules/onnxruntime/transpose_merges.h"

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "rules/onnxruntime/transpose_edits.h"

namespace latcast::rules::onnxruntime {
namespace {

void cancel(TransposePass& pass, NodeId first, NodeId second, ValueId source, ValueId result) {
  if (!pass.graph.value(result).output) {
    pass.graph.redirect(result, source);
    pass.graph.remove(second);
    return drop_if_unread(pass, first);
  }
  const NodeId maker = pass.graph.value(source).producer;
  pass.graph.remove(second);
  drop_if_unread(pass, first);
  if (maker == kNothing || pass.graph.value(source).output) {
    pass.graph.add_node("Identity", {}, "Identity", {source}, {result});
    return;
  }
  pass.graph.redirect(source, result);
  const auto place = std::ranges::find(pass.graph.node(maker).outputs, source) - pass.graph.node(maker).outputs.begin();
  pass.graph.set_output(maker, static_cast<std::size_t>(place), result);
}

bool merge(TransposePass& pass, NodeId first, NodeId second, const Axes& perm) {
  const Axes own = *pass.perm_of(pass.graph.node(first));
  if (own.size() != perm.size()) return false;
  const ValueId source = pass.graph.node(first).inputs[0], result = pass.graph.node(second).outputs[0];
  if (perm == inverse(own)) {
    cancel(pass, first, second, source, result);
    return true;
  }
  if (pass.graph.node(second).op == "Reshape") {
    pass.graph.remove(second);
    second = pass.graph.add_node("Transpose", {}, "Transpose", {source}, {result});
  } else {
    pass.graph.set_input(second, 0, source);
  }
  pass.graph.node(second).set({"perm", composed(own, perm)});
  drop_if_unread(pass, first);
  return true;
}

/// The order of axes that a reshape amounts to, if it only moves axes of one element.
std::optional<Axes> order_of_reshape(Axes from, const Axes& to) {
  if (from.size() != to.size()) return std::nullopt;
  Axes perm;
  for (const std::int64_t wanted : to) {
    std::size_t place = 0;
    for (; place < from.size() && from[place] != wanted; ++place) {
      if (from[place] != -1 && from[place] != 1 && wanted != 1) return std::nullopt;
    }
    if (place == from.size()) return std::nullopt;
    perm.push_back(static_cast<std::int64_t>(place));
    from[place] = -1;
  }
  return perm;
}

/// Which axis of `from` each axis of `to` is a part of; nothing where axes are joined.
std::optional<std::vector<std::size_t>> parts(const Axes& from, const Axes& to) {
  std::vector<std::size_t> out;
  std::size_t next = 0;
  for (std::size_t axis = 0; axis < from.size(); ++axis) {
    std::int64_t product = 1;
    const std::size_t first = next;
    while (next < to.size() && (next == first || product < from[axis])) {
      product *= to[next++];
      out.push_back(axis);
    }
    if (product != from[axis] || next == first) return std::nullopt;
  }
  return next == to.size() ? std::optional(out) : std::nullopt;
}

/// A reshape that only splits axes comes before the transpose.
bool push_splitting(TransposePass& pass, NodeId transpose, NodeId id) {
  const Axes own = *pass.perm_of(pass.graph.node(transpose));
  const ValueId result = pass.graph.node(id).outputs[0];
  const Axes to = pass.info(result).dims;
  const auto split = parts(pass.info(pass.graph.node(id).inputs[0]).dims, to);
  if (!split) return false;
  // Axes of the new reshape, in the order of what is transposed; and where each axis of the result is among them.
  Axes shape, place(to.size());
  for (const std::int64_t moved_axis : inverse(own)) {
    for (std::size_t i = 0; i < to.size(); ++i) {
      if ((*split)[i] != at(moved_axis)) continue;
      place[i] = static_cast<std::int64_t>(shape.size());
      shape.push_back(to[i]);
    }
  }
  const ValueId source = pass.graph.node(transpose).inputs[0];
  TensorInfo between = pass.info(result);
  between.dims = shape;
  pass.graph.remove(id);
  const ValueId reshaped = pass.graph.add_value(Label(result, "_reshaped"), std::move(between));
  pass.graph.add_node("Reshape", {}, "Reshape", {source, pass.graph.add_ints("shape", shape)}, {reshaped});
  pass.graph.add_node("Transpose", {}, "Transpose", {reshaped}, {result}, {{"perm", place}});
  drop_if_unread(pass, transpose);
  return true;
}

}  // namespace

bool merge_transposes(TransposePass& pass, NodeId first, NodeId second) {
  const Axes* perm = pass.perm_of(pass.graph.node(second));
  return perm != nullptr && merge(pass, first, second, Axes(*perm));
}

bool merge_transpose_and_reshape(TransposePass& pass, NodeId transpose, NodeId reshape) {
  const Node& node = pass.graph.node(reshape);
  if (!pass.graph.constant(node.input(1))) return false;
  const TensorInfo &from = pass.info(node.inputs[0]), &to = pass.info(node.outputs[0]);
  if (!from.known || !to.known) return false;
  if (const auto perm = order_of_reshape(from.dims, to.dims)) return merge(pass, transpose, reshape, *perm);
  return pass.version >= since::kTransposeAfterSplit && push_splitting(pass, transpose, reshape);
}

}  // namespace latcast::rules::onnxruntime
