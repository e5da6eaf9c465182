// Gaussian process with one length scale per feature: marginal likelihood, and the sparse posterior mean.
#pragma once

#include <Eigen/Core>
#include <cstdint>

#include "core/form.h"
#include "learn/data/rows.h"
#include "learn/models/log_model.h"

namespace latcast::learn {

enum class GpKernel : std::int32_t { squared_exponential = 0, matern52 = 1 };

/// Logarithms of: length scales, then signal deviation, then noise deviation (of a sample with weight 1).
struct GpParameters {
  Eigen::VectorXd log_values;

  [[nodiscard]] Eigen::Index features() const { return log_values.size() - 2; }
  [[nodiscard]] Eigen::VectorXd inverse_lengths() const { return (-log_values.head(features())).array().exp(); }
  [[nodiscard]] double signal_variance() const;
  [[nodiscard]] double noise_variance() const;
};

/// Negative log posterior of the parameters: marginal likelihood (Rasmussen & Williams 2006, eqs. 5.8, 5.9) with
/// noise variance / weight per sample, and weak priors; fills the gradient.
[[nodiscard]] double gp_objective(GpKernel kernel, const RowMatrix& x, const Eigen::VectorXd& y,
                                  const Eigen::VectorXd& weight, const GpParameters& parameters,
                                  Eigen::VectorXd& gradient);

struct GpOptions {
  GpKernel kernel = GpKernel::matern52;
  Eigen::Index likelihood_samples = 300;  // for the hyperparameters
  Eigen::Index samples = 4000;            // for the posterior
  Eigen::Index centres = 256;             // kept in the exported form
  int evaluations = 40;
  bool trust_warm = false;  // take a warm start as it is, without a search
};

/// mean + sum of weights x kernel(point, centre); the centres are divided by the length scales already.
[[nodiscard]] FormSpec gp_form(GpKernel kernel, double mean, const Eigen::VectorXd& inverse_lengths,
                               const RowMatrix& centres, const Eigen::VectorXd& weights);

[[nodiscard]] Result<LogModelPtr> fit_gp_with(const LogProblem& problem, const GpOptions& options);

/// Squared distances between the rows of two sets.
[[nodiscard]] Eigen::MatrixXd squared_distances(const RowMatrix& a, const RowMatrix& b);

/// `count` rows spread over the set: each next one is the farthest from those taken (Gonzalez 1985); stops at
/// duplicates.
[[nodiscard]] std::vector<Eigen::Index> spread_rows(const RowMatrix& x, Eigen::Index count, Eigen::Index first);

}  // namespace latcast::learn
