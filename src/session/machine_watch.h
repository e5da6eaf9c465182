// Whether a machine was quiet while figures were taken, and waiting until it is.
#pragma once

#include <limits>
#include <string>

#include "engine/worker/worker.h"
#include "session/listener.h"
#include "store/rounds.h"

namespace latcast::session {

/// How long to wait for a quiet machine where no budget says it.
inline constexpr Nanos kPatience = std::chrono::minutes(2);

struct MachineReport {
  MachineUse use;  // during the measurements
  int threads = 1;
  double scatter = std::numeric_limits<double>::quiet_NaN();  // of a network's bursts over rounds, relative: the median
  /// Figures may be off by more than a quiet machine's would be.
  [[nodiscard]] bool busy() const;
  [[nodiscard]] std::string text() const;
};

/// After measurements: says what was seen, and warns where it matters. `minima`: networks x rounds.
[[nodiscard]] MachineReport report_machine(const Worker& worker, int threads, const RoundTable& minima,
                                           Listener& listener);

/// Where others kept the machine busy during the last measurement, or there was none yet: rests until they do not,
/// for `most` at the longest. What it took.
Nanos wait_for_quiet(Worker& worker, int threads, Nanos most, Listener& listener);

}  // namespace latcast::session
