// Ridge regression on log features and their squares.
#include "learn/models/linear_design.h"

namespace latcast::learn {

Result<LogModelPtr> fit_ridge(const LogProblem& problem) {
  const Design design = standardise(with_squares(problem.features), problem.weight);
  return linear_model(ridge_by_gcv(design, problem.target, problem.weight), true);
}

}  // namespace latcast::learn
