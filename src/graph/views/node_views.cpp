#include "graph/views/node_views.h"

#include <unordered_map>

#include "graph/shapes/node_shapes.h"

namespace latcast::views {
namespace {

std::unordered_map<std::string_view, const Row*> index_views() {
  std::unordered_map<std::string_view, const Row*> index;
  for (const auto table : {reduction_views(), movement_views(), broadcast_views(), resize_views(), product_views(),
                           contraction_views(), signal_views()})
    for (const Row& row : table) index.emplace(row.name, &row);
  return index;
}

/// What was computed last for this node serves all its fields.
Result<double> read_field(const NodeView& node, const Row& view) {
  if (node.computed != view.group) {
    auto fields = view.group(node);
    if (!fields) return tl::unexpected(fields.error());
    node.computed = view.group;
    node.fields = *fields;
  }
  return node.fields[view.field];
}

Result<void> check_tensors(const std::vector<const TensorInfo*>& tensors, const char* kind) {
  for (std::size_t i = 0; i < tensors.size(); ++i)
    if (tensors[i] != nullptr && !tensors[i]->known)
      return fail(Errc::unsupported, "the shape of " + (kind + std::to_string(i)) + " is not known");
  if (tensors.empty() || tensors[0] == nullptr) return fail(Errc::unsupported, std::string(kind) + "0 is absent");
  return {};
}

}  // namespace

const Row* find_view(std::string_view name) {
  static const auto index = index_views();
  const auto found = index.find(name);
  return found == index.end() ? nullptr : found->second;
}

Result<double> read_view(const NodeView& node, const Row& view) {
  if (auto checked = check_tensors(node.inputs, "in"); !checked) return tl::unexpected(checked.error());
  if (auto checked = check_tensors(node.outputs, "out"); !checked) return tl::unexpected(checked.error());
  auto value = view.function != nullptr ? view.function(node) : read_field(node, view);
  if (!value) return fail_in(view.name, value.error());
  return value;
}

double product(std::span<const std::int64_t> dims) {
  double elements = 1;
  for (const std::int64_t dim : dims) elements *= static_cast<double>(dim);
  return elements;
}

const Dims& input_dims(const NodeView& node, std::size_t i) { return node.inputs[i]->dims; }
const Dims& output_dims(const NodeView& node, std::size_t i) { return node.outputs[i]->dims; }

Result<std::size_t> axis_of(const NodeView& node, std::int64_t fallback, std::size_t rank) {
  const auto axis = shapes::normal_axis(node.node->integer("axis", fallback), rank);
  if (!axis) return not_applicable("the axis is outside the tensor");
  return *axis;
}

Result<Dims> attribute_or_input(const NodeView& node, std::string_view attribute, std::size_t input) {
  if (node.node->attribute(attribute) != nullptr) return node.node->integers(attribute);
  if (!node.has_input(input)) return Dims{};
  const auto& values = node.inputs[input]->values;
  if (!values) return not_applicable("in" + std::to_string(input) + " is not a known constant");
  Dims result;
  for (const double value : *values) result.push_back(shapes::bounded(value));
  return result;
}

std::vector<Run> merge_runs(std::span<const std::int64_t> dims, std::span<const int> keys) {
  std::vector<Run> runs;
  for (std::size_t i = 0; i < dims.size(); ++i) {
    if (dims[i] == 1) continue;
    if (runs.empty() || runs.back().key != keys[i]) runs.push_back({keys[i], 1});
    runs.back().size *= dims[i];
  }
  return runs;
}

}  // namespace latcast::views
