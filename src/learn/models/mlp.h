// A multilayer perceptron of one kernel class's log latency, or of what a base leaves over of it: no encoder that other
// classes share, nothing but the class's own samples.
#pragma once

#include "learn/models/log_model.h"

namespace latcast::learn {

/// Errc::unsupported without LibTorch's plugin, or with too few samples. Thread-safe.
Result<LogModelPtr> fit_mlp(const LogProblem& problem);

}  // namespace latcast::learn
