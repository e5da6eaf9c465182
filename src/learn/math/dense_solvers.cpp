#include "learn/math/dense_solvers.h"

#include <Eigen/Cholesky>
#include <Eigen/Eigenvalues>
#include <Eigen/QR>

namespace latcast::learn {

Eigen::VectorXd solve_symmetric(const Eigen::MatrixXd& matrix, const Eigen::VectorXd& right) {
  return matrix.ldlt().solve(right);
}

std::optional<SpdSolution> solve_spd(const Eigen::MatrixXd& matrix, const Eigen::VectorXd& right) {
  const Eigen::LLT<Eigen::MatrixXd> factor(matrix);
  if (factor.info() != Eigen::Success) return std::nullopt;
  return SpdSolution{factor.solve(right), 2.0 * factor.matrixLLT().diagonal().array().log().sum()};
}

Eigen::VectorXd least_squares(const Eigen::MatrixXd& rows, const Eigen::VectorXd& right) {
  return rows.colPivHouseholderQr().solve(right);
}

Eigen::VectorXd least_norm_squares(const Eigen::MatrixXd& rows, const Eigen::VectorXd& right, double threshold) {
  Eigen::CompleteOrthogonalDecomposition<Eigen::MatrixXd> solver;
  solver.setThreshold(threshold);
  solver.compute(rows);
  return solver.solve(right);
}

SymmetricEigen eigen_of_gram(const Eigen::MatrixXd& rows) {
  Eigen::MatrixXd gram = Eigen::MatrixXd::Zero(rows.cols(), rows.cols());
  add_gram(gram, rows);
  const Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd> eigen(gram);  // reads the lower triangle
  return {eigen.eigenvalues(), eigen.eigenvectors()};
}

void add_gram(Eigen::MatrixXd& matrix, const Eigen::MatrixXd& rows) {
  matrix.selfadjointView<Eigen::Lower>().rankUpdate(rows.transpose());
}

}  // namespace latcast::learn
