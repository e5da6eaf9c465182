#include "measure/model_file.h"

#include <utility>

#include "graph/dimensions.h"
#include "graph/link.h"
#include "measure/input_values.h"

namespace latcast {
Result<EngineModel> plan_inputs(const onnx::Model& model, const DimBindings& bindings) {
  if (auto checked = check_asked(model.graph, bindings); !checked) return tl::unexpected(checked.error());
  const auto graph = link(model, bindings, nullptr);
  if (!graph) return tl::unexpected(graph.error());
  EngineModel result;
  for (ir::ValueId id = 0; id < graph->values(); ++id) {
    if (graph->value(id).input) result.inputs.push_back(legal_input(*graph, id));
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
