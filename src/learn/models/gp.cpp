// The Gaussian processes of the table: how many samples and centres each may have.
#include "learn/models/gaussian_process.h"

namespace latcast::learn {
namespace {

GpOptions options_for(const LogProblem& problem) {
  GpOptions out;
  const bool warm = problem.warm != nullptr && problem.warm->size() > 0;
  if (problem.effort != Effort::final) {
    out.likelihood_samples = 250;
    out.samples = 1200;
    out.centres = 192;
    out.evaluations = 30;
    out.trust_warm = true;
  } else if (warm) {
    out.evaluations = 15;
  }
  return out;
}

Result<LogModelPtr> fit_of_centres(const LogProblem& problem, Eigen::Index centres) {
  GpOptions options = options_for(problem);
  options.centres = centres;
  return fit_gp_with(problem, options);
}

}  // namespace

Result<LogModelPtr> fit_gp(const LogProblem& problem) { return fit_gp_with(problem, options_for(problem)); }

Result<LogModelPtr> fit_gp_medium(const LogProblem& problem) { return fit_of_centres(problem, 112); }

Result<LogModelPtr> fit_gp_small(const LogProblem& problem) { return fit_of_centres(problem, 48); }

}  // namespace latcast::learn
