// Minimisation of a smooth function with its gradient; NLopt stands behind this.
#pragma once

#include <Eigen/Core>
#include <functional>

namespace latcast::learn {

/// Value at x; fills `gradient` (of the same size).
using Smooth = std::function<double(const Eigen::VectorXd& x, Eigen::VectorXd& gradient)>;

/// L-BFGS (Liu & Nocedal 1989) inside [low, high] from `start`, at most `evaluations` calls; the best point seen.
[[nodiscard]] Eigen::VectorXd minimize(const Smooth& function, const Eigen::VectorXd& start, const Eigen::VectorXd& low,
                                       const Eigen::VectorXd& high, int evaluations);

}  // namespace latcast::learn
