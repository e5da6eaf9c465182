#include "learn/selection.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <set>

#include "learn/folds.h"

namespace latcast::learn {
namespace {

constexpr double kHopeless = 1.15;  // times the leader's error after a fold: out of the race

/// One model while it competes.
struct Contender {
  const RegressionModel* model;
  std::vector<KernelEstimate> out_of_fold;  // latency 0 where it did not get to
  std::string failure;                      // why it is out; empty: still in
  double bytes = 0, evaluation_ns = 0;      // of its last exported form
};

std::size_t distinct_groups(const Rows& rows) { return std::set<int>(rows.group.begin(), rows.group.end()).size(); }

bool few(const Rows& rows) { return rows.size() < kFewSamples || distinct_groups(rows) < 3; }

std::vector<Contender> contenders(const Rows& rows) {
  std::vector<Contender> out;
  for (const RegressionModel& model : regression_models()) {
    const bool competes = !few(rows) || model.parts.empty();
    if (competes) out.push_back({&model, std::vector<KernelEstimate>(static_cast<std::size_t>(rows.size())), ""});
  }
  return out;
}

FormShape shape_of(const Rows& rows) {
  return {static_cast<std::size_t>(rows.terms.cols()), static_cast<std::size_t>(rows.logs.cols())};
}

/// Fits every contender that is still in the race to the training side and forecasts the test side.
void run_fold(const Rows& rows, const Split& sides, const FitOptions& options, std::vector<Contender>& all) {
  const Rows train = take(rows, sides.train), test = take(rows, sides.test);
  FitContext context(train, options);
  for (Contender& one : all) {
    if (!one.failure.empty()) continue;
    const auto fit = fit_kernel(*one.model, context);
    if (!fit) {
      one.failure = fit.error().context;
      continue;
    }
    one.bytes = static_cast<double>(form_bytes(fit->form));
    one.evaluation_ns = form_cost_ns(fit->form, shape_of(rows));
    const auto forecasts = forecast(*fit, test);
    for (std::size_t i = 0; i < sides.test.size(); ++i) {
      one.out_of_fold[static_cast<std::size_t>(sides.test[i])] = forecasts[i];
    }
  }
}

/// Error over the folds so far, with the model's handicap.
double standing(const Contender& one, const Rows& rows) {
  return weighted_error(one.out_of_fold, rows) * one.model->handicap;
}

/// Drops models that trail so far behind that further folds would not change it. The base stays: it is the last resort.
void drop_hopeless(const Rows& rows, int folds_done, std::vector<Contender>& all) {
  double best = std::numeric_limits<double>::max();
  for (const Contender& one : all) {
    if (one.failure.empty()) best = std::min(best, standing(one, rows));
  }
  for (Contender& one : all) {
    if (one.model->parts.empty() || !one.failure.empty() || standing(one, rows) <= kHopeless * best) continue;
    one.failure = "far behind after " + std::to_string(folds_done) + " of the folds";
  }
}

void cross_validate(const Rows& rows, const SelectionOptions& options, WarmStarts& warm, std::vector<Contender>& all) {
  const std::vector<int> folds = grouped_folds(rows.group, options.folds, options.seed);
  const int count = *std::ranges::max_element(folds) + 1;
  for (int fold = 0; fold < count; ++fold) {
    Split sides = split(folds, fold);
    if (count == 1) sides.train = sides.test;  // one network only: nothing can be held out
    run_fold(rows, sides, {options.seed + static_cast<std::uint64_t>(fold), Effort::fold, options.prior, &warm}, all);
    if (fold + 1 < count) drop_hopeless(rows, fold + 1, all);
  }
}

CandidateScore score(const Contender& one, const Rows& rows) {
  return {std::string(one.model->name), weighted_error(one.out_of_fold, rows), one.bytes, one.evaluation_ns,
          one.failure};
}

std::size_t best_of(const std::vector<Contender>& all, const std::vector<CandidateScore>& scores) {
  std::size_t best = 0;
  for (std::size_t i = 1; i < all.size(); ++i) {
    if (!all[i].failure.empty()) continue;
    if (scores[i].error * all[i].model->handicap < scores[best].error * all[best].model->handicap) best = i;
  }
  return best;
}

double weighted_bias(const std::vector<KernelEstimate>& forecasts, const Rows& rows) {
  double sum = 0.0, weight = 0.0;
  for (std::size_t i = 0; i < forecasts.size(); ++i) {
    const auto row = static_cast<Eigen::Index>(i);
    if (!(forecasts[i].latency_ns > 0)) continue;
    sum += rows.weight[row] * std::clamp(std::log(forecasts[i].latency_ns / rows.latency_ns[row]), -1.0, 1.0);
    weight += rows.weight[row];
  }
  return weight > 0 ? sum / weight : 0.0;
}

}  // namespace

double weighted_error(const std::vector<KernelEstimate>& forecasts, const Rows& rows) {
  double sum = 0.0, weight = 0.0;
  for (std::size_t i = 0; i < forecasts.size(); ++i) {
    const auto row = static_cast<Eigen::Index>(i);
    if (!(forecasts[i].latency_ns > 0)) continue;
    sum += rows.weight[row] * std::min(std::abs(forecasts[i].latency_ns / rows.latency_ns[row] - 1.0), 1.0);
    weight += rows.weight[row];
  }
  return weight > 0 ? sum / weight : 1.0;
}

std::vector<double> errors_of(const std::vector<Selection>& chosen) {
  std::vector<double> errors;
  for (const Selection& one : chosen) errors.push_back(one.error);
  return errors;
}

Selection select_model(const Rows& rows, const SelectionOptions& options) {
  std::vector<Contender> all = contenders(rows);
  SelectionOptions own = options;
  if (!few(rows)) own.prior = {};
  Selection out;
  cross_validate(rows, own, out.warm, all);
  for (const Contender& one : all) out.candidates.push_back(score(one, rows));
  std::size_t best = best_of(all, out.candidates);
  FitContext context(rows, {own.seed, Effort::final, own.prior, &out.warm});
  auto fit = fit_kernel(*all[best].model, context);
  if (!fit) {
    out.candidates[best].note = fit.error().context;
    best = 0;  // the base
    fit = fit_kernel(*all[best].model, context);
  }
  if (fit) out.fit = std::move(*fit);
  out.out_of_fold = std::move(all[best].out_of_fold);
  out.error = out.candidates[best].error;
  out.bias = weighted_bias(out.out_of_fold, rows);
  return out;
}

}  // namespace latcast::learn
