#include "learn/profiler_cost.h"

#include <Eigen/Dense>
#include <algorithm>
#include <cmath>

namespace latcast::learn {
namespace {

/// Prior: nothing is added but 3 us a node; strong enough to decide with a handful of carriers, weak against a hundred.
constexpr double kPriorScale[] = {1.0, -3000.0, -200.0, 2000.0};
constexpr double kPriorWidth[] = {0.02, 3000.0, 400.0, 5000.0};
constexpr double kRelativeError = 0.02;  // what a carrier's sum is expected to be off by

}  // namespace

ProfilerCost fit_profiler_cost(const std::vector<ProfiledRun>& runs) {
  const auto count = static_cast<Eigen::Index>(runs.size());
  // Columns: sum, -nodes, -values, 1 (per run); rows scaled to relative error. The prior is four more rows.
  Eigen::MatrixXd a(count + 4, 4);
  Eigen::VectorXd y(count + 4);
  a.setZero();
  for (Eigen::Index i = 0; i < count; ++i) {
    const ProfiledRun& run = runs[static_cast<std::size_t>(i)];
    const double scale = 1.0 / (kRelativeError * run.quiet_ns + 2000.0);
    a.row(i) << run.profiled_ns * scale, run.nodes * scale, run.values * scale, scale;
    y(i) = run.quiet_ns * scale;
  }
  for (Eigen::Index j = 0; j < 4; ++j) {
    a(count + j, j) = 1.0 / kPriorWidth[j];
    y(count + j) = kPriorScale[j] / kPriorWidth[j];
  }
  Eigen::VectorXd weights = Eigen::VectorXd::Ones(count + 4);
  Eigen::Vector4d x = Eigen::Vector4d::Zero();
  for (int iteration = 0; iteration < 20; ++iteration) {
    const Eigen::MatrixXd weighted = weights.asDiagonal() * a;
    x = weighted.colPivHouseholderQr().solve(weights.cwiseProduct(y));
    const Eigen::VectorXd residual = (y - a * x).cwiseAbs();
    for (Eigen::Index i = 0; i < count; ++i)
      weights(i) = std::sqrt(std::min(1.0, 1.5 / std::max(residual(i), 1e-9)));  // Huber
  }
  return {std::clamp(x(0), 0.9, 1.1), std::clamp(-x(1), 0.0, 30000.0), std::clamp(-x(2), 0.0, 5000.0),
          std::clamp(x(3), 0.0, 200000.0)};
}

}  // namespace latcast::learn
