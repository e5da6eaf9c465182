// Ordinary least squares of the log latency over log features: a power law.
#include "learn/models/linear_design.h"

namespace latcast::learn {

Result<LogModelPtr> fit_ols(const LogProblem& problem) {
  const Design design = standardise(problem.features, problem.weight);
  return linear_model(least_squares(design, problem.target, problem.weight), false);
}

}  // namespace latcast::learn
