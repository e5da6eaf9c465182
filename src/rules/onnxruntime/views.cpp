// Reshapes, and gathers of every part along an axis.
#include <algorithm>
#include <optional>
#include <vector>

#include "rules/onnxruntime/stages.h"

namespace latcast::rules::onnxruntime {
namespace {

/// What a gather or a slice takes along one axis: [from, to); axis -1: it is something else.
struct Part {
  std::int64_t axis = -1, from = 0, to = 0;
  bool squeezed = false;  // the axis is dropped
};

std::optional<std::int64_t> only_int(const Graph& graph, ValueId id) {
  if (id == kNothing || !graph.constant(id)) return std::nullopt;
  const TensorInfo& one = graph.info(id);
  if (!one.values || one.values->size() != 1 || one.dims.size() > 1) return std::nullopt;
  const double value = one.values->front();
  return static_cast<std::int64_t>(std::clamp(value, -1e15, 1e15));
}

Part gathered(const Graph& graph, const Node& node, const Dims& dims) {
  const auto index = only_int(graph, node.input(1));
  const auto rank = static_cast<std::int64_t>(dims.size());
  std::int64_t axis = node.integer("axis", 0);
  if (axis < 0) axis += rank;
  if (!index || axis < 0 || axis >= rank) return {};
  const std::int64_t at = *index < 0 ? *index + dims[static_cast<std::size_t>(axis)] : *index;
  return {axis, at, at + 1, graph.info(node.inputs[1]).dims.empty()};
}

Part sliced(const Graph& graph, const Node& node, const Dims& dims) {
  const auto from = only_int(graph, node.input(1)), to = only_int(graph, node.input(2));
  const auto axes = only_int(graph, node.input(3));
  const auto step = node.input(4) == kNothing ? std::optional<std::int64_t>(1) : only_int(graph, node.input(4));
  if (!from || !to || !axes || step != 1) return {};
  const auto rank = static_cast<std::int64_t>(dims.size());
  const std::int64_t axis = *axes < 0 ? *axes + rank : *axes;
  if (axis < 0 || axis >= rank) return {};
  const std::int64_t length = dims[static_cast<std::size_t>(axis)];
  const auto place = [&](std::int64_t at) { return std::clamp<std::int64_t>(at < 0 ? at + length : at, 0, length); };
  return {axis, place(*from), place(*to), false};
}

Part part_of(const Graph& graph, const Node& node, ValueId whole) {
  if (node.inputs[0] != whole) return {};
  const Dims& dims = graph.info(whole).dims;
  if (node.is("Gather")) return gathered(graph, node, dims);
  return node.is("Slice") ? sliced(graph, node, dims) : Part{};
}

/// A reader of a value, and what it takes of it.
struct Taker {
  NodeId node = kNothing;
  Part part;
};

ValueId squeezed(Graph& graph, ValueId whole, const Part& part, ValueId result) {
  TensorInfo kept = graph.info(whole);
  kept.dims[static_cast<std::size_t>(part.axis)] = 1;
  kept.values.reset();
  const ValueId out = graph.add_value("split", std::move(kept));
  if (graph.opset() >= 13) {
    const ValueId axes = graph.add_ints("SqueezeAxesInitializer", {part.axis});
    graph.add_node("Squeeze", {}, "Squeeze", {out, axes}, {result});
    return out;
  }
  graph.add_node("Squeeze", {}, "Squeeze", {out}, {result}, {{"axes", {part.axis}}});
  return out;
}

void split(Graph& graph, ValueId whole, const std::vector<Taker>& takers) {
  Dims sizes;
  Ids results, outputs;
  for (const Taker& one : takers) {
    sizes.push_back(one.part.to - one.part.from);
    results.push_back(graph.node(one.node).outputs[0]);
  }
  for (const Taker& one : takers) graph.remove(one.node);
  Ids inputs = {whole};
  if (graph.opset() >= 13) inputs.push_back(graph.add_ints("split_sizes", sizes));
  outputs.resize(results.size(), kNothing);
  const NodeId node =
      graph.add_node("Split", {}, "Split", std::move(inputs), outputs, {{"axis", takers.front().part.axis}});
  if (graph.opset() < 13) graph.node(node).set({"split", sizes});
  for (std::size_t i = 0; i < takers.size(); ++i) {
    const Part& part = takers[i].part;
    graph.set_output(node, i, part.squeezed ? squeezed(graph, whole, part, results[i]) : results[i]);
  }
}

/// Whether gathers and slices take every part of a value, once each: then they are one split. Others may read it too.
bool split_parts(Graph& graph, ValueId whole) {
  const Value& value = graph.value(whole);
  if (value.readers.size() < 2 || !value.info.known || value.constant) return false;
  std::vector<Taker> takers;
  for (const NodeId reader : value.readers) {
    const Part part = part_of(graph, graph.node(reader), whole);
    if (part.axis >= 0) takers.push_back({reader, part});
  }
  if (takers.size() < 2) return false;
  std::ranges::sort(takers, {}, [](const Taker& one) { return one.part.from; });
  std::int64_t end = 0;
  for (const Taker& one : takers) {
    if (one.part.axis != takers.front().part.axis || one.part.from != end || one.part.to <= end) return false;
    end = one.part.to;
  }
  if (end != value.info.dims[static_cast<std::size_t>(takers.front().part.axis)]) return false;
  split(graph, whole, takers);
  return true;
}

}  // namespace

std::size_t parts_to_split(Graph& graph, const EngineTarget& /*target*/) {
  std::size_t count = 0;
  const std::size_t values = graph.values();
  for (ValueId id = 0; id < values; ++id) {
    const Node* maker = graph.producer(id);
    if (maker != nullptr && (maker->is("Shape") || maker->outputs.size() > 1)) continue;
    if (split_parts(graph, id)) ++count;
  }
  return count;
}

/// Of reshapes in a row the last one decides.
std::size_t reshapes_in_a_row(Graph& graph, const EngineTarget& /*target*/) {
  std::size_t count = 0;
  for (NodeId id = 0; id < graph.nodes(); ++id) {
    if (!graph.node(id).is("Reshape")) continue;
    const NodeId next = graph.only_reader(id);
    if (next == kNothing) continue;
    const Node& follower = graph.node(next);
    if (!follower.is("Reshape") && !follower.is("Squeeze") && !follower.is("Unsqueeze")) continue;
    const TensorInfo& shape = graph.info(graph.node(next).outputs[0]);
    if (!shape.known) continue;
    const ValueId wanted = graph.add_ints("new_reshape_shape", shape.dims);
    const ValueId whole = graph.node(id).inputs[0], result = graph.node(next).outputs[0];
    graph.remove(id);
    graph.remove(next);
    graph.add_node("Reshape", {}, "Reshape", {whole, wanted}, {result});
    ++count;
  }
  return count;
}

}  // namespace latcast::rules::onnxruntime
