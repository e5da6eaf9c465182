// reduce.*, softmax.* and axis.*
#include <string>

#include "graph/shapes/node_shapes.h"
#include "graph/views/node_views.h"

namespace latcast::views {
namespace {

/// 1 for each reduced axis of input 0.
Result<std::vector<int>> reduced_axes(const NodeView& node) {
  const std::size_t rank = input_dims(node, 0).size();
  auto axes = attribute_or_input(node, "axes", 1);
  if (!axes) return tl::unexpected(axes.error());
  if (node.node->op == "ArgMax" || node.node->op == "ArgMin") axes = Dims{node.node->integer("axis", 0)};
  if (axes->empty()) return std::vector<int>(rank, node.node->integer("noop_with_empty_axes", 0) != 0 ? 0 : 1);
  std::vector<int> reduced(rank, 0);
  for (const std::int64_t axis : *axes) {
    const auto place = shapes::normal_axis(axis, rank);
    if (!place) return not_applicable("an axis is outside the tensor");
    reduced[*place] = 1;
  }
  return reduced;
}

Result<double> product_where(const NodeView& node, int wanted) {
  const auto reduced = reduced_axes(node);
  if (!reduced) return tl::unexpected(reduced.error());
  double size = 1;
  for (std::size_t i = 0; i < reduced->size(); ++i)
    if ((*reduced)[i] == wanted) size *= static_cast<double>(input_dims(node, 0)[i]);
  return size;
}

Result<double> reduce_size(const NodeView& node) { return product_where(node, 1); }
Result<double> reduce_kept(const NodeView& node) { return product_where(node, 0); }

Result<std::vector<Run>> reduce_runs(const NodeView& node) {
  const auto reduced = reduced_axes(node);
  if (!reduced) return tl::unexpected(reduced.error());
  return merge_runs(input_dims(node, 0), *reduced);
}

Result<double> reduce_inner(const NodeView& node) {
  const auto runs = reduce_runs(node);
  if (!runs) return tl::unexpected(runs.error());
  return runs->empty() ? 1.0 : static_cast<double>(runs->back().size);
}

/// K: kept run, R: reduced run, outermost first. The numbers are part of the catalogue's language.
Result<double> reduce_pattern(const NodeView& node) {
  const auto runs = reduce_runs(node);
  if (!runs) return tl::unexpected(runs.error());
  std::string letters;
  for (const Run& run : *runs) letters.push_back(run.key != 0 ? 'R' : 'K');
  constexpr std::string_view kPatterns[] = {"K", "KR", "RK", "KRK", "RKR", "R"};
  if (letters.empty()) return 0.0;
  for (std::size_t i = 0; i < std::size(kPatterns); ++i)
    if (letters == kPatterns[i]) return static_cast<double>(i);
  return 6.0;
}

struct SoftmaxSizes {
  double outer = 1, dim = 1, inner = 1;
};

/// Before operator set 13 (and still in ONNX Runtime's own variants) everything from the axis on is one vector.
Result<SoftmaxSizes> softmax_sizes(const NodeView& node) {
  const std::span<const std::int64_t> dims(input_dims(node, 0));
  const bool flattens = node.opset < 13;
  const auto axis = axis_of(node, flattens ? 1 : -1, dims.size());
  if (!axis) return tl::unexpected(axis.error());
  SoftmaxSizes sizes{.outer = product(dims.first(*axis))};
  if (flattens) {
    sizes.dim = product(dims.subspan(*axis));
  } else {
    sizes.dim = static_cast<double>(dims[*axis]);
    sizes.inner = product(dims.subspan(*axis + 1));
  }
  return sizes;
}

template <double SoftmaxSizes::* Field>
Result<double> softmax_field(const NodeView& node) {
  const auto sizes = softmax_sizes(node);
  if (!sizes) return tl::unexpected(sizes.error());
  return (*sizes).*Field;
}

/// Sizes before, on and behind the attribute `axis`, or the one that the operator takes without it.
Result<ViewFields> axis_fields(const NodeView& node) {
  const std::span<const std::int64_t> dims(input_dims(node, 0));
  const std::string& op = node.node->op;
  const bool first = op == "ArgMax" || op == "ArgMin" || op.starts_with("Scatter") || op == "GatherElements";
  auto axis = axis_of(node, first ? 0 : -1, dims.size());
  if (op == "CumSum") {
    const auto given = attribute_or_input(node, "axis", 1);
    if (!given || given->size() != 1) return not_applicable("the axis is not known");
    const auto place = shapes::normal_axis(given->front(), dims.size());
    if (place) axis = *place;
  }
  if (!axis) return tl::unexpected(axis.error());
  return ViewFields{product(dims.first(*axis)), static_cast<double>(dims[*axis]), product(dims.subspan(*axis + 1))};
}

constexpr Row kRows[] = {
    {"reduce.size", reduce_size},
    {"reduce.kept", reduce_kept},
    {"reduce.inner", reduce_inner},
    {"reduce.pattern", reduce_pattern},
    {"softmax.outer", softmax_field<&SoftmaxSizes::outer>},
    {"softmax.dim", softmax_field<&SoftmaxSizes::dim>},
    {"softmax.inner", softmax_field<&SoftmaxSizes::inner>},
    {"axis.outer", nullptr, axis_fields, 0},
    {"axis.size", nullptr, axis_fields, 1},
    {"axis.inner", nullptr, axis_fields, 2},
};

}  // namespace

std::span<const Row> reduction_views() { return kRows; }

}  // namespace latcast::views
