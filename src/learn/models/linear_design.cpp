#include "learn/models/linear_design.h"

#include <Eigen/Eigenvalues>
#include <Eigen/QR>
#include <cmath>
#include <limits>

namespace latcast::learn {
namespace {

/// Columns and target times the roots of the weights, the target around its mean.
struct Weighted {
  Eigen::MatrixXd x;
  Eigen::VectorXd y;
  double mean;
};

Weighted weighted(const Design& design, const Eigen::VectorXd& target, const Eigen::VectorXd& weight) {
  const double mean = target.dot(weight) / weight.sum();
  const Eigen::VectorXd root = weight.cwiseSqrt();
  return {root.asDiagonal() * design.values, (target.array() - mean).matrix().cwiseProduct(root), mean};
}

LinearFit unstandardised(const Design& design, const Eigen::VectorXd& weights, double mean) {
  const Eigen::VectorXd raw = weights.cwiseQuotient(design.scale);
  return {mean - raw.dot(design.mean), raw};
}

/// In the eigenvectors of the normal equations each strength costs as much as there are columns.
double best_strength(const Eigen::VectorXd& values, const Eigen::VectorXd& rotated, double squares, double rows) {
  double least = std::numeric_limits<double>::max(), best = rows;
  for (double strength = 1e-4 * rows; strength < 10 * rows; strength *= 4) {
    const Eigen::ArrayXd shrink = (values.array() + strength).inverse();
    const Eigen::ArrayXd weights = rotated.array() * shrink;
    const double residual =
        squares - 2.0 * (weights * rotated.array()).sum() + (weights.square() * values.array()).sum();
    const double freedom = rows - 1.0 - (values.array() * shrink).sum();
    const double error = std::max(residual, 0.0) / std::pow(std::max(freedom, 1.0), 2);
    if (error < least) {
      least = error;
      best = strength;
    }
  }
  return best;
}

class Linear final : public LogModel {
 public:
  Linear(LinearFit fit, bool squares) : fit_(std::move(fit)), squares_(squares) {}

  Eigen::VectorXd predict(const RowMatrix& features) const override {
    const Eigen::MatrixXd columns = squares_ ? with_squares(features) : Eigen::MatrixXd(features);
    return (columns * fit_.weights).array() + fit_.intercept;
  }

  FormSpec form() const override {
    FormNode node;
    node.kind = FormKind::linear_features;
    node.doubles.push_back(fit_.intercept);
    node.doubles.insert(node.doubles.end(), fit_.weights.begin(), fit_.weights.end());
    return {std::move(node)};
  }

 private:
  LinearFit fit_;
  bool squares_;
};

}  // namespace

LogModelPtr linear_model(LinearFit fit, bool squares) {
  return std::make_shared<const Linear>(std::move(fit), squares);
}

Eigen::MatrixXd with_squares(const RowMatrix& features) {
  Eigen::MatrixXd out(features.rows(), 2 * features.cols());
  out << features, features.cwiseProduct(features);
  return out;
}

Design standardise(Eigen::MatrixXd values, const Eigen::VectorXd& weight) {
  Design out;
  out.mean = values.transpose() * weight / weight.sum();
  values.rowwise() -= out.mean.transpose();
  const Eigen::VectorXd variance = values.cwiseProduct(values).transpose() * weight / weight.sum();
  out.scale = variance.unaryExpr([](double v) { return v > 1e-12 ? std::sqrt(v) : 1e30; });
  out.values = values * out.scale.cwiseInverse().asDiagonal();
  return out;
}

LinearFit ridge_by_gcv(const Design& design, const Eigen::VectorXd& target, const Eigen::VectorXd& weight) {
  const Weighted at = weighted(design, target, weight);
  Eigen::MatrixXd gram = Eigen::MatrixXd::Zero(at.x.cols(), at.x.cols());
  gram.selfadjointView<Eigen::Lower>().rankUpdate(at.x.transpose());
  const Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd> eigen(gram);  // reads the lower triangle
  const Eigen::VectorXd values = eigen.eigenvalues().cwiseMax(0.0);
  const Eigen::VectorXd rotated = eigen.eigenvectors().transpose() * (at.x.transpose() * at.y);
  const double strength = best_strength(values, rotated, at.y.squaredNorm(), static_cast<double>(at.x.rows()));
  const Eigen::VectorXd shrunk = rotated.array() / (values.array() + strength);
  return unstandardised(design, eigen.eigenvectors() * shrunk, at.mean);
}

LinearFit least_squares(const Design& design, const Eigen::VectorXd& target, const Eigen::VectorXd& weight) {
  const Weighted at = weighted(design, target, weight);
  Eigen::CompleteOrthogonalDecomposition<Eigen::MatrixXd> solver;
  solver.setThreshold(1e-8);
  solver.compute(at.x);
  return unstandardised(design, solver.solve(at.y), at.mean);
}

}  // namespace latcast::learn
