#include "learn/network/calibrated_sum.h"

#include <algorithm>
#include <cmath>

#include "core/network_sum.h"
#include "core/unknown_cost.h"
#include "learn/math/dense_solvers.h"
#include "learn/math/robust.h"

namespace latcast::learn {
namespace {

/// What is left of the profiler's cost inside small modules may be taken off a network, but not more than this each.
constexpr double kLeastModule_ns = -500.0;

/// rows * x ~ 1 with Huber weights, shrunk towards `start` by as much as two networks weigh, each coefficient in units
/// of its own column. Where `free` is 0 the coefficient stays at its start.
Eigen::Vector3d robust_fit(const Eigen::MatrixX3d& rows, const Eigen::Vector3d& start, const Eigen::Vector3d& free) {
  const auto n = static_cast<double>(rows.rows());
  Eigen::Vector3d damping = 2.0 * rows.colwise().squaredNorm().transpose() / n;
  damping = (free.array() > 0).select(damping, 1e9 * damping * n);
  Eigen::Vector3d found = start;
  Eigen::VectorXd weight = Eigen::VectorXd::Ones(rows.rows());
  for (int round = 0; round < 8; ++round) {
    const Eigen::Matrix3d gram = rows.transpose() * weight.asDiagonal() * rows + Eigen::Matrix3d(damping.asDiagonal());
    const Eigen::Vector3d right = rows.transpose() * weight + damping.cwiseProduct(start);
    found = solve_symmetric(gram, right);
    weight = huber_weights((rows * found).array() - 1.0, 1.5, 0.005);
  }
  return found;
}

}  // namespace

RawNetwork sum_network(const NetworkTruth& network, const std::vector<ModulePlace>& places,
                       const std::vector<std::vector<KernelEstimate>>& estimates, std::span<const double> errors,
                       const Fallback& fallback) {
  RawNetwork out;
  out.modules = network.modules.size();
  out.quiet_ns = network.quiet_ns;
  out.class_ns.assign(estimates.size(), 0.0);
  DoubtSum doubts;
  for (std::size_t i = 0; i < places.size(); ++i) {
    const ModulePlace& place = places[i];
    KernelEstimate found{0.0, true};
    double error = kUnknownError;
    if (place.kernel >= 0) {
      found = estimates[static_cast<std::size_t>(place.kernel)][static_cast<std::size_t>(place.row)];
      error = errors[static_cast<std::size_t>(place.kernel)];
    }
    if (!(found.latency_ns > 0)) found = {unknown_ns(fallback, network.modules[i], network.modules[i].macs), true};
    out.sum_ns += found.latency_ns;
    if (place.kernel >= 0) out.class_ns[static_cast<std::size_t>(place.kernel)] += found.latency_ns;
    doubts.add(found.latency_ns, error, !found.extrapolated);
  }
  out.doubt = doubts.doubt();
  return out;
}

Calibration fit_calibration(const std::vector<RawNetwork>& networks) {
  const auto n = static_cast<Eigen::Index>(networks.size());
  if (n < 3) return {};
  Eigen::MatrixX3d rows(n, 3);
  for (Eigen::Index i = 0; i < n; ++i) {
    const RawNetwork& network = networks[static_cast<std::size_t>(i)];
    rows.row(i) << network.sum_ns, static_cast<double>(network.modules), 1.0;
    rows.row(i) /= network.quiet_ns;
  }
  Eigen::Vector3d found = robust_fit(rows, {1.0, 0.0, 0.0}, Eigen::Vector3d::Ones());
  // Coefficients that come out unphysical stand at their bound, and the others are fitted again.
  Eigen::Vector3d start(1.0, 0.0, 0.0);
  Eigen::Vector3d free = Eigen::Vector3d::Ones();
  if (found[2] < 0) {
    free[2] = 0.0;
    found = robust_fit(rows, start, free);
  }
  if (found[1] < kLeastModule_ns) {
    start[1] = kLeastModule_ns;
    free[1] = 0.0;
    found = robust_fit(rows, start, free);
  }
  if (!found.allFinite() || found[0] < 0.3 || found[0] > 3.0) return {};
  return {.scale = found[0], .module_ns = found[1], .run_ns = std::max(found[2], 0.0)};
}

double calibrated_ns(const RawNetwork& network, const Calibration& calibration) {
  return std::max(plan_calibration(calibration, network.sum_ns, network.modules).wanted_ns, 1.0);
}

}  // namespace latcast::learn
