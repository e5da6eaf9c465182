#include "rules/onnxruntime/transpose_handlers.h"

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "rules/onnxruntime/transpose_edits.h"
#include "rules/onnxruntime/transpose_merges.h"

namespace latcast::rules::onnxruntime {
namespace {

bool push_plain(TransposePass& pass, NodeId id, const Axes& perm, const Places& inputs) {
  const Axes back = inverse(perm);
  for (const std::size_t i : inputs) transpose_input(pass, id, i, back);
  transpose_outputs(pass, id, perm);
  return true;
}

/// What the outputs are transposed by may be another order.
bool push_first(TransposePass& pass, NodeId id, const Axes& perm, const Axes& after) {
  transpose_input(pass, id, 0, inverse(perm));
  transpose_outputs(pass, id, after);
  return true;
}

bool push_axis(TransposePass& pass, NodeId id, const Axes& perm, const Places& inputs, std::int64_t usual) {
  Axes axis = {pass.graph.node(id).integer("axis", usual)};
  if (!normalise(axis, perm.size())) return false;
  push_plain(pass, id, perm, inputs);
  pass.graph.node(id).set({"axis", perm[at(axis[0])]});
  return true;
}

bool push_softmax(TransposePass& pass, NodeId id, const Axes& perm, const Places& inputs) {
  if (pass.graph.opset() >= 13) return push_axis(pass, id, perm, inputs, -1);
  Axes axis = {pass.graph.node(id).integer("axis", 1)};
  if (!normalise(axis, perm.size())) return false;
  for (std::size_t i = 0; i < perm.size(); ++i) {
    if ((i < at(axis[0])) != (perm[i] < axis[0])) return false;
  }
  return push_plain(pass, id, perm, inputs);
}

/// A constant list with an entry, or two, per axis.
bool reorder_list(TransposePass& pass, NodeId id, std::size_t i, const Axes& perm) {
  const ValueId list = pass.graph.node(id).input(i);
  const std::vector<double>* known = pass.graph.values(list);
  if (known == nullptr || known->size() % perm.size() != 0) return false;
  const std::vector<double> old = *known;
  std::vector<double> values;
  for (std::size_t half = 0; half < old.size(); half += perm.size()) {
    for (const std::int64_t axis : perm) values.push_back(old[half + at(axis)]);
  }
  const TensorInfo& given = pass.info(list);
  pass.graph.set_input(
      id, i,
      pass.graph.add_constant(Label(list), {.type = given.type, .dims = given.dims, .values = std::move(values)}));
  return true;
}

bool push_constant_list(TransposePass& pass, NodeId id, const Axes& perm, std::size_t list) {
  return reorder_list(pass, id, list, inverse(perm)) && push_plain(pass, id, perm, {0});
}

bool push_pad(TransposePass& pass, NodeId id, const Axes& perm) {
  if (pass.graph.opset() >= 11) return push_constant_list(pass, id, perm, 1);
  const onnx::Attribute* pads = pass.graph.node(id).attribute("pads");
  if (pads == nullptr || pads->ints.size() != 2 * perm.size()) return false;
  Axes out;
  for (const std::size_t half : {std::size_t{0}, perm.size()}) {
    for (const std::int64_t axis : inverse(perm)) out.push_back(pads->ints[half + at(axis)]);
  }
  pass.graph.node(id).set({"pads", std::move(out)});
  return push_plain(pass, id, perm, {0});
}

bool push_resize(TransposePass& pass, NodeId id, const Axes& perm) {
  if (perm != Axes{0, 2, 3, 1} && perm != Axes{0, 3, 1, 2}) return false;
  for (std::size_t i = 1; i < pass.graph.node(id).inputs.size(); ++i) {
    if (pass.graph.node(id).inputs[i] != kNothing) reorder_list(pass, id, i, inverse(perm));
  }
  return push_plain(pass, id, perm, {0});
}

/// Axes from an attribute or, from `opset` on, from a constant input; nothing: not known.
std::optional<Axes> axes_of(TransposePass& pass, NodeId id, std::int64_t opset) {
  const Node& node = pass.graph.node(id);
  if (pass.graph.opset() < opset) {
    const onnx::Attribute* axes = node.attribute("axes");
    return axes == nullptr ? std::nullopt : std::optional(axes->ints);
  }
  return pass.graph.integers(node.input(1));
}

void set_axes(TransposePass& pass, NodeId id, std::int64_t opset, const Axes& axes) {
  if (pass.graph.opset() < opset) return pass.graph.node(id).set({"axes", axes});
  pass.graph.set_input(id, 1, pass.graph.add_ints("axes", axes));
}

bool push_reduce(TransposePass& pass, NodeId id, const Axes& perm) {
  const std::int64_t opset = pass.graph.node(id).op == "ReduceSum" ? 13 : 18;
  const bool keep = pass.graph.node(id).integer("keepdims", 1) != 0;
  std::optional<Axes> axes = axes_of(pass, id, opset);
  if (!axes && pass.graph.opset() >= opset && pass.graph.node(id).input(1) != kNothing) return false;
  Axes after = perm;
  if (!axes || axes->empty()) {
    if (!keep && pass.graph.node(id).integer("noop_with_empty_axes", 0) == 0) after.clear();
  } else {
    if (!normalise(*axes, perm.size())) return false;
    Axes before = axes_before(*axes, perm);
    std::ranges::sort(before);
    set_axes(pass, id, opset, before);
    if (!keep) after = without(perm, before);
  }
  return push_first(pass, id, perm, after);
}

bool push_arg(TransposePass& pass, NodeId id, const Axes& perm) {
  Axes axis = {pass.graph.node(id).integer("axis", 0)};
  if (!normalise(axis, perm.size())) return false;
  const std::int64_t before = perm[at(axis[0])];
  pass.graph.node(id).set({"axis", before});
  return push_first(pass, id, perm, pass.graph.node(id).integer("keepdims", 1) != 0 ? perm : without(perm, {before}));
}

bool push_squeeze(TransposePass& pass, NodeId id, const Axes& perm) {
  std::optional<Axes> axes = axes_of(pass, id, 13);
  if (!axes || !normalise(*axes, perm.size())) return false;
  Axes before = axes_before(*axes, perm);
  std::ranges::sort(before);
  set_axes(pass, id, 13, before);
  return push_first(pass, id, perm, without(perm, before));
}

bool push_unsqueeze(TransposePass& pass, NodeId id, const Axes& perm) {
  std::optional<Axes> axes = axes_of(pass, id, 13);
  if (!axes || !normalise(*axes, perm.size() + axes->size())) return false;
  return push_first(pass, id, perm, with(perm, *axes));
}

bool push_slice(TransposePass& pass, NodeId id, const Axes& perm) {
  if (pass.graph.opset() < 10) return false;
  const ValueId given = pass.graph.node(id).input(3), starts = pass.graph.node(id).input(1);
  Axes axes;
  if (given == kNothing) {
    if (!pass.info(starts).known || pass.info(starts).dims.size() != 1) return false;
    for (std::int64_t axis = 0; axis < pass.info(starts).dims[0]; ++axis) axes.push_back(axis);
  } else {
    const auto known = pass.graph.integers(given);
    if (!known) return false;
    axes = *known;
  }
  if (!normalise(axes, perm.size())) return false;
  pass.graph.set_input(id, 3, pass.graph.add_ints("axes", axes_before(axes, perm)));
  return push_first(pass, id, perm, perm);
}

bool push_gather(TransposePass& pass, NodeId id, const Axes& perm) {
  const TensorInfo& indices = pass.info(pass.graph.node(id).input(1));
  Axes axis = {pass.graph.node(id).integer("axis", 0)};
  if (!indices.known || !indices.dims.empty() || !normalise(axis, perm.size())) return false;
  const std::int64_t before = perm[at(axis[0])];
  pass.graph.node(id).set({"axis", before});
  return push_first(pass, id, perm, without(perm, {before}));
}

void unsqueeze_input(TransposePass& pass, NodeId id, std::size_t i, const Axes& axes) {
  const ValueId input = pass.graph.node(id).inputs[i];
  TensorInfo wider = pass.info(input);
  for (const std::int64_t axis : axes) wider.dims.insert(wider.dims.begin() + axis, 1);
  if (pass.graph.constant(input)) return pass.graph.set_input(id, i, pass.graph.add_constant(Label(input), wider));
  const ValueId out = pass.graph.add_value(Label(input, "_unsqueezed"), wider);
  const NodeId node = pass.graph.opset() >= 13 ? pass.graph.add_node("Unsqueeze", {}, "Unsqueeze",
                                                                     {input, pass.graph.add_ints("axes", axes)}, {out})
                                               : pass.graph.add_node("Unsqueeze", {}, "Unsqueeze", {input}, {out});
  if (pass.graph.opset() < 13) pass.graph.node(node).set({"axes", axes});
  pass.graph.set_input(id, i, out);
  if (const NodeId before = pass.transpose_of(input); before != kNothing) {
    push_unsqueeze(pass, node, *pass.perm_of(pass.graph.node(before)));
  }
}

bool same_ranks(TransposePass& pass, NodeId id, std::size_t rank, const Places& inputs) {
  for (const std::size_t i : inputs) {
    const TensorInfo& one = pass.info(pass.graph.node(id).inputs[i]);
    if (!one.known || one.dims.size() > rank) return false;
  }
  for (const std::size_t i : inputs) {
    Axes axes;
    for (std::size_t a = pass.info(pass.graph.node(id).inputs[i]).dims.size(); a < rank; ++a) {
      axes.push_back(static_cast<std::int64_t>(axes.size()));
    }
    if (!axes.empty()) unsqueeze_input(pass, id, i, axes);
  }
  return true;
}

}  // namespace

bool push_through(TransposePass& pass, NodeId transpose, NodeId id, const Axes& perm, const Places& inputs) {
  switch (pass.kind(pass.graph.node(id))) {
    case Kind::every:
    case Kind::first:
      return push_plain(pass, id, perm, inputs);
    case Kind::broadcast:
      return same_ranks(pass, id, perm.size(), inputs) && push_plain(pass, id, perm, inputs);
    case Kind::axis:
      return pass.graph.node(id).attribute("axis") != nullptr && push_axis(pass, id, perm, inputs, 0);
    case Kind::split:
      return push_axis(pass, id, perm, inputs, 0);
    case Kind::softmax:
      return push_softmax(pass, id, perm, inputs);
    case Kind::pad:
      return push_pad(pass, id, perm);
    case Kind::reduce:
      return push_reduce(pass, id, perm);
    case Kind::arg:
      return push_arg(pass, id, perm);
    case Kind::squeeze:
      return push_squeeze(pass, id, perm);
    case Kind::unsqueeze:
      return push_unsqueeze(pass, id, perm);
    case Kind::slice:
      return push_slice(pass, id, perm);
    case Kind::gather:
      return push_gather(pass, id, perm);
    case Kind::tile:
      return push_constant_list(pass, id, perm, 1);
    case Kind::resize:
      return push_resize(pass, id, perm);
    case Kind::transpose:
      return merge_transposes(pass, transpose, id);
    case Kind::reshape:
      return merge_transpose_and_reshape(pass, transpose, id);
    case Kind::none:
      break;
  }
  return false;
}

}  // namespace latcast::rules::onnxruntime
