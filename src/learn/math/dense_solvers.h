// Solutions of dense systems: Eigen's decompositions, compiled once for all that use them.
#pragma once

#include <Eigen/Core>
#include <optional>

namespace latcast::learn {

/// x of matrix * x = right, by LDL'; of `matrix`, symmetric and not negative, the lower triangle is read.
[[nodiscard]] Eigen::VectorXd solve_symmetric(const Eigen::MatrixXd& matrix, const Eigen::VectorXd& right);

struct SpdSolution {
  Eigen::VectorXd x;
  double log_determinant = 0;
};
/// Nothing where the matrix is not positive definite.
[[nodiscard]] std::optional<SpdSolution> solve_spd(const Eigen::MatrixXd& matrix, const Eigen::VectorXd& right);

/// x of least |rows * x - right|: all columns count, by pivoted QR.
[[nodiscard]] Eigen::VectorXd least_squares(const Eigen::MatrixXd& rows, const Eigen::VectorXd& right);
/// The smallest such x where columns depend on each other: pivots below `threshold` of the largest count as none.
[[nodiscard]] Eigen::VectorXd least_norm_squares(const Eigen::MatrixXd& rows, const Eigen::VectorXd& right,
                                                 double threshold);

struct SymmetricEigen {
  Eigen::VectorXd values;  // ascending
  Eigen::MatrixXd vectors;
};
/// Of rows' * rows.
[[nodiscard]] SymmetricEigen eigen_of_gram(const Eigen::MatrixXd& rows);

/// matrix += rows' * rows, in the lower triangle.
void add_gram(Eigen::MatrixXd& matrix, const Eigen::MatrixXd& rows);

}  // namespace latcast::learn
