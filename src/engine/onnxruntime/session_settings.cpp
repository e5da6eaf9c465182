#include "engine/onnxruntime/session_settings.h"

#include "engine/onnxruntime/library.h"

namespace latcast::ort {
namespace {

constexpr const char* kSpinning = "session.intra_op.allow_spinning";

std::string level(GraphOptimizationLevel level) {
  switch (level) {
    case ORT_DISABLE_ALL:
      return "none";
    case ORT_ENABLE_BASIC:
      return "basic";
    case ORT_ENABLE_EXTENDED:
      return "extended";
    case ORT_ENABLE_ALL:
      return "all";
  }
  return std::to_string(level);
}

std::string choice(const std::optional<bool>& value) { return !value ? "default" : *value ? "on" : "off"; }

}  // namespace

Result<void> apply(const OrtApi& api, const SessionSettings& settings, OrtSessionOptions* options) {
  if (auto ok = check(api, api.SetSessionGraphOptimizationLevel(options, settings.optimization)); !ok) return ok;
  if (auto ok = check(api, api.SetSessionExecutionMode(options, settings.execution)); !ok) return ok;
  if (auto ok = check(api, api.SetIntraOpNumThreads(options, settings.threads)); !ok) return ok;
  if (settings.memory_arena) {
    const auto set = *settings.memory_arena ? api.EnableCpuMemArena : api.DisableCpuMemArena;
    if (auto ok = check(api, set(options)); !ok) return ok;
  }
  if (!settings.intra_op_spinning) return {};
  return check(api, api.AddSessionConfigEntry(options, kSpinning, *settings.intra_op_spinning ? "1" : "0"));
}

std::map<std::string, std::string> describe(const SessionSettings& settings) {
  return {{"optimization_level", level(settings.optimization)},
          {"execution_mode", settings.execution == ORT_SEQUENTIAL ? "sequential" : "parallel"},
          {"execution_provider", "CPUExecutionProvider"},
          {"intra_op_spinning", choice(settings.intra_op_spinning)},
          {"memory_arena", choice(settings.memory_arena)},
          {"threads", std::to_string(settings.threads)}};
}

}  // namespace latcast::ort
