// Machines drift: a pack's reference carriers measured again, and its anchor moved to the speed the machine has now.
#pragma once

#include <chrono>
#include <string>

#include "engine/engine.h"
#include "latcast/pack_info.h"
#include "latcast/result.h"
#include "latcast/units.h"
#include "session/listener.h"

namespace latcast::session {

struct RecalibrationOptions {
  std::string pack;  // file, changed in place
  EngineSettings settings;
  Nanos budget = std::chrono::seconds(15);  // wall-clock time
};

struct Recalibration {
  Anchor before, after;
};

/// Errc::mismatch: the pack is of another machine or engine version. Errc::unsupported, Errc::unstable: it has too few
/// reference carriers, or too few were measured within the budget. Errc::interrupted. The pack is unchanged then.
[[nodiscard]] Result<Recalibration> recalibrate(const RecalibrationOptions& options, Listener& listener);

}  // namespace latcast::session
