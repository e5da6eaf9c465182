// Targets whose measurements come from imported tables -> pack content.
#pragma once

#include <vector>

#include "training.h"

namespace latcast::cli {

/// Settings of a pack's target: the target of its proxy, and that of networks' latencies to be known where it is used.
inline constexpr const char* kProxySetting = "proxy";
inline constexpr const char* kKnownSetting = "known";

/// As train_target(). From the target's own operations, or else from its networks' totals alone.
[[nodiscard]] Result<Trained> train_table_target(LearningTask& task, const TrainingOptions& options, bool reuse,
                                                 Console& console);

/// Targets of one engine, each measured operation by operation: joint models train on all of them, the devices as
/// further tasks. No proxy. One result per task.
/// Errc::interrupted.
[[nodiscard]] Result<std::vector<Result<Trained>>> train_tables_together(std::vector<LearningTask>& tasks,
                                                                         const TrainingOptions& options,
                                                                         Console& console);

}  // namespace latcast::cli
