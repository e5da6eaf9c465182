// Non-negative least squares on normal equations.
#pragma once

#include <Eigen/Core>

namespace latcast::learn {

/// Minimises x'Gx/2 - b'x over x >= 0 (Lawson & Hanson 1974, ch. 23, on the Gram matrix). `gram` positive definite.
[[nodiscard]] Eigen::VectorXd nnls(const Eigen::MatrixXd& gram, const Eigen::VectorXd& right);

}  // namespace latcast::learn
