// The optimized ONNX model that ONNX Runtime saves, as an executed graph.
#pragma once

#include <filesystem>

#include "engine/engine.h"

namespace latcast::ort {

/// `model` is what it was made of.
[[nodiscard]] Result<ExecutedGraph> read_saved_graph(const std::filesystem::path& file, const EngineModel& model);

}  // namespace latcast::ort
