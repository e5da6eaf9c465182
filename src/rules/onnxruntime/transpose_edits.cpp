#include "rules/onnxruntime/transpose_edits.h"

#include <algorithm>
#include <utility>

namespace latcast::rules::onnxruntime {
namespace {

TensorInfo moved(TensorInfo info, const Axes& perm) {
  if (info.known && info.dims.size() == perm.size()) info.dims = permuted(info.dims, perm);
  info.values.reset();
  return info;
}

ValueId transposed(TransposePass& pass, ValueId value, const Axes& perm) {
  const ValueId out = pass.graph.add_value(Label(value, "_transposed"), moved(pass.info(value), perm));
  pass.graph.value(out).info.constant = false;
  pass.graph.add_node("Transpose", {}, "Transpose", {value}, {out}, {{"perm", perm}});
  return out;
}

void transpose_constant(TransposePass& pass, NodeId id, std::size_t i, const Axes& perm) {
  const ValueId value = pass.graph.node(id).inputs[i];
  TensorInfo out = pass.info(value);
  const bool list = out.dims.size() == 1 && at(out.dims[0]) == perm.size();
  if (list && out.values) *out.values = permuted(*out.values, perm);
  if (list || (out.known && std::ranges::all_of(out.dims, [](std::int64_t dim) { return dim == 1; }) &&
               out.dims.size() != perm.size())) {
    if (list) pass.graph.set_input(id, i, pass.graph.add_constant(Label(value), std::move(out)));
    return;
  }
  pass.graph.set_input(id, i, pass.graph.add_constant(Label(value), moved(std::move(out), perm)));
}

}  // namespace

void drop_if_unread(TransposePass& pass, NodeId id) {
  if (!pass.graph.node(id).removed && pass.graph.uses(pass.graph.node(id).outputs[0]) == 0) pass.graph.remove(id);
}

void transpose_input(TransposePass& pass, NodeId id, std::size_t i, const Axes& perm) {
  const ValueId input = pass.graph.node(id).inputs[i];
  if (pass.graph.constant(input)) return transpose_constant(pass, id, i, perm);
  if (const NodeId before = pass.transpose_of(input); before != kNothing) {
    const Axes own = *pass.perm_of(pass.graph.node(before));
    if (own.size() == perm.size()) {
      const ValueId source = pass.graph.node(before).inputs[0];
      pass.graph.set_input(id, i, own == inverse(perm) ? source : transposed(pass, source, composed(own, perm)));
      return drop_if_unread(pass, before);
    }
  }
  for (const NodeId reader : pass.graph.value(input).readers) {
    const Node& other = pass.graph.node(reader);
    if (reader == id || !other.is("Transpose") || pass.perm_of(other) == nullptr || *pass.perm_of(other) != perm)
      continue;
    return pass.graph.set_input(id, i, other.outputs[0]);
  }
  pass.graph.set_input(id, i, transposed(pass, input, perm));
}

void transpose_outputs(TransposePass& pass, NodeId id, const Axes& perm) {
  if (is_identity(perm)) return;
  const Axes back = inverse(perm);
  for (std::size_t i = 0; i < pass.graph.node(id).outputs.size(); ++i) {
    const ValueId output = pass.graph.node(id).outputs[i];
    if (output == kNothing) continue;
    const ValueId raw = pass.graph.add_value(Label(output, "_raw"), moved(pass.info(output), back));
    pass.graph.set_output(id, i, raw);
    pass.graph.add_node("Transpose", {}, "Transpose", {raw}, {output}, {{"perm", perm}});
  }
}

}  // namespace latcast::rules::onnxruntime
