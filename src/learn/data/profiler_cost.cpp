#include "learn/data/profiler_cost.h"

#include <algorithm>
#include <cmath>

#include "learn/math/dense_solvers.h"

namespace latcast::learn {
namespace {

/// Prior, in the order of the columns: what is added is most of the pause (0.85 of it over 21 networks of six families,
/// ONNX Runtime 1.30); strong enough to decide with a handful of carriers, weak against a hundred.
constexpr Eigen::Index kTerms = 5;
constexpr double kPriorMean[kTerms] = {1.0, -0.85, 0.0, -80.0, 1000.0};
constexpr double kPriorWidth[kTerms] = {0.01, 0.08, 150.0, 60.0, 1000.0};
constexpr double kRelativeError = 0.02;  // what a carrier's sum is expected to be off by

}  // namespace

ProfilerCost fit_profiler_cost(const std::vector<ProfiledRun>& runs) {
  const auto count = static_cast<Eigen::Index>(runs.size());
  // Columns: sum, pauses, nodes, values, 1 (per run); rows scaled to relative error. The prior is a row for each more.
  Eigen::MatrixXd a(count + kTerms, kTerms);
  Eigen::VectorXd y(count + kTerms);
  a.setZero();
  for (Eigen::Index i = 0; i < count; ++i) {
    const ProfiledRun& run = runs[static_cast<std::size_t>(i)];
    const double scale = 1.0 / (kRelativeError * run.quiet_ns + 2000.0);
    a.row(i) << run.profiled_ns * scale, run.pauses_ns * scale, run.nodes * scale, run.values * scale, scale;
    y(i) = run.quiet_ns * scale;
  }
  for (Eigen::Index j = 0; j < kTerms; ++j) {
    a(count + j, j) = 1.0 / kPriorWidth[j];
    y(count + j) = kPriorMean[j] / kPriorWidth[j];
  }
  Eigen::VectorXd weights = Eigen::VectorXd::Ones(count + kTerms);
  Eigen::VectorXd x = Eigen::VectorXd::Zero(kTerms);
  for (int iteration = 0; iteration < 20; ++iteration) {
    const Eigen::MatrixXd weighted = weights.asDiagonal() * a;
    x = least_squares(weighted, weights.cwiseProduct(y));
    const Eigen::VectorXd residual = (y - a * x).cwiseAbs();
    for (Eigen::Index i = 0; i < count; ++i)
      weights(i) = std::sqrt(std::min(1.0, 1.5 / std::max(residual(i), 1e-9)));  // Huber
  }
  return {.scale = std::clamp(x(0), 0.9, 1.1),
          .per_pause = std::clamp(-x(1), 0.0, 2.0),
          .per_node_ns = std::clamp(-x(2), -2000.0, 30000.0),
          .per_value_ns = std::clamp(-x(3), 0.0, 5000.0),
          .per_run_ns = std::clamp(x(4), 0.0, 200000.0)};
}

}  // namespace latcast::learn
