// A model file made ready for an engine: read, its inputs given shapes and made-up contents.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "engine/engine.h"
#include "graph/module_network.h"
#include "graph/onnx_model.h"
#include "latcast/result.h"

namespace latcast {

struct LoadedModel {
  std::string path;
  onnx::Model model;
  EngineModel engine_model;
  std::optional<std::int64_t> fixed_batch = {};  // of the file, where another was asked for

  /// An engine runs the file as it is.
  [[nodiscard]] Result<void> check_for_engine() const;
};

/// Reads the file, binds dimensions and plans the inputs. `external`: whether files of weights must be there, which
/// only an engine opens. Errors name the file.
[[nodiscard]] Result<LoadedModel> load_model_file(const std::string& path, const DimBindings& bindings,
                                                  onnx::ExternalWeights external = onnx::ExternalWeights::required);

/// The inputs an engine needs to run this model, each a legal_input().
[[nodiscard]] Result<EngineModel> plan_inputs(const onnx::Model& model, const DimBindings& bindings);

}  // namespace latcast
