// The comparison of models on campaigns' stores, with MEDN's ablation: `latcast bench learn`.
#pragma once

#include <string>
#include <vector>

#include "experiments/comparison.h"
#include "experiments/medn_study.h"
#include "latcast/result.h"
#include "session/listener.h"

namespace latcast::experiments {

struct StoreComparisonOptions {
  std::vector<std::string> stores;     // files, at least one
  std::string target;                  // as session::choose_target() takes it
  std::vector<std::string> catalogue;  // folders of module types beside the built-in ones
};

struct StoreComparison {
  LearnComparison models;         // of the first store
  std::vector<MednVariant> medn;  // likewise
  std::string medn_missing;       // why it was not studied; empty: it was
  IntervalCheck intervals;        // of all stores
  double seconds = 0;
};

/// Errc::interrupted.
[[nodiscard]] Result<StoreComparison> compare_on_stores(const StoreComparisonOptions& options,
                                                        session::Listener& listener);

}  // namespace latcast::experiments
