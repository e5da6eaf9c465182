// Regression models (RMs): what competes for a kernel class. One line of a table each.
//
// An RM is the physical base, or nothing, times the exponential of the mean of some log learners. It is fitted to
// logarithms of latency (relative error), with sample weights, and exported as a form that core evaluates. Parts that
// several RMs share (the base, a learner of its residual) are fitted once per FitContext.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "core/form.h"
#include "latcast/result.h"
#include "learn/log_model.h"
#include "learn/physical_base.h"
#include "learn/rows.h"

namespace latcast::learn {

/// Hyperparameters by learner and whether it works over the base: searched for on the first fold's training side and
/// used again on the other folds, where a search of their own would cost more than all the rest. So the first fold is
/// free of what it is judged on; the others share some twenty numbers with it.
using WarmStarts = std::map<std::pair<std::size_t, bool>, Eigen::VectorXd>;

struct FitOptions {
  std::uint64_t seed = 1;
  Effort effort = Effort::final;
  BasePrior prior;
  WarmStarts* warm = nullptr;  // read and filled; must outlive the context
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

/// One training set and the parts fitted to it so far. Not thread-safe.
class FitContext {
 public:
  /// `rows` must outlive the context; at least two of them.
  FitContext(const Rows& rows, FitOptions options) : rows_(rows), options_(std::move(options)) {}

  [[nodiscard]] const Rows& rows() const { return rows_; }
  const PhysicalBase& base();
  /// The learner log_learners()[index], of log latency or of what the base leaves over.
  Result<LogModelPtr> part(std::size_t index, bool over_base);

 private:
  const Eigen::VectorXd& robust_weight();
  [[nodiscard]] Eigen::VectorXd target(bool over_base);

  const Rows& rows_;
  FitOptions options_;
  std::unique_ptr<PhysicalBase> base_;
  Eigen::VectorXd robust_weight_;
  std::map<std::pair<std::size_t, bool>, Result<LogModelPtr>> parts_;
};

struct RegressionModel {
  std::string_view name, summary, source;
  bool over_base = false;
  std::vector<std::size_t> parts;  // indices into log_learners(); empty: the base alone
  double handicap = 1.0;           // factor on its error when compared: simpler and faster models win ties

  [[nodiscard]] Result<std::unique_ptr<FittedModel>> fit(FitContext& context) const;
};

[[nodiscard]] std::span<const RegressionModel> regression_models();
[[nodiscard]] const RegressionModel* find_model(std::string_view name);

}  // namespace latcast::learn
