#include "graph/tensor_lists.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "graph/shapes/node_shapes.h"

namespace latcast {
namespace {

constexpr std::size_t kMostParts = 4096;
constexpr int kMostInserts = 64;  // that are followed, one list after the other

using Parts = std::optional<std::vector<TensorInfo>>;

std::optional<Dims> integers(const ir::Graph& graph, ir::ValueId id) {
  const std::optional<std::vector<double>> none, &values = id == ir::kNothing ? none : graph.info(id).values;
  if (!values) return std::nullopt;
  Dims out;
  for (const double one : *values) out.push_back(shapes::bounded(one));
  return out;
}

/// Pieces of one length with the rest at the end, or of the lengths given; without either, one index each.
std::optional<Dims> lengths(const ir::Graph& graph, const ir::Node& node, std::int64_t whole) {
  std::optional<Dims> given = Dims{1};
  if (node.input(1) != ir::kNothing) given = integers(graph, node.input(1));
  const bool one = node.input(1) == ir::kNothing || graph.info(node.input(1)).dims.empty();
  if (!given || !one) return given;
  if (given->size() != 1 || (*given)[0] <= 0 || whole / (*given)[0] > static_cast<std::int64_t>(kMostParts))
    return std::nullopt;
  Dims out;
  for (std::int64_t left = whole; left > 0; left -= (*given)[0]) out.push_back(std::min(left, (*given)[0]));
  return out;
}

Parts split(const ir::Graph& graph, const ir::Node& node) {
  const ir::ValueId input = node.input(0);
  if (input == ir::kNothing || !graph.info(input).known) return std::nullopt;
  const TensorInfo& whole = graph.info(input);
  const auto axis = shapes::normal_axis(node.integer("axis", 0), whole.dims.size());
  const auto sizes = axis ? lengths(graph, node, whole.dims[*axis]) : std::nullopt;
  if (!sizes) return std::nullopt;
  const bool squeezed = node.input(1) == ir::kNothing && node.integer("keepdims", 1) == 0;
  std::vector<TensorInfo> out;
  for (const std::int64_t size : *sizes) {
    TensorInfo& part = out.emplace_back(TensorInfo{.type = whole.type, .dims = whole.dims, .constant = whole.constant});
    part.dims[*axis] = size;
    if (squeezed) part.dims.erase(part.dims.begin() + static_cast<std::ptrdiff_t>(*axis));
    part.known = shapes::acceptable(part.dims);
  }
  return out;
}

Parts parts_of(const ir::Graph& graph, ir::ValueId list, int inserts = 0) {
  const ir::Node* node = graph.producer(list);
  if (node == nullptr || !node->domain.empty() || inserts > kMostInserts) return std::nullopt;
  if (node->op == "SequenceEmpty") return Parts(std::in_place);
  if (node->op == "SplitToSequence") return split(graph, *node);
  const bool construct = node->op == "SequenceConstruct" && node->inputs.size() <= kMostParts;
  if (!construct && node->op != "SequenceInsert") return std::nullopt;
  Parts out = construct ? Parts(std::in_place) : parts_of(graph, node->input(0), inserts + 1);
  if (!out || out->size() > kMostParts) return std::nullopt;
  if (!construct) {
    const auto at = node->input(2) == ir::kNothing ? Dims{static_cast<std::int64_t>(out->size())}
                                                   : integers(graph, node->input(2)).value_or(Dims());
    const auto place = at.size() == 1 ? shapes::normal_axis(at[0], out->size() + 1) : std::nullopt;
    if (!place || node->input(1) == ir::kNothing) return std::nullopt;
    out->insert(out->begin() + static_cast<std::ptrdiff_t>(*place), graph.info(node->input(1)));
  }
  for (std::size_t i = 0; construct && i < node->inputs.size(); ++i) {
    if (node->inputs[i] == ir::kNothing) return std::nullopt;
    out->push_back(graph.info(node->inputs[i]));
  }
  return out;
}

std::optional<TensorInfo> part_of(const ir::Graph& graph, ir::ValueId list, std::int64_t at) {
  const ir::Node* node = graph.producer(list);
  if (node != nullptr && node->is("SequenceConstruct")) {  // no need for all the others
    const auto place = shapes::normal_axis(at, node->inputs.size());
    return place && node->inputs[*place] != ir::kNothing ? std::optional(graph.info(node->inputs[*place]))
                                                         : std::nullopt;
  }
  const Parts parts = parts_of(graph, list);
  const auto place = parts ? shapes::normal_axis(at, parts->size()) : std::nullopt;
  return place ? std::optional((*parts)[*place]) : std::nullopt;
}

std::optional<TensorInfo> joined(const std::vector<TensorInfo>& parts, const ir::Node& node) {
  if (parts.empty() || std::ranges::any_of(parts, [](const TensorInfo& one) { return !one.known; }))
    return std::nullopt;
  TensorInfo out{.type = parts[0].type, .dims = parts[0].dims};
  const bool stacked = node.integer("new_axis", 0) != 0;
  const auto axis = shapes::normal_axis(node.integer("axis", 0), out.dims.size() + (stacked ? 1 : 0));
  if (!axis) return std::nullopt;
  if (stacked)
    out.dims.insert(out.dims.begin() + static_cast<std::ptrdiff_t>(*axis), static_cast<std::int64_t>(parts.size()));
  for (std::size_t i = 1; i < parts.size() && !stacked; ++i) {
    if (parts[i].dims.size() != out.dims.size()) return std::nullopt;
    out.dims[*axis] += parts[i].dims[*axis];
  }
  out.known = shapes::acceptable(out.dims);
  return out;
}

}  // namespace

std::optional<TensorInfo> taken_from_list(const ir::Graph& graph, const ir::Node& node) {
  if (node.is("ConcatFromSequence")) {
    const Parts parts = parts_of(graph, node.input(0));
    return parts ? joined(*parts, node) : std::nullopt;
  }
  const auto at = node.is("SequenceAt") ? integers(graph, node.input(1)) : std::nullopt;
  auto out = at && at->size() == 1 ? part_of(graph, node.input(0), (*at)[0]) : std::nullopt;
  if (out) out->values.reset();
  return out;
}

}  // namespace latcast
