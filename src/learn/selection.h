// Which regression model a kernel class gets: cross-validation grouped by network, then a fit on everything.
#pragma once

#include <string>
#include <vector>

#include "core/pack_content.h"
#include "learn/kernel_fit.h"
#include "learn/regression_model.h"
#include "learn/rows.h"

namespace latcast::learn {

struct SelectionOptions {
  std::uint64_t seed = 1;
  int folds = 5;
  BasePrior prior;  // for classes with few samples
};

/// Below this many samples (or three networks) only the base competes, with its prior.
inline constexpr Eigen::Index kFewSamples = 25;

struct Selection {
  KernelFit fit;                            // of the chosen model, on all samples
  std::vector<KernelEstimate> out_of_fold;  // of the chosen model, per row
  double error = 0, bias = 0;               // weighted, out of fold: mean |ratio - 1| (each at most 1), mean log ratio
  std::vector<CandidateScore> candidates;
  WarmStarts warm;  // for further fits to parts of the same samples
};

/// The errors, in order.
[[nodiscard]] std::vector<double> errors_of(const std::vector<Selection>& chosen);

/// `rows` not empty. Never fails: a model that cannot be fitted loses, with its reason; the base always can.
[[nodiscard]] Selection select_model(const Rows& rows, const SelectionOptions& options);

/// Weighted mean of |forecast / truth - 1|, each at most 1 so that one wild sample does not decide; over the rows that
/// have a forecast.
[[nodiscard]] double weighted_error(const std::vector<KernelEstimate>& forecasts, const Rows& rows);

}  // namespace latcast::learn
