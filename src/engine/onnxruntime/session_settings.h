// What decides how long a session takes: one value that is applied to ONNX Runtime's options and told with every
// measurement, so that neither can say what the other does not.
#pragma once

#include <onnxruntime/onnxruntime_c_api.h>

#include <map>
#include <optional>
#include <string>

#include "engine/engine.h"
#include "latcast/result.h"

namespace latcast::ort {

/// Where none is set, the engine's default stays and is told as such.
struct SessionSettings {
  GraphOptimizationLevel optimization = ORT_ENABLE_ALL;
  ExecutionMode execution = ORT_SEQUENTIAL;
  std::optional<bool> intra_op_spinning = {};  // of idle threads; matters above one
  std::optional<bool> memory_arena = {};       // of the CPU
  int threads = 1;                             // within an operator
};

/// The settings of a session, from options by the names and values that describe() tells ("default": the engine's own).
/// Errc::invalid_input: another name or value; the message lists those there are.
[[nodiscard]] Result<SessionSettings> session_settings(const EngineSettings& settings);

/// Sets every option that `settings` has a value for. No execution provider is added: the CPU's is the one left.
[[nodiscard]] Result<void> apply(const OrtApi& api, const SessionSettings& settings, OrtSessionOptions* options);

/// The same by name, as stores and packs keep it: targets are told apart by these texts, which must never change.
[[nodiscard]] std::map<std::string, std::string> describe(const SessionSettings& settings);

}  // namespace latcast::ort
