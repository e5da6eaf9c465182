// perm.*, concat.*, slice.*, split.*, gather.*, pad.*, expand.*, tile.*
#include <algorithm>

#include "graph/shapes/node_shapes.h"
#include "graph/views/node_views.h"

namespace latcast::views {
namespace {

/// A transposition of merged axes: order[i] is the input's run that becomes the output's run i.
struct Permutation {
  std::vector<std::size_t> order;
  Dims sizes;  // of the input's runs

  [[nodiscard]] bool last_stays() const { return order.empty() || order.back() + 1 == order.size(); }
  [[nodiscard]] bool moves_one() const;
};

/// Identity but for one run taken out and put elsewhere.
bool Permutation::moves_one() const {
  for (std::size_t taken = 0; taken < order.size(); ++taken) {
    std::vector<std::size_t> rest = order;
    rest.erase(rest.begin() + static_cast<std::ptrdiff_t>(taken));
    if (std::ranges::is_sorted(rest)) return true;
  }
  return false;
}

/// The input axes in the output's order.
Result<Dims> written_axes(const NodeView& node) {
  const Dims& in = input_dims(node, 0);
  Dims perm = node.node->integers("perm");
  if (perm.empty())
    for (std::size_t i = in.size(); i-- > 0;) perm.push_back(static_cast<std::int64_t>(i));
  for (std::int64_t& axis : perm) {
    const auto place = shapes::normal_axis(axis, in.size());
    if (!place) return not_applicable("perm names an axis outside the tensor");
    axis = static_cast<std::int64_t>(*place);
  }
  return perm;
}

/// Those that are not of length 1.
Result<Dims> moving_axes(const NodeView& node) {
  auto axes = written_axes(node);
  if (!axes) return axes;
  const auto still = std::remove_if(axes->begin(), axes->end(), [&](std::int64_t axis) {
    return input_dims(node, 0)[static_cast<std::size_t>(axis)] == 1;
  });
  axes->erase(still, axes->end());
  return axes;
}

/// 1 where the permutation as it is written, axes of length 1 included, moves one axis: engines that look no deeper
/// have a fast path for it and a slow one for all else.
Result<double> perm_single(const NodeView& node) {
  const auto axes = written_axes(node);
  if (!axes) return tl::unexpected(axes.error());
  Permutation written;
  for (const std::int64_t axis : *axes) written.order.push_back(static_cast<std::size_t>(axis));
  return written.moves_one() ? 1.0 : 0.0;
}

Result<Permutation> merged_permutation(const NodeView& node) {
  const Dims& in = input_dims(node, 0);
  const auto axes = moving_axes(node);
  if (!axes) return tl::unexpected(axes.error());
  // Rank of each axis among those that are not of length 1: neighbours differ by one.
  Dims rank(in.size(), 0);
  for (std::size_t i = 0, next = 0; i < in.size(); ++i)
    if (in[i] != 1) rank[i] = static_cast<std::int64_t>(next++);
  std::vector<std::pair<std::int64_t, std::int64_t>> runs;  // first rank, size; in the output's order
  for (std::size_t i = 0; i < axes->size(); ++i) {
    const std::int64_t axis = (*axes)[i];
    const bool continues = i > 0 && rank[axis] == rank[(*axes)[i - 1]] + 1;
    if (!continues) runs.emplace_back(rank[axis], 1);
    runs.back().second *= in[axis];
  }
  auto sorted = runs;
  std::ranges::sort(sorted);
  Permutation permutation;
  for (const auto& run : sorted) permutation.sizes.push_back(run.second);
  for (const auto& run : runs)
    permutation.order.push_back(static_cast<std::size_t>(std::ranges::find(sorted, run) - sorted.begin()));
  return permutation;
}

/// The numbers are part of the catalogue's language.
double kind_of(const Permutation& p) {
  if (p.order.size() <= 1) return 0;
  if (p.last_stays()) return p.moves_one() ? 1 : 4;
  if (p.order.size() == 2) return 2;
  return p.moves_one() ? 3 : 5;
}

double inner_of(const Permutation& p) {
  return p.last_stays() && !p.sizes.empty() ? static_cast<double>(p.sizes.back()) : 1;
}

double rank_of(const Permutation& p) { return static_cast<double>(p.order.size()); }

double last_of(const Permutation& p) { return p.order.empty() ? 1 : static_cast<double>(p.sizes[p.order.back()]); }

double stride_of(const Permutation& p) {
  return p.order.empty() ? 1 : product(std::span(p.sizes).subspan(p.order.back() + 1));
}

Result<ViewFields> perm_fields(const NodeView& node) {
  const auto permutation = merged_permutation(node);
  if (!permutation) return tl::unexpected(permutation.error());
  const Permutation& p = *permutation;
  return ViewFields{kind_of(p), inner_of(p), rank_of(p), last_of(p), stride_of(p)};
}

/// Mean over tensors of the elements from the axis inward: what is copied in one piece.
Result<double> mean_chunk(const NodeView& node, const std::vector<const TensorInfo*>& tensors, std::int64_t fallback) {
  const auto axis = axis_of(node, fallback, input_dims(node, 0).size());
  if (!axis) return tl::unexpected(axis.error());
  double total = 0;
  double count = 0;
  for (const TensorInfo* tensor : tensors) {
    if (tensor == nullptr || tensor->dims.size() <= *axis) continue;
    total += product(std::span(tensor->dims).subspan(*axis));
    ++count;
  }
  return count == 0 ? 0 : total / count;
}

Result<double> concat_inner(const NodeView& node) { return mean_chunk(node, node.inputs, 1); }
Result<double> concat_inputs(const NodeView& node) { return static_cast<double>(node.inputs.size()); }

Result<double> concat_outer(const NodeView& node) {
  const auto axis = axis_of(node, 1, input_dims(node, 0).size());
  if (!axis) return tl::unexpected(axis.error());
  return product(std::span(output_dims(node, 0)).first(std::min(*axis, output_dims(node, 0).size())));
}

Result<double> split_inner(const NodeView& node) { return mean_chunk(node, node.outputs, 0); }
Result<double> split_outputs(const NodeView& node) { return static_cast<double>(node.outputs.size()); }

/// Step along each axis of input 0.
Result<Dims> slice_steps(const NodeView& node) {
  const std::size_t rank = input_dims(node, 0).size();
  const auto axes = attribute_or_input(node, "axes", 3);
  const auto steps = attribute_or_input(node, "steps", 4);
  if (!axes || !steps) return not_applicable("axes or steps are not known");
  Dims result(rank, 1);
  for (std::size_t i = 0; i < steps->size(); ++i) {
    const auto place = shapes::normal_axis(i < axes->size() ? (*axes)[i] : static_cast<std::int64_t>(i), rank);
    if (!place) return not_applicable("an axis is outside the tensor");
    result[*place] = (*steps)[i];
  }
  return result;
}

Result<double> slice_inner(const NodeView& node) {
  const auto steps = slice_steps(node);
  if (!steps) return tl::unexpected(steps.error());
  const Dims& in = input_dims(node, 0);
  const Dims& out = output_dims(node, 0);
  double run = 1;
  for (std::size_t i = in.size(); i-- > 0 && out.size() == in.size();) {
    if ((*steps)[i] != 1) break;
    run *= static_cast<double>(out[i]);
    if (out[i] != in[i]) break;
  }
  return run;
}

/// Of the innermost axis that is not walked one by one.
Result<double> slice_step(const NodeView& node) {
  const auto steps = slice_steps(node);
  if (!steps) return tl::unexpected(steps.error());
  for (std::size_t i = steps->size(); i-- > 0;)
    if ((*steps)[i] != 1) return static_cast<double>((*steps)[i]);
  return 1.0;
}

Result<double> gather_inner(const NodeView& node) {
  const std::span<const std::int64_t> data(input_dims(node, 0));
  if (node.node->op == "GatherElements") return 1.0;
  if (node.node->op == "GatherND" && node.has_input(1) && !input_dims(node, 1).empty()) {
    const std::int64_t taken = node.node->integer("batch_dims", 0) + input_dims(node, 1).back();
    if (taken < 0 || taken > static_cast<std::int64_t>(data.size())) return not_applicable("indices are too long");
    return product(data.subspan(static_cast<std::size_t>(taken)));
  }
  const auto axis = axis_of(node, 0, data.size());
  if (!axis) return tl::unexpected(axis.error());
  return product(data.subspan(*axis + 1));
}

Result<double> gather_indices(const NodeView& node) {
  if (!node.has_input(1)) return not_applicable("in1 is absent");
  const std::span<const std::int64_t> indices(input_dims(node, 1));
  if (node.node->op == "GatherND" && !indices.empty()) return product(indices.first(indices.size() - 1));
  return product(indices);
}

/// Elements of the input that lie together in the output too: whole inner axes that keep their length, then the first
/// that does not.
double kept_run(const Dims& in, const Dims& out, bool through_first_change) {
  double run = 1;
  for (std::size_t back = 1; back <= std::min(in.size(), out.size()); ++back) {
    const std::int64_t length = in[in.size() - back];
    const bool same = length == out[out.size() - back];
    if (same || through_first_change) run *= static_cast<double>(length);
    if (!same) break;
  }
  return run;
}

Result<double> pad_inner(const NodeView& node) { return kept_run(input_dims(node, 0), output_dims(node, 0), true); }
Result<double> expand_inner(const NodeView& node) { return kept_run(input_dims(node, 0), output_dims(node, 0), false); }
Result<double> pad_amount(const NodeView& node) { return product(output_dims(node, 0)) - product(input_dims(node, 0)); }

constexpr Row kRows[] = {
    {"perm.kind", nullptr, perm_fields, 0},
    {"perm.inner", nullptr, perm_fields, 1},
    {"perm.rank", nullptr, perm_fields, 2},
    {"perm.last", nullptr, perm_fields, 3},
    {"perm.stride", nullptr, perm_fields, 4},
    {"perm.single", perm_single},
    {"concat.inner", concat_inner},
    {"concat.outer", concat_outer},
    {"concat.inputs", concat_inputs},
    {"slice.inner", slice_inner},
    {"slice.step", slice_step},
    {"split.inner", split_inner},
    {"split.outputs", split_outputs},
    {"gather.inner", gather_inner},
    {"gather.indices", gather_indices},
    {"pad.inner", pad_inner},
    {"pad.amount", pad_amount},
    {"expand.inner", expand_inner},
    {"tile.inner", pad_inner},
};

}  // namespace

std::span<const Row> movement_views() { return kRows; }

}  // namespace latcast::views
