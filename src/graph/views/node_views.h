// Views: facts about a node that take more than reading a dimension or an attribute, named "group.field".
//
// They describe memory movement the way kernels see it: axes of length 1 are dropped and neighbours that stay together
// are merged first.
#pragma once

#include <functional>
#include <span>
#include <string_view>

#include "graph/node_reads.h"

namespace latcast::views {

using latcast::Dims;

/// Computes one field. At least one input and one output are there, and all shapes known.
using Function = Result<double> (*)(const NodeView&);
/// Computes fields that belong together.
using Group = Result<ViewFields> (*)(const NodeView&);

struct Row {
  std::string_view name;
  Function function = nullptr;  // null: a field of the group
  Group group = nullptr;
  std::size_t field = 0;
};

/// The view "group.field"; null where there is none.
[[nodiscard]] const Row* find_view(std::string_view name);
[[nodiscard]] Result<double> read_view(const NodeView& node, const Row& view);

// A table per family.
[[nodiscard]] std::span<const Row> reduction_views();  // reduce, softmax, axis
[[nodiscard]] std::span<const Row> movement_views();   // perm, concat, slice, split, gather, pad, expand, tile
[[nodiscard]] std::span<const Row> broadcast_views();
[[nodiscard]] std::span<const Row> resize_views();
[[nodiscard]] std::span<const Row> product_views();      // matmul, conv
[[nodiscard]] std::span<const Row> contraction_views();  // einsum
[[nodiscard]] std::span<const Row> signal_views();       // dft

[[nodiscard]] inline tl::unexpected<Error> not_applicable(std::string why) {
  return fail(Errc::unsupported, std::move(why));
}
[[nodiscard]] double product(std::span<const std::int64_t> dims);
[[nodiscard]] const Dims& input_dims(const NodeView& node, std::size_t i);
[[nodiscard]] const Dims& output_dims(const NodeView& node, std::size_t i);
/// Axis attribute in [0, rank), or a failure.
[[nodiscard]] Result<std::size_t> axis_of(const NodeView& node, std::int64_t fallback, std::size_t rank);
/// Integer list that older operator sets keep in an attribute and newer ones in a constant input. Empty where neither
/// is there; a failure where the input is not known.
[[nodiscard]] Result<Dims> attribute_or_input(const NodeView& node, std::string_view attribute, std::size_t input);

/// One merged run of axes.
struct Run {
  int key = 0;
  std::int64_t size = 1;
};
/// Axes of length 1 dropped, neighbours with equal keys merged.
[[nodiscard]] std::vector<Run> merge_runs(std::span<const std::int64_t> dims, std::span<const int> keys);

}  // namespace latcast::views
