// Regression models that compete for a kernel class, with what is known of each: forecasts of samples it did not see,
// size, time, training cost.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/kernel_forecast.h"
#include "core/pack_content.h"
#include "learn/data/rows.h"
#include "learn/models/kernel_fit.h"

namespace latcast::learn {

struct Candidate {
  CandidateScore score;                     // name, cross-validated error, bytes, time, cost; why it is out
  bool joint = false;                       // trained with all other classes, and stored partly in common with them
  std::vector<KernelEstimate> out_of_fold;  // per row, the row's network left out; latency 0 where it did not get to
  std::vector<KernelEstimate> family_out;   // per row, the row's family left out; empty until asked for
  std::optional<KernelFit> fit;             // on all rows; only of candidates that can be chosen
};

/// One kernel class: its candidates, and hyperparameters for further fits to parts of the same samples.
struct ClassStudy {
  std::vector<Candidate> candidates;  // empty where the class has no sample
  WarmStarts warm;
};

/// Whether a model may compete under the names that were asked for (empty: all).
[[nodiscard]] bool may_compete(std::string_view name, const std::vector<std::string>& models);

/// Weighted mean of |forecast / truth - 1|, each at most 1 so that one wild sample does not decide; over the rows that
/// have a forecast, 1 where none has.
[[nodiscard]] double weighted_error(const std::vector<KernelEstimate>& forecasts, const Rows& rows);
/// Weighted mean log ratio, each within one; over the rows that have a forecast.
[[nodiscard]] double weighted_bias(const std::vector<KernelEstimate>& forecasts, const Rows& rows);

/// Fills in what the candidate's forecasts out of fold say of its errors.
void judge(const Rows& rows, Candidate& one);

}  // namespace latcast::learn
