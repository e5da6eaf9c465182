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

}  // namespace latcast
