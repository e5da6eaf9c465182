#include "experiments/store_comparison.h"

#include <chrono>
#include <utility>

#include "session/training.h"

namespace latcast::experiments {

Result<StoreComparison> compare_on_stores(const StoreComparisonOptions& options, session::Listener& listener) {
  const auto started = std::chrono::steady_clock::now();
  StoreComparison out;
  for (std::size_t i = 0; i < options.stores.size(); ++i) {
    const auto task = session::open_training(options.stores[i], options.target, options.catalogue);
    if (!task) return tl::unexpected(task.error());
    ComparisonOptions comparison;
    comparison.families_only = i > 0;
    auto found = compare_models(task->measurements.set, comparison, listener);
    if (!found) return tl::unexpected(found.error());
    out.intervals = pooled(out.intervals, found->intervals);
    if (i > 0) continue;
    out.models = std::move(*found);
    listener.progress(0, "MEDN's parts");
    auto variants = study_medn(task->measurements.set, listener);
    if (!variants && variants.error().code == Errc::interrupted) return tl::unexpected(variants.error());
    if (variants) {
      out.medn = std::move(*variants);
    } else {
      out.medn_missing = variants.error().context;
    }
  }
  out.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - started).count();
  return out;
}

}  // namespace latcast::experiments
