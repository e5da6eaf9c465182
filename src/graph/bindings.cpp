#include "graph/bindings.h"

#include "graph/shapes/node_shapes.h"

namespace latcast {
namespace {

std::string place_of(const onnx::ValueInfo& input, std::size_t axis) { return input.name + ":" + std::to_string(axis); }

std::optional<std::int64_t> bound_value(const onnx::ValueInfo& input, std::size_t axis, const DimBindings& bindings) {
  const onnx::Dim& dim = (*input.shape)[axis];
  if (dim.value >= 0) return dim.value;
  if (const auto by_place = bindings.named.find(place_of(input, axis)); by_place != bindings.named.end())
    return by_place->second;
  if (const auto by_name = bindings.named.find(dim.name); !dim.name.empty() && by_name != bindings.named.end())
    return by_name->second;
  return axis == 0 ? bindings.batch : std::nullopt;
}

std::string describe(const onnx::ValueInfo& input, std::size_t axis) {
  const std::string& name = (*input.shape)[axis].name;
  return name.empty() ? place_of(input, axis) : "'" + name + "' (" + place_of(input, axis) + ")";
}

Result<void> check_bindings(const DimBindings& bindings) {
  const auto good = [](std::int64_t value) { return value >= 1 && value <= shapes::kMaxDim; };
  for (const auto& [name, value] : bindings.named)
    if (!good(value)) return fail(Errc::invalid_input, "dimension '" + name + "' cannot be " + std::to_string(value));
  if (bindings.batch && !good(*bindings.batch))
    return fail(Errc::invalid_input, "the batch cannot be " + std::to_string(*bindings.batch));
  return {};
}

}  // namespace

Result<std::vector<TensorInfo>> bind_inputs(const onnx::Graph& graph, const DimBindings& bindings) {
  if (auto checked = check_bindings(bindings); !checked) return tl::unexpected(checked.error());
  std::string free;
  std::vector<TensorInfo> infos;
  for (const onnx::ValueInfo& input : graph.inputs) {
    TensorInfo info{.type = input.type};
    if (input.is_tensor && !input.shape) free += (free.empty() ? "" : ", ") + input.name + " (its whole shape)";
    for (std::size_t axis = 0; input.shape && axis < input.shape->size(); ++axis) {
      const auto value = bound_value(input, axis, bindings);
      if (!value) free += (free.empty() ? "" : ", ") + describe(input, axis);
      info.dims.push_back(value.value_or(1));
    }
    info.known = input.is_tensor && input.shape && shapes::acceptable(info.dims);
    infos.push_back(std::move(info));
  }
  if (free.empty()) return infos;
  return fail(Errc::invalid_input, "free dimensions of the inputs need a value (--batch N, --dim NAME=V): " + free);
}

}  // namespace latcast
