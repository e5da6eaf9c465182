#include "engine/engine.h"
#include "engine/fake/fake_engine.h"
#include "engine/onnxruntime/onnxruntime_engine.h"

namespace latcast {
namespace {

struct Entry {
  std::string_view id;
  std::unique_ptr<Engine> (*make)();
};

constexpr Entry kEngines[] = {
    {"onnxruntime", make_onnxruntime_engine},
    {"fake", make_fake_engine},
};

}  // namespace

std::vector<std::string> engine_ids() {
  std::vector<std::string> ids;
  for (const Entry& entry : kEngines) ids.emplace_back(entry.id);
  return ids;
}

Result<std::unique_ptr<Engine>> make_engine(std::string_view id) {
  for (const Entry& entry : kEngines) {
    if (entry.id == id) return entry.make();
  }
  std::string known;
  for (const Entry& entry : kEngines) known += (known.empty() ? "" : ", ") + std::string(entry.id);
  return fail(Errc::not_found, "no engine is called '" + std::string(id) + "'; known: " + known);
}

Result<onnx::Model> read_model(const EngineModel& model) {
  return model.bytes.empty() ? onnx::read_model_file(model.file)
                             : onnx::read_model(std::as_bytes(std::span(model.bytes)));
}

DimBindings bindings_of(const EngineModel& model) {
  DimBindings out{.named = model.free_dims, .batch = {}};
  for (const InputSpec& input : model.inputs)
    for (std::size_t axis = 0; axis < input.dims.size(); ++axis)
      if (input.dims[axis] > 0) out.named[input.name + ":" + std::to_string(axis)] = input.dims[axis];
  return out;
}

Result<EngineSettings> under(EngineSettings settings, const Conditions& conditions,
                             const EngineCapabilities& capabilities) {
  for (const auto& [name, value] : conditions) {
    if (std::ranges::find(capabilities.conditions, name) == capabilities.conditions.end()) {
      std::string known;
      for (const std::string& one : capabilities.conditions) known += (known.empty() ? "" : ", ") + one;
      return fail(Errc::unsupported,
                  "the engine cannot set the condition '" + name + "'; it can set " + (known.empty() ? "none" : known));
    }
    if (name == "threads") {
      settings.threads = static_cast<int>(value);
    } else {
      settings.conditions[name] = value;
    }
  }
  return settings;
}

}  // namespace latcast
