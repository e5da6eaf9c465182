// A pack for every target of a store.
#pragma once

#include "training.h"

namespace latcast::cli {

/// Of every target that networks' latencies are known of, into the folder `options.out`. Those of tables that are
/// measured operation by operation train together with the others of their engine.
int run_all_targets(const TrainingOptions& options, Console& console);

}  // namespace latcast::cli
