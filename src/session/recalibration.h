// Machines drift: a pack's reference carriers measured again, and its anchor moved to the speed the machine has now.
#pragma once

#include <chrono>
#include <string>

#include "engine/engine.h"
#include "latcast/pack_info.h"
#include "latcast/result.h"
#include "latcast/units.h"
#include "session/listener.h"
#include "session/machine_watch.h"

namespace latcast::session {

struct RecalibrationOptions {
  std::string pack;  // file, changed in place
  EngineSettings settings;
  Nanos budget = std::chrono::seconds(15);  // wall-clock time
  double max_noise = -1;                    // from 0 on: a busy machine is waited for, a noisier anchor not taken
};

struct Recalibration {
  Anchor before, after;
  MachineReport machine = {};
};

/// Errc::mismatch: the pack is of another machine or engine version. Errc::unsupported, Errc::unstable: it has too few
/// reference carriers, too few were measured within the budget, or those are too noisy. Errc::interrupted. The pack is
/// unchanged then.
[[nodiscard]] Result<Recalibration> recalibrate(const RecalibrationOptions& options, Listener& listener);

}  // namespace latcast::session
