// Transposes are pushed down, through operators that do not mind, towards others that undo them: where the number of
// axes that are moved falls. The heuristics of cost are the optimizer's own.
#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "rules/onnxruntime/permutation.h"
#include "rules/onnxruntime/stages.h"
#include "rules/onnxruntime/transpose_kinds.h"
#include "rules/onnxruntime/versions.h"

namespace latcast::rules::onnxruntime {
namespace {

/// Of inputs.
using Places = InlineVector<std::uint32_t, 4>;

class Pushing {
 public:
  Pushing(Graph& graph, int version, bool assigned) : graph_(graph), version_(version), assigned_(assigned) {}

  std::size_t run() {
    const std::vector<NodeId> order = graph_.order();
    find_leading(order);
    std::size_t count = 0;
    for (const NodeId id : order) {
      if (graph_.node(id).removed) continue;
      for (std::size_t i = 0; i < graph_.node(id).inputs.size(); ++i) {
        const NodeId transpose = transpose_of(graph_.node(id).inputs[i]);
        if (transpose == kNothing || !process(transpose, id, i)) continue;
        ++count;
        break;  // inputs may have changed
      }
    }
    return count;
  }

 private:
  [[nodiscard]] const TensorInfo& info(ValueId id) const { return graph_.value(id).info; }

  [[nodiscard]] const Axes* perm_of(const Node& node) const {
    const onnx::Attribute* perm = node.attribute("perm");
    return perm != nullptr && !perm->ints.empty() && is_permutation(perm->ints) ? &perm->ints : nullptr;
  }

  /// The transpose that makes a value, if it has a valid order.
  [[nodiscard]] NodeId transpose_of(ValueId id) const {
    const Node* maker = graph_.producer(id);
    return maker != nullptr && maker->is("Transpose") && perm_of(*maker) != nullptr ? graph_.value(id).producer
                                                                                    : kNothing;
  }

  /// Operators that this run may look through: resampling only when the provider is known.
  [[nodiscard]] Kind kind(const Node& node) const {
    const Kind found = kind_of(node);
    if (found == Kind::gather && version_ < since::kTransposeAfterGather) return Kind::none;
    return found == Kind::resize && !assigned_ ? Kind::none : found;
  }

  [[nodiscard]] Places transposable(const Node& node) const {
    Places out;
    const Kind how = kind(node);
    for (std::size_t i = 0; i < node.inputs.size(); ++i) {
      if (node.inputs[i] == kNothing) continue;
      const bool scalar = info(node.inputs[i]).known && info(node.inputs[i]).dims.empty();
      const bool all = how == Kind::every || how == Kind::axis || (how == Kind::broadcast && !scalar);
      if (all || (i == 0 && how != Kind::broadcast)) out.push_back(static_cast<std::uint32_t>(i));
    }
    return out;
  }

  /// Values from which a way through such operators leads to a transpose.
  void find_leading(const std::vector<NodeId>& order) {
    leading_.assign(graph_.values(), false);
    for (auto id = order.rbegin(); id != order.rend(); ++id) {
      const Node& node = graph_.node(*id);
      if (node.is("Transpose")) {
        leading_[node.inputs[0]] = true;
        continue;
      }
      const bool leading = std::ranges::any_of(node.outputs, [&](ValueId output) { return leads(output); });
      if (!leading || !passes_on(kind(node))) continue;
      for (const std::size_t i : transposable(node)) leading_[node.inputs[i]] = true;
    }
  }

  [[nodiscard]] bool leads(ValueId id) const { return id < leading_.size() && leading_[id]; }

  /// Axes that are longer than one.
  [[nodiscard]] int rank(ValueId id) const {
    const TensorInfo& one = info(id);
    if (!one.known) return 5;
    return static_cast<int>(std::ranges::count_if(one.dims, [](std::int64_t dim) { return dim != 1; }));
  }

  /// Nothing but operators that a transpose can be pushed through read it.
  [[nodiscard]] bool may_vanish(const Node& transpose) const {
    const Value& value = graph_.value(transpose.outputs[0]);
    return !value.output &&
           std::ranges::all_of(value.readers, [&](NodeId reader) { return kind(graph_.node(reader)) != Kind::none; });
  }

  [[nodiscard]] int input_cost(ValueId input, const Axes& perm) const {
    if (graph_.constant(input)) return 0;
    const NodeId before = transpose_of(input);
    if (before == kNothing) return rank(input);
    const Node& transpose = graph_.node(before);
    return *perm_of(transpose) == perm && may_vanish(transpose) ? -rank(input) : 0;
  }

  [[nodiscard]] bool worth_it(const Node& node, const Axes& perm, const Places& inputs) const {
    if (node.is("Transpose")) return true;
    int cost = 0;
    for (const std::size_t i : inputs) cost += input_cost(node.inputs[i], perm);
    if (cost >= 0 || !passes_on(kind(node))) return cost < 0;
    int most = 0;
    for (const ValueId output : node.outputs) {
      if (output == kNothing) continue;
      if (leads(output)) return true;
      most = std::max(most, rank(output));
    }
    return cost + most < 0;
  }

  bool process(NodeId transpose, NodeId id, std::size_t input) {
    const Node& node = graph_.node(id);
    const Places inputs = transposable(node);
    if (kind(node) == Kind::none || std::ranges::find(inputs, input) == inputs.end()) return false;
    const Axes perm = *perm_of(graph_.node(transpose));
    return worth_it(node, perm, inputs) && push(transpose, id, perm, inputs);
  }

  bool push(NodeId transpose, NodeId id, const Axes& perm, const Places& inputs) {
    switch (kind(graph_.node(id))) {
      case Kind::every:
      case Kind::first:
        return push_plain(id, perm, inputs);
      case Kind::broadcast:
        return same_ranks(id, perm.size(), inputs) && push_plain(id, perm, inputs);
      case Kind::axis:
        return graph_.node(id).attribute("axis") != nullptr && push_axis(id, perm, inputs, 0);
      case Kind::split:
        return push_axis(id, perm, inputs, 0);
      case Kind::softmax:
        return push_softmax(id, perm, inputs);
      case Kind::pad:
        return push_pad(id, perm);
      case Kind::reduce:
        return push_reduce(id, perm);
      case Kind::arg:
        return push_arg(id, perm);
      case Kind::squeeze:
        return push_squeeze(id, perm);
      case Kind::unsqueeze:
        return push_unsqueeze(id, perm);
      case Kind::slice:
        return push_slice(id, perm);
      case Kind::gather:
        return push_gather(id, perm);
      case Kind::tile:
        return push_constant_list(id, perm, 1);
      case Kind::resize:
        return push_resize(id, perm);
      case Kind::transpose:
        return perm_of(graph_.node(id)) != nullptr && merge(transpose, id, Axes(*perm_of(graph_.node(id))));
      case Kind::reshape:
        return merge_reshape(transpose, id);
      case Kind::none:
        break;
    }
    return false;
  }

  // ---- what is done to inputs and outputs

  ValueId int_list(Label name, const Axes& values) {
    TensorInfo out;
    out.type = onnx::DataType::int64;
    out.dims = {static_cast<std::int64_t>(values.size())};
    out.values.emplace(values.begin(), values.end());
    return graph_.add_constant(name, std::move(out));
  }

  [[nodiscard]] static TensorInfo moved(TensorInfo info, const Axes& perm) {
    if (info.known && info.dims.size() == perm.size()) info.dims = permuted(info.dims, perm);
    info.values.reset();
    return info;
  }

  ValueId transposed(ValueId value, const Axes& perm) {
    const ValueId out = graph_.add_value(Label(value, "_transposed"), moved(info(value), perm));
    graph_.value(out).info.constant = false;
    const NodeId node = graph_.add_node("Transpose", {}, "Transpose", {value}, {out});
    graph_.node(node).set_ints("perm", perm);
    return out;
  }

  void drop_if_unread(NodeId id) {
    if (!graph_.node(id).removed && graph_.uses(graph_.node(id).outputs[0]) == 0) graph_.remove(id);
  }

  void transpose_constant(NodeId id, std::size_t i, const Axes& perm) {
    const ValueId value = graph_.node(id).inputs[i];
    TensorInfo out = info(value);
    const bool list = out.dims.size() == 1 && at(out.dims[0]) == perm.size();
    if (list && out.values) *out.values = permuted(*out.values, perm);
    if (list || (out.known && std::ranges::all_of(out.dims, [](std::int64_t dim) { return dim == 1; }) &&
                 out.dims.size() != perm.size())) {
      if (list) graph_.set_input(id, i, graph_.add_constant(Label(value), std::move(out)));
      return;
    }
    graph_.set_input(id, i, graph_.add_constant(Label(value), moved(std::move(out), perm)));
  }

  /// The input comes transposed: whatever that takes.
  void transpose_input(NodeId id, std::size_t i, const Axes& perm) {
    const ValueId input = graph_.node(id).inputs[i];
    if (graph_.constant(input)) return transpose_constant(id, i, perm);
    if (const NodeId before = transpose_of(input); before != kNothing) {
      const Axes own = *perm_of(graph_.node(before));
      if (own.size() == perm.size()) {
        const ValueId source = graph_.node(before).inputs[0];
        graph_.set_input(id, i, own == inverse(perm) ? source : transposed(source, composed(own, perm)));
        return drop_if_unread(before);
      }
    }
    for (const NodeId reader : graph_.value(input).readers) {
      const Node& other = graph_.node(reader);
      if (reader == id || !other.is("Transpose") || perm_of(other) == nullptr || *perm_of(other) != perm) continue;
      return graph_.set_input(id, i, other.outputs[0]);
    }
    graph_.set_input(id, i, transposed(input, perm));
  }

  void transpose_outputs(NodeId id, const Axes& perm) {
    if (is_identity(perm)) return;
    const Axes back = inverse(perm);
    for (std::size_t i = 0; i < graph_.node(id).outputs.size(); ++i) {
      const ValueId output = graph_.node(id).outputs[i];
      if (output == kNothing) continue;
      const ValueId raw = graph_.add_value(Label(output, "_raw"), moved(info(output), back));
      graph_.set_output(id, i, raw);
      const NodeId node = graph_.add_node("Transpose", {}, "Transpose", {raw}, {output});
      graph_.node(node).set_ints("perm", perm);
    }
  }

  // ---- ranks

  void unsqueeze_input(NodeId id, std::size_t i, const Axes& axes) {
    const ValueId input = graph_.node(id).inputs[i];
    TensorInfo wider = info(input);
    for (const std::int64_t axis : axes) wider.dims.insert(wider.dims.begin() + axis, 1);
    if (graph_.constant(input)) return graph_.set_input(id, i, graph_.add_constant(Label(input), wider));
    const ValueId out = graph_.add_value(Label(input, "_unsqueezed"), wider);
    const NodeId node = graph_.opset() >= 13
                            ? graph_.add_node("Unsqueeze", {}, "Unsqueeze", {input, int_list("axes", axes)}, {out})
                            : graph_.add_node("Unsqueeze", {}, "Unsqueeze", {input}, {out});
    if (graph_.opset() < 13) graph_.node(node).set_ints("axes", axes);
    graph_.set_input(id, i, out);
    if (const NodeId before = transpose_of(input); before != kNothing) {
      push_unsqueeze(node, *perm_of(graph_.node(before)));
    }
  }

  bool same_ranks(NodeId id, std::size_t rank, const Places& inputs) {
    for (const std::size_t i : inputs) {
      const TensorInfo& one = info(graph_.node(id).inputs[i]);
      if (!one.known || one.dims.size() > rank) return false;
    }
    for (const std::size_t i : inputs) {
      Axes axes;
      for (std::size_t a = info(graph_.node(id).inputs[i]).dims.size(); a < rank; ++a) {
        axes.push_back(static_cast<std::int64_t>(axes.size()));
      }
      if (!axes.empty()) unsqueeze_input(id, i, axes);
    }
    return true;
  }

  // ---- operators

  bool push_plain(NodeId id, const Axes& perm, const Places& inputs) {
    const Axes back = inverse(perm);
    for (const std::size_t i : inputs) transpose_input(id, i, back);
    transpose_outputs(id, perm);
    return true;
  }

  bool push_axis(NodeId id, const Axes& perm, const Places& inputs, std::int64_t usual) {
    Axes axis = {graph_.node(id).integer("axis", usual)};
    if (!normalise(axis, perm.size())) return false;
    push_plain(id, perm, inputs);
    graph_.node(id).set_int("axis", perm[at(axis[0])]);
    return true;
  }

  bool push_softmax(NodeId id, const Axes& perm, const Places& inputs) {
    if (graph_.opset() >= 13) return push_axis(id, perm, inputs, -1);
    Axes axis = {graph_.node(id).integer("axis", 1)};
    if (!normalise(axis, perm.size())) return false;
    for (std::size_t i = 0; i < perm.size(); ++i) {
      if ((i < at(axis[0])) != (perm[i] < axis[0])) return false;
    }
    return push_plain(id, perm, inputs);
  }

  /// A constant list with an entry, or two, per axis.
  bool reorder_list(NodeId id, std::size_t i, const Axes& perm) {
    const ValueId list = graph_.node(id).input(i);
    const std::vector<double>* known = graph_.values(list);
    if (known == nullptr || known->size() % perm.size() != 0) return false;
    const std::vector<double> old = *known;
    std::vector<double> values;
    for (std::size_t half = 0; half < old.size(); half += perm.size()) {
      for (const std::int64_t axis : perm) values.push_back(old[half + at(axis)]);
    }
    const TensorInfo& given = info(list);
    graph_.set_input(
        id, i, graph_.add_constant(Label(list), {.type = given.type, .dims = given.dims, .values = std::move(values)}));
    return true;
  }

  bool push_constant_list(NodeId id, const Axes& perm, std::size_t list) {
    return reorder_list(id, list, inverse(perm)) && push_plain(id, perm, {0});
  }

  bool push_pad(NodeId id, const Axes& perm) {
    if (graph_.opset() >= 11) return push_constant_list(id, perm, 1);
    const onnx::Attribute* pads = graph_.node(id).attribute("pads");
    if (pads == nullptr || pads->ints.size() != 2 * perm.size()) return false;
    Axes out;
    for (const std::size_t half : {std::size_t{0}, perm.size()}) {
      for (const std::int64_t axis : inverse(perm)) out.push_back(pads->ints[half + at(axis)]);
    }
    graph_.node(id).set_ints("pads", std::move(out));
    return push_plain(id, perm, {0});
  }

  bool push_resize(NodeId id, const Axes& perm) {
    if (perm != Axes{0, 2, 3, 1} && perm != Axes{0, 3, 1, 2}) return false;
    for (std::size_t i = 1; i < graph_.node(id).inputs.size(); ++i) {
      if (graph_.node(id).inputs[i] != kNothing) reorder_list(id, i, inverse(perm));
    }
    return push_plain(id, perm, {0});
  }

  /// Axes from an attribute or, from `opset` on, from a constant input; nothing: not known.
  [[nodiscard]] std::optional<Axes> axes_of(NodeId id, std::int64_t opset) const {
    const Node& node = graph_.node(id);
    if (graph_.opset() < opset) {
      const onnx::Attribute* axes = node.attribute("axes");
      return axes == nullptr ? std::nullopt : std::optional(axes->ints);
    }
    const std::vector<double>* known = graph_.values(node.input(1));
    if (known == nullptr) return std::nullopt;
    Axes out;
    for (const double axis : *known) out.push_back(static_cast<std::int64_t>(axis));
    return out;
  }

  void set_axes(NodeId id, std::int64_t opset, const Axes& axes) {
    if (graph_.opset() < opset) return graph_.node(id).set_ints("axes", axes);
    graph_.set_input(id, 1, int_list("axes", axes));
  }

  bool push_reduce(NodeId id, const Axes& perm) {
    const std::int64_t opset = graph_.node(id).op == "ReduceSum" ? 13 : 18;
    const bool keep = graph_.node(id).integer("keepdims", 1) != 0;
    std::optional<Axes> axes = axes_of(id, opset);
    if (!axes && graph_.opset() >= opset && graph_.node(id).input(1) != kNothing) return false;
    Axes after = perm;
    if (!axes || axes->empty()) {
      if (!keep && graph_.node(id).integer("noop_with_empty_axes", 0) == 0) after.clear();
    } else {
      if (!normalise(*axes, perm.size())) return false;
      Axes before = axes_before(*axes, perm);
      std::ranges::sort(before);
      set_axes(id, opset, before);
      if (!keep) after = without(perm, before);
    }
    transpose_input(id, 0, inverse(perm));
    transpose_outputs(id, after);
    return true;
  }

  bool push_arg(NodeId id, const Axes& perm) {
    Axes axis = {graph_.node(id).integer("axis", 0)};
    if (!normalise(axis, perm.size())) return false;
    const std::int64_t before = perm[at(axis[0])];
    graph_.node(id).set_int("axis", before);
    transpose_input(id, 0, inverse(perm));
    transpose_outputs(id, graph_.node(id).integer("keepdims", 1) != 0 ? perm : without(perm, {before}));
    return true;
  }

  bool push_squeeze(NodeId id, const Axes& perm) {
    std::optional<Axes> axes = axes_of(id, 13);
    if (!axes || !normalise(*axes, perm.size())) return false;
    Axes before = axes_before(*axes, perm);
    std::ranges::sort(before);
    set_axes(id, 13, before);
    transpose_input(id, 0, inverse(perm));
    transpose_outputs(id, without(perm, before));
    return true;
  }

  bool push_unsqueeze(NodeId id, const Axes& perm) {
    std::optional<Axes> axes = axes_of(id, 13);
    if (!axes || !normalise(*axes, perm.size() + axes->size())) return false;
    transpose_input(id, 0, inverse(perm));
    transpose_outputs(id, with(perm, *axes));
    return true;
  }

  bool push_slice(NodeId id, const Axes& perm) {
    if (graph_.opset() < 10) return false;
    const ValueId given = graph_.node(id).input(3), starts = graph_.node(id).input(1);
    Axes axes;
    if (given == kNothing) {
      if (!info(starts).known || info(starts).dims.size() != 1) return false;
      for (std::int64_t axis = 0; axis < info(starts).dims[0]; ++axis) axes.push_back(axis);
    } else {
      const std::vector<double>* known = graph_.values(given);
      if (known == nullptr) return false;
      for (const double axis : *known) axes.push_back(static_cast<std::int64_t>(axis));
    }
    if (!normalise(axes, perm.size())) return false;
    graph_.set_input(id, 3, int_list("axes", axes_before(axes, perm)));
    transpose_input(id, 0, inverse(perm));
    transpose_outputs(id, perm);
    return true;
  }

  bool push_gather(NodeId id, const Axes& perm) {
    const TensorInfo& indices = info(graph_.node(id).input(1));
    Axes axis = {graph_.node(id).integer("axis", 0)};
    if (!indices.known || indices.dims.size() > 1 || !normalise(axis, perm.size())) return false;
    const std::int64_t before = perm[at(axis[0])];
    graph_.node(id).set_int("axis", before);
    transpose_input(id, 0, inverse(perm));
    transpose_outputs(id, indices.dims.empty() ? without(perm, {before}) : perm);
    return true;
  }

  // ---- two in a row

  bool merge(NodeId first, NodeId second, const Axes& perm) {
    const Axes own = *perm_of(graph_.node(first));
    if (own.size() != perm.size()) return false;
    const ValueId source = graph_.node(first).inputs[0], result = graph_.node(second).outputs[0];
    if (perm == inverse(own)) {
      cancel(first, second, source, result);
      return true;
    }
    if (graph_.node(second).op == "Reshape") {
      graph_.remove(second);
      second = graph_.add_node("Transpose", {}, "Transpose", {source}, {result});
    } else {
      graph_.set_input(second, 0, source);
    }
    graph_.node(second).set_ints("perm", composed(own, perm));
    drop_if_unread(first);
    return true;
  }

  void cancel(NodeId first, NodeId second, ValueId source, ValueId result) {
    if (!graph_.value(result).output) {
      graph_.redirect(result, source);
      graph_.remove(second);
      return drop_if_unread(first);
    }
    const NodeId maker = graph_.value(source).producer;
    graph_.remove(second);
    drop_if_unread(first);
    if (maker == kNothing || graph_.value(source).output) {
      graph_.add_node("Identity", {}, "Identity", {source}, {result});
      return;
    }
    graph_.redirect(source, result);
    const auto place = std::ranges::find(graph_.node(maker).outputs, source) - graph_.node(maker).outputs.begin();
    graph_.set_output(maker, static_cast<std::size_t>(place), result);
  }

  /// The order of axes that a reshape amounts to, if it only moves axes of one element.
  [[nodiscard]] static std::optional<Axes> order_of_reshape(Axes from, const Axes& to) {
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

  bool merge_reshape(NodeId transpose, NodeId id) {
    const Node& node = graph_.node(id);
    if (!graph_.constant(node.input(1))) return false;
    const TensorInfo &from = info(node.inputs[0]), &to = info(node.outputs[0]);
    if (!from.known || !to.known) return false;
    if (const auto perm = order_of_reshape(from.dims, to.dims)) return merge(transpose, id, *perm);
    return !assigned_ && version_ >= since::kTransposeAfterSplit && push_splitting(transpose, id);
  }

  /// Which axis of `from` each axis of `to` is a part of; nothing where axes are joined.
  [[nodiscard]] static std::optional<std::vector<std::size_t>> parts(const Axes& from, const Axes& to) {
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
  bool push_splitting(NodeId transpose, NodeId id) {
    const Axes own = *perm_of(graph_.node(transpose));
    const ValueId result = graph_.node(id).outputs[0];
    const Axes to = info(result).dims;
    const auto split = parts(info(graph_.node(id).inputs[0]).dims, to);
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
    const ValueId source = graph_.node(transpose).inputs[0];
    TensorInfo between = info(result);
    between.dims = shape;
    graph_.remove(id);
    const ValueId reshaped = graph_.add_value(Label(result, "_reshaped"), std::move(between));
    graph_.add_node("Reshape", {}, "Reshape", {source, int_list("shape", shape)}, {reshaped});
    const NodeId last = graph_.add_node("Transpose", {}, "Transpose", {reshaped}, {result});
    graph_.node(last).set_ints("perm", place);
    drop_if_unread(transpose);
    return true;
  }

  Graph& graph_;
  int version_;
  bool assigned_;
  std::vector<bool> leading_;  // by value, of those that were there at the start
};

}  // namespace

std::size_t push_transposes(Graph& graph, const EngineTarget& target) {
  return Pushing(graph, target.version, false).run();
}

std::size_t push_transposes_again(Graph& graph, const EngineTarget& target) {
  return Pushing(graph, target.version, true).run();
}

}  // namespace latcast::rules::onnxruntime
