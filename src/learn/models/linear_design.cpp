#include "learn/models/linear_design.h"

#include <cmath>
#include <limits>

#include "learn/math/dense_solvers.h"

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
  const SymmetricEigen eigen = eigen_of_gram(at.x);
  const Eigen::VectorXd values = eigen.values.cwiseMax(0.0);
  const Eigen::VectorXd rotated = eigen.vectors.transpose() * (at.x.transpose() * at.y);
  const double strength = best_strength(values, rotated, at.y.squaredNorm(), static_cast<double>(at.x.rows()));
  const Eigen::VectorXd shrunk = rotated.array() / (values.array() + strength);
  return unstandardised(design, eigen.vectors * shrunk, at.mean);
}

LinearFit least_squares(const Design& design, const Eigen::VectorXd& target, const Eigen::VectorXd& weight) {
  const Weighted at = weighted(design, target, weight);
  return unstandardised(design, least_norm_squares(at.x, at.y, 1e-8), at.mean);
}

}  // namespace latcast::learn
