#include "measure/model_file.h"

#include <algorithm>
#include <set>
#include <utility>

#include "graph/dimensions.h"
#include "graph/link.h"

namespace latcast {
namespace {

/// Integers below this are drawn where nothing is known about what they index (masks, token types).
constexpr std::int64_t kSafeBelow = 2;
/// Larger ids only reach further into a table; the time does not depend on it.
constexpr std::int64_t kLargestBelow = 30000;

/// Values that are `source` through nodes that pass integers on unchanged.
std::set<ir::ValueId> aliases_of(ir::ValueId source, const ir::Graph& graph) {
  static const std::set<std::string> kPassing = {"Cast",     "Reshape", "Squeeze", "Unsqueeze",
                                                 "Identity", "Flatten", "Slice",   "Transpose"};
  std::set<ir::ValueId> aliases = {source};
  for (ir::NodeId id = 0; id < graph.nodes(); ++id) {
    const ir::Node& node = graph.node(id);
    if (kPassing.contains(node.op) && aliases.contains(node.input(0)))
      aliases.insert(node.outputs.begin(), node.outputs.end());
  }
  return aliases;
}

std::int64_t rows_of(const ir::Graph& graph, ir::ValueId table, std::int64_t axis) {
  if (table == ir::kNothing || !graph.info(table).known) return kSafeBelow;
  const Dims& dims = graph.info(table).dims;
  const auto at = shapes::normal_axis(axis, dims.size());
  return at ? dims[*at] : kSafeBelow;
}

/// Exclusive upper bound of what may stand in an integer input.
std::int64_t integer_bound(const ir::Graph& graph, ir::ValueId input) {
  static const std::set<std::string> kIndexing = {"Gather", "GatherElements", "GatherND", "OneHot"};
  const std::set<ir::ValueId> aliases = aliases_of(input, graph);
  std::int64_t bound = kLargestBelow;
  bool indexes = false;
  for (ir::NodeId id = 0; id < graph.nodes(); ++id) {
    const ir::Node& node = graph.node(id);
    if (kIndexing.contains(node.op) && aliases.contains(node.input(1))) {
      bound = std::min(bound, rows_of(graph, node.input(0), node.integer("axis", 0)));
      indexes = true;
    } else if (node.op == "EmbedLayerNormalization") {
      for (const auto& [ids, table] : {std::pair{0U, 2U}, std::pair{1U, 4U}}) {
        if (node.inputs.size() <= table || !aliases.contains(node.input(ids))) continue;
        bound = std::min(bound, rows_of(graph, node.input(table), 0));
        indexes = true;
      }
    }
  }
  return indexes ? std::max<std::int64_t>(bound, 1) : kSafeBelow;
}

}  // namespace

Result<EngineModel> plan_inputs(const onnx::Model& model, const DimBindings& bindings) {
  if (auto checked = check_asked(model.graph, bindings); !checked) return tl::unexpected(checked.error());
  const auto graph = link(model, bindings, nullptr);
  if (!graph) return tl::unexpected(graph.error());
  EngineModel result;
  for (ir::ValueId id = 0; id < graph->values(); ++id) {
    if (!graph->value(id).input) continue;
    const TensorInfo& info = graph->info(id);
    const bool real = info.type == onnx::DataType::float32 || info.type == onnx::DataType::float64 ||
                      info.type == onnx::DataType::float16 || info.type == onnx::DataType::bfloat16;
    result.inputs.push_back({graph->name(id), info.type, info.dims, real ? kSafeBelow : integer_bound(*graph, id)});
  }
  for (std::size_t i = 0; i < result.inputs.size(); ++i) {
    const auto& shape = model.graph.inputs[i].shape;
    for (std::size_t axis = 0; shape && axis < shape->size(); ++axis) {
      const onnx::Dim& dim = (*shape)[axis];
      if (dim.value < 0 && !dim.name.empty()) result.free_dims[dim.name] = result.inputs[i].dims[axis];
    }
  }
  return result;
}

Result<LoadedModel> load_model_file(const std::string& path, const DimBindings& bindings,
                                    onnx::ExternalWeights external) {
  auto model = onnx::read_model_file(path, external);
  if (!model) return tl::unexpected(model.error());
  auto engine_model = plan_inputs(*model, bindings);
  if (!engine_model) return fail_in(path, engine_model.error());
  engine_model->file = path;
  const auto fixed_batch = other_batch(model->graph, bindings);
  return LoadedModel{path, std::move(*model), std::move(*engine_model), fixed_batch};
}

Result<void> LoadedModel::check_for_engine() const {
  if (!fixed_batch) return {};
  return fail(
      Errc::invalid_input,
      path + ": the batch is fixed at " + std::to_string(*fixed_batch) +
          " in the file, and an engine runs the file as it is: leave the batch out, or write the file with a free "
          "one; forecasts by rules (--graph rules) take another");
}

}  // namespace latcast
