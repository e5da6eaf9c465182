// From a training set to the content of a pack.
//
// Per kernel class the regression models compete by cross-validation grouped by network; the calibrated sum is fitted
// to out-of-fold module forecasts; intervals come from networks whose family was left out. Deterministic for a seed,
// whatever the number of threads.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string_view>

#include "catalogue/catalogue.h"
#include "core/pack_content.h"
#include "latcast/result.h"
#include "learn/training_set.h"

namespace latcast::learn {

struct TrainProgress {
  std::size_t done = 0, total = 0;  // kernel classes; then once more with stage "intervals"
  std::string_view stage;           // "models", "intervals"
  std::string_view what;            // kernel class just done
};

struct TrainOptions {
  std::uint64_t seed = 1;
  int threads = 2;
  double level = 0.9;                                  // of the intervals
  std::function<void(const TrainProgress&)> progress;  // called under a lock, from any thread; may be empty
};

/// Everything but target, tool version, dates, references and campaign times, which the caller knows.
/// Errc::invalid_input: no usable sample, or a training set that does not fit the catalogue.
[[nodiscard]] Result<PackContent> train(const TrainingSet& set, std::span<const ModuleType> types,
                                        const TrainOptions& options = {});

[[nodiscard]] inline Result<PackContent> train(const TrainingSet& set, const Catalogue& catalogue,
                                               const TrainOptions& options = {}) {
  return train(set, catalogue.types(), options);
}

}  // namespace latcast::learn
