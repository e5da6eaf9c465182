// Every regression model, joint model and mixture fitted and asked for the rows that it has not seen: what comparisons
// rest on.
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/kernel_forecast.h"
#include "learn/data/training_set.h"
#include "learn/models/prepared.h"

namespace latcast::experiments {

using Estimates = std::vector<std::vector<KernelEstimate>>;  // per class, per row

/// Forecasts of every row by each model, fitted without the row's part.
struct ModelTable {
  std::vector<std::string> names;
  std::vector<Estimates> forecasts;                 // per model
  std::vector<std::vector<double>> time_ns, bytes;  // per model, per class: mean over the parts, timed
  std::vector<std::vector<double>> estimated_ns;    // likewise, as selections estimate it
  std::vector<std::vector<std::string>> failures;   // per model, per class
  std::vector<double> cost_s;                       // per model: CPU
  std::vector<double> shared_bytes;                 // per model
  [[nodiscard]] std::size_t index(std::string_view name) const {
    return static_cast<std::size_t>(std::ranges::find(names, name) - names.begin());
  }
};

/// Which part each row of each class is in.
using Parts = std::vector<std::vector<int>>;
[[nodiscard]] Parts parts_of_rows(const learn::PreparedSet& prepared, std::span<const int> part_of_network);
[[nodiscard]] Parts random_parts(const learn::PreparedSet& prepared, int parts, std::uint64_t seed);

/// All models are fitted to the rows outside each of the first `count` parts and forecast those inside; where one could
/// not be fitted the base stands in, for a mixture the model that it is made of.
[[nodiscard]] ModelTable fit_all_models(const learn::TrainingSet& set, const learn::PreparedSet& prepared,
                                        const Parts& parts, int count, std::uint64_t seed, int threads);

}  // namespace latcast::experiments
