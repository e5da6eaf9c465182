// Learners of a logarithm over log features: of the latency itself, or of what a base model leaves over.
//
// One learner is one file in models/ and one line in the table of log_model.cpp. It fits, predicts with its own library
// (for the tests that compare it with core's evaluator) and exports one form node.
#pragma once

#include <Eigen/Core>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include "core/form.h"
#include "latcast/result.h"
#include "learn/data/rows.h"
#include "learn/math/effort.h"

namespace latcast::learn {

struct LogProblem {
  const RowMatrix& features;      // log features, samples x features
  const Eigen::VectorXd& target;  // natural logarithm
  const Eigen::VectorXd& weight;  // mean about 1
  std::span<const int> group;     // network per sample: hyperparameters are searched for with groups kept together
  std::uint64_t seed = 0;
  Effort effort = Effort::fold;
  /// Hyperparameters that a learner found on an overlapping set, and leaves for the next one; may be null or empty.
  Eigen::VectorXd* warm = nullptr;
  /// Receives the CPU seconds that a search for hyperparameters took, in addition to what it holds; may be null.
  double* search_s = nullptr;
};

class LogModel {
 public:
  virtual ~LogModel() = default;
  /// With the library that trained it.
  [[nodiscard]] virtual Eigen::VectorXd predict(const RowMatrix& features) const = 0;
  [[nodiscard]] virtual FormSpec form() const = 0;
};

using LogModelPtr = std::shared_ptr<const LogModel>;  // shared by the regression models that are made of it

struct LogLearner {
  std::string_view name;
  Result<LogModelPtr> (*fit)(const LogProblem& problem);
  std::string_view search;  // learners with the same word here use the same hyperparameters
  bool costly = false;      // fitted in many steps, unlike what is solved in one
};

/// One per learner, in any order; RegressionModel::parts refers to them by name.
[[nodiscard]] std::span<const LogLearner> log_learners();
[[nodiscard]] const LogLearner* find_learner(std::string_view name);

Result<LogModelPtr> fit_lookup(const LogProblem& problem);
Result<LogModelPtr> fit_knn(const LogProblem& problem);
Result<LogModelPtr> fit_ols(const LogProblem& problem);
Result<LogModelPtr> fit_ridge(const LogProblem& problem);
Result<LogModelPtr> fit_poly2(const LogProblem& problem);
Result<LogModelPtr> fit_svr(const LogProblem& problem);
Result<LogModelPtr> fit_forest(const LogProblem& problem);
Result<LogModelPtr> fit_gbdt(const LogProblem& problem);
Result<LogModelPtr> fit_gbdt_small(const LogProblem& problem);
Result<LogModelPtr> fit_gp(const LogProblem& problem);
Result<LogModelPtr> fit_gp_medium(const LogProblem& problem);
Result<LogModelPtr> fit_gp_small(const LogProblem& problem);

/// A few shallow trees, for a first look at which samples are outliers.
Result<LogModelPtr> fit_quick_trees(const LogProblem& problem);

}  // namespace latcast::learn
