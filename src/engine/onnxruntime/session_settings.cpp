#include "engine/onnxruntime/session_settings.h"

#include <algorithm>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/onnxruntime/library.h"

namespace latcast::ort {
namespace {

constexpr const char* kSpinning = "session.intra_op.allow_spinning";

template <class T>
using Choices = std::vector<std::pair<std::string_view, T>>;

const Choices<GraphOptimizationLevel> kLevels = {
    {"none", ORT_DISABLE_ALL}, {"basic", ORT_ENABLE_BASIC}, {"extended", ORT_ENABLE_EXTENDED}, {"all", ORT_ENABLE_ALL}};
const Choices<ExecutionMode> kModes = {{"sequential", ORT_SEQUENTIAL}, {"parallel", ORT_PARALLEL}};
const Choices<std::optional<bool>> kSwitch = {{"default", std::nullopt}, {"on", true}, {"off", false}};
const Choices<bool> kProviders = {{"CPUExecutionProvider", true}};

template <class T>
Result<void> choose(const std::string& key, const std::string& text, const Choices<T>& choices, T& out) {
  std::string known;
  for (const auto& [name, value] : choices) {
    if (name == text) {
      out = value;
      return {};
    }
    known += (known.empty() ? "" : ", ") + std::string(name);
  }
  return fail(Errc::invalid_input, "session option " + key + "=" + text + ": it is one of " + known);
}

template <class T>
std::string told(const Choices<T>& choices, const T& wanted) {
  const auto found = std::ranges::find_if(choices, [&](const auto& one) { return one.second == wanted; });
  return found == choices.end() ? "?" : std::string(found->first);
}

}  // namespace

Result<SessionSettings> session_settings(const EngineSettings& settings) {
  SessionSettings out{.threads = settings.threads};
  bool provider = true;
  for (const auto& [key, text] : settings.session) {
    auto ok = key == "optimization_level"  ? choose(key, text, kLevels, out.optimization)
              : key == "execution_mode"    ? choose(key, text, kModes, out.execution)
              : key == "intra_op_spinning" ? choose(key, text, kSwitch, out.intra_op_spinning)
              : key == "memory_arena"      ? choose(key, text, kSwitch, out.memory_arena)
              : key == "execution_provider"
                  ? choose(key, text, kProviders, provider)
                  : Result<void>(fail(Errc::invalid_input, "there is no session option '" + key +
                                                               "': optimization_level, execution_mode, "
                                                               "intra_op_spinning, memory_arena"));
    if (!ok) return tl::unexpected(ok.error());
  }
  return out;
}

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
  return {{"optimization_level", told(kLevels, settings.optimization)},
          {"execution_mode", told(kModes, settings.execution)},
          {"execution_provider", "CPUExecutionProvider"},
          {"intra_op_spinning", told(kSwitch, settings.intra_op_spinning)},
          {"memory_arena", told(kSwitch, settings.memory_arena)},
          {"threads", std::to_string(settings.threads)}};
}

}  // namespace latcast::ort
