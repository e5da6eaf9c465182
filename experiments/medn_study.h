// What MEDN's parts are worth: without one of them at a time, and against a separate network per class with fewer
// samples.
#pragma once

#include <string>
#include <vector>

#include "latcast/result.h"
#include "learn/data/training_set.h"
#include "learn/math/metrics.h"
#include "session/listener.h"

namespace latcast::experiments {

struct MednVariant {
  std::string name;              // "medn", "no auxiliary tasks", ...
  int samples_per_class = 0;     // at most; 0: all
  learn::ModuleMetrics modules;  // of networks left out; the base stands in where a class has no network
  double mean_class_error = 0;   // weighted error (candidate.h), mean over classes, each with the same weight
  double train_s = 0;            // mean
};

/// Errc::unsupported without LibTorch's plugin. Errc::interrupted.
[[nodiscard]] Result<std::vector<MednVariant>> study_medn(const learn::TrainingSet& set,
                                                          const session::Listener& listener);

}  // namespace latcast::experiments
