// Regression models (RMs): what competes for a kernel class. One line of a table each.
//
// Most are the physical base, or nothing, times the exponential of the mean of some log learners, fitted to logarithms
// of latency. Others forecast nanoseconds on their own (`direct`). All are fitted with sample weights to relative error
// and exported as a form that core evaluates. Parts that several RMs share (the base, a learner of its residual) are
// fitted once per FitContext, which also says what each has cost.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "core/form.h"
#include "latcast/result.h"
#include "learn/data/rows.h"
#include "learn/models/log_model.h"
#include "learn/models/physical_base.h"

namespace latcast::learn {

/// A learner, or a direct model, by name, and whether it works over the base.
using PartKey = std::pair<std::string_view, bool>;

/// Hyperparameters by part (LogLearner::search): searched for on the first fold's training side and used again on the
/// other folds, where a search of their own would cost more than all the rest. So the first fold is free of what it is
/// judged on; the others share some twenty numbers with it.
using WarmStarts = std::map<PartKey, Eigen::VectorXd>;

struct FitOptions {
  std::uint64_t seed = 1;
  Effort effort = Effort::final;
  BasePrior prior;
  WarmStarts* warm = nullptr;  // read and filled; must outlive the context
};

/// CPU seconds of the thread: all of a fit, and the share of it that was a search for hyperparameters.
struct FitCost {
  double fit_s = 0, search_s = 0;
};

class FittedModel {
 public:
  virtual ~FittedModel() = default;
  /// Latency in ns, with the libraries that trained it; `rows` need terms and log features only.
  [[nodiscard]] virtual Eigen::VectorXd predict_ns(const Rows& rows) const = 0;
  [[nodiscard]] virtual FormSpec form() const = 0;
  /// Used where a feature is out of range; empty: `form` does it with clamped features.
  [[nodiscard]] virtual FormSpec extrapolation() const = 0;
};

using FittedModelPtr = std::shared_ptr<const FittedModel>;
struct RegressionModel;

/// One training set and the parts fitted to it so far. Not thread-safe.
class FitContext {
 public:
  /// `rows` must outlive the context; at least two of them.
  FitContext(const Rows& rows, FitOptions options) : rows_(rows), options_(std::move(options)) {}

  [[nodiscard]] const Rows& rows() const { return rows_; }
  [[nodiscard]] const FitOptions& options() const { return options_; }
  const PhysicalBase& base();
  /// The learner of that name, of log latency or of what the base leaves over.
  Result<LogModelPtr> part(std::string_view learner, bool over_base);
  /// `model.direct`, once.
  Result<FittedModelPtr> direct(const RegressionModel& model);

  /// Natural logarithm of the latency, or of what the base leaves over of it.
  [[nodiscard]] Eigen::VectorXd target(bool over_base);

  /// What the model's parts have cost in this context, those that it shares with others included; zero before its fit.
  [[nodiscard]] FitCost cost_of(const RegressionModel& model) const;

 private:
  const Eigen::VectorXd& robust_weight();
  /// Where hyperparameters are kept; null where nobody keeps them.
  Eigen::VectorXd* warm(PartKey key) { return options_.warm == nullptr ? nullptr : &(*options_.warm)[key]; }

  const Rows& rows_;
  FitOptions options_;
  std::unique_ptr<PhysicalBase> base_;
  Eigen::VectorXd robust_weight_;
  std::map<PartKey, Result<LogModelPtr>> parts_;
  std::map<std::string_view, Result<FittedModelPtr>> direct_;
  std::map<PartKey, FitCost> costs_;
};

/// What a direct model is fitted to.
struct DirectProblem {
  FitContext& context;
  Eigen::VectorXd* warm = nullptr;  // as in LogProblem
  double* search_s = nullptr;       // as in LogProblem
};

struct RegressionModel {
  std::string_view name, summary;
  std::string_view trained_on;  // what the loss is a distance of
  std::string_view form;        // what it is exported as
  std::string_view cost;        // of one evaluation: order of magnitude
  std::string_view source;      // paper; library, where it is not our own code
  bool over_base = false;
  std::vector<std::string_view> parts = {};                          // log learners; empty: the base alone, or direct
  Result<FittedModelPtr> (*direct)(const DirectProblem&) = nullptr;  // instead of base and parts

  [[nodiscard]] Result<FittedModelPtr> fit(FitContext& context) const;
  /// Whether a learner in it is (LogLearner::costly).
  [[nodiscard]] bool costly() const;
};

[[nodiscard]] std::span<const RegressionModel> regression_models();
[[nodiscard]] const RegressionModel* find_model(std::string_view name);

}  // namespace latcast::learn
