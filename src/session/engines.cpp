#include "session/engines.h"

#include "engine/worker/worker.h"
#include "session/forecaster.h"

namespace latcast::session {

std::vector<EngineInfo> engines(const EngineSettings& settings) {
  std::vector<EngineInfo> out;
  for (const std::string& id : engine_ids()) {
    if (id == "fake") continue;
    const auto info = Worker(id, settings, interactive_limits()).info();
    out.push_back(info ? *info : EngineInfo{id, false, "", "", info.error().context});
  }
  return out;
}

}  // namespace latcast::session
