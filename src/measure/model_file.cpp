#include "measure/model_file.h"

#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <utility>

namespace latcast {
namespace {

/// Integers below this are drawn where nothing is known about what they index (masks, token types).
constexpr std::int64_t kSafeBelow = 2;
/// Larger ids only reach further into a table; the time does not depend on it.
constexpr std::int64_t kLargestBelow = 30000;

/// Tensors that are `source` through nodes that pass integers on unchanged.
std::set<std::string> aliases_of(const std::string& source, const onnx::Graph& graph) {
  static const std::set<std::string> kPassing = {"Cast",     "Reshape", "Squeeze", "Unsqueeze",
                                                 "Identity", "Flatten", "Slice",   "Transpose"};
  std::set<std::string> aliases = {source};
  for (const onnx::Node& node : graph.nodes) {  // topologically sorted
    if (kPassing.contains(node.op) && !node.inputs.empty() && aliases.contains(node.inputs[0])) {
      aliases.insert(node.outputs.begin(), node.outputs.end());
    }
  }
  return aliases;
}

std::int64_t rows_of(const std::string& table, std::int64_t axis, const std::map<std::string, TensorInfo>& shapes) {
  const auto found = shapes.find(table);
  if (found == shapes.end() || !found->second.known) return kSafeBelow;
  const auto& dims = found->second.dims;
  const auto rank = static_cast<std::int64_t>(dims.size());
  const std::int64_t at = axis < 0 ? axis + rank : axis;
  return at >= 0 && at < rank ? dims[static_cast<std::size_t>(at)] : kSafeBelow;
}

/// Exclusive upper bound of what may stand in integer input `name`.
std::int64_t integer_bound(const std::string& name, const onnx::Graph& graph,
                           const std::map<std::string, TensorInfo>& shapes) {
  static const std::set<std::string> kIndexing = {"Gather", "GatherElements", "GatherND", "OneHot"};
  const std::set<std::string> aliases = aliases_of(name, graph);
  std::int64_t bound = kLargestBelow;
  bool indexes = false;
  for (const onnx::Node& node : graph.nodes) {
    if (kIndexing.contains(node.op) && node.inputs.size() > 1 && aliases.contains(node.inputs[1])) {
      const onnx::Attribute* axis = node.attribute("axis");
      bound = std::min(bound, rows_of(node.inputs[0], axis != nullptr ? axis->i : 0, shapes));
      indexes = true;
    } else if (node.op == "EmbedLayerNormalization") {
      for (const auto& [ids, table] : {std::pair{0U, 2U}, std::pair{1U, 4U}}) {
        if (node.inputs.size() <= table || !aliases.contains(node.inputs[ids])) continue;
        bound = std::min(bound, rows_of(node.inputs[table], 0, shapes));
        indexes = true;
      }
    }
  }
  return indexes ? std::max<std::int64_t>(bound, 1) : kSafeBelow;
}

/// Values for the engine's own binding of named free dimensions.
std::map<std::string, std::int64_t> bound_names(const onnx::Model& model,
                                                const std::map<std::string, TensorInfo>& shapes) {
  std::map<std::string, std::int64_t> values;
  for (const onnx::ValueInfo& input : model.graph.inputs) {
    const auto found = shapes.find(input.name);
    if (!input.shape || found == shapes.end() || found->second.dims.size() != input.shape->size()) continue;
    for (std::size_t axis = 0; axis < input.shape->size(); ++axis) {
      const onnx::Dim& dim = (*input.shape)[axis];
      if (dim.value < 0 && !dim.name.empty()) values[dim.name] = found->second.dims[axis];
    }
  }
  return values;
}

}  // namespace

Result<EngineModel> plan_inputs(const onnx::Model& model, const DimBindings& bindings) {
  auto shapes = infer_shapes(model, bindings, nullptr);
  if (!shapes) return tl::unexpected(shapes.error());
  EngineModel result;
  for (const onnx::ValueInfo& input : model.graph.inputs) {
    const TensorInfo& info = shapes->at(input.name);
    const bool real = info.type == onnx::DataType::float32 || info.type == onnx::DataType::float64 ||
                      info.type == onnx::DataType::float16 || info.type == onnx::DataType::bfloat16;
    result.inputs.push_back(
        {input.name, info.type, info.dims, real ? kSafeBelow : integer_bound(input.name, model.graph, *shapes)});
  }
  result.free_dims = bound_names(model, *shapes);
  return result;
}

Result<LoadedModel> load_model_file(const std::string& path, const DimBindings& bindings,
                                    onnx::ExternalWeights external) {
  auto model = onnx::read_model_file(path, external);
  if (!model) return tl::unexpected(model.error());
  auto engine_model = plan_inputs(*model, bindings);
  if (!engine_model) return fail_in(path, engine_model.error());
  engine_model->file = path;
  return LoadedModel{path, std::move(*model), std::move(*engine_model)};
}

}  // namespace latcast
