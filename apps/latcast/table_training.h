// Targets whose measurements come from imported tables -> pack content.
#pragma once

#include "training.h"

namespace latcast::cli {

/// Settings of a pack's target: the target of its proxy, and that of networks' latencies to be known where it is used.
inline constexpr const char* kProxySetting = "proxy";
inline constexpr const char* kKnownSetting = "known";

/// As train_target(). From the target's own operations, or else from its networks' totals alone.
[[nodiscard]] Result<Trained> train_table_target(LearningTask& task, const TrainingOptions& options, bool reuse,
                                                 Console& console);

}  // namespace latcast::cli
