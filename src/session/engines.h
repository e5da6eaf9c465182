// What can be measured here.
#pragma once

#include <vector>

#include "engine/engine.h"

namespace latcast::session {

/// Every engine that this build knows, but for the fake one of tests: its version and file, or what to install.
[[nodiscard]] std::vector<EngineInfo> engines(const EngineSettings& settings);

}  // namespace latcast::session
