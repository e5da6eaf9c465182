// Ridge regression on log features and their squares (Hoerl & Kennard 1970), strength by generalised cross-validation
// (Golub, Heath & Wahba 1979).
#include <Eigen/Eigenvalues>
#include <cmath>
#include <limits>

#include "learn/log_model.h"

namespace latcast::learn {
namespace {

/// Standardised design: features, then squares; constant columns become zero.
struct Design {
  Eigen::MatrixXd values;
  Eigen::VectorXd mean, scale;
};

Eigen::MatrixXd with_squares(const RowMatrix& x) {
  Eigen::MatrixXd out(x.rows(), 2 * x.cols());
  out << x, x.cwiseProduct(x);
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

class Ridge final : public LogModel {
 public:
  Ridge(double intercept, Eigen::VectorXd weights) : intercept_(intercept), weights_(std::move(weights)) {}

  Eigen::VectorXd predict(const RowMatrix& features) const override {
    return (with_squares(features) * weights_).array() + intercept_;
  }

  FormSpec form() const override {
    FormNode node;
    node.kind = FormKind::linear_features;
    node.doubles.push_back(intercept_);
    node.doubles.insert(node.doubles.end(), weights_.begin(), weights_.end());
    return {std::move(node)};
  }

 private:
  double intercept_;
  Eigen::VectorXd weights_;
};

/// Coefficients for the strength with the least generalised cross-validation error.
Eigen::VectorXd solve(const Eigen::MatrixXd& x, const Eigen::VectorXd& y) {
  const Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd> eigen(x.transpose() * x);
  const Eigen::VectorXd values = eigen.eigenvalues().cwiseMax(0.0);
  const Eigen::VectorXd rotated = eigen.eigenvectors().transpose() * (x.transpose() * y);
  const auto n = static_cast<double>(x.rows());
  double least = std::numeric_limits<double>::max();
  Eigen::VectorXd best = Eigen::VectorXd::Zero(x.cols());
  for (double strength = 1e-4 * n; strength < 10 * n; strength *= 4) {
    const Eigen::VectorXd shrink = (values.array() + strength).inverse();
    const Eigen::VectorXd weights = eigen.eigenvectors() * rotated.cwiseProduct(shrink);
    const double freedom = n - 1.0 - values.dot(shrink);
    const double error = (y - x * weights).squaredNorm() / std::pow(std::max(freedom, 1.0), 2);
    if (error < least) {
      least = error;
      best = weights;
    }
  }
  return best;
}

}  // namespace

Result<LogModelPtr> fit_ridge(const LogProblem& problem) {
  const Design design = standardise(with_squares(problem.features), problem.weight);
  const double mean = problem.target.dot(problem.weight) / problem.weight.sum();
  const Eigen::VectorXd root = problem.weight.cwiseSqrt();
  const Eigen::VectorXd y = (problem.target.array() - mean).matrix().cwiseProduct(root);
  const Eigen::VectorXd weights = solve(root.asDiagonal() * design.values, y).cwiseQuotient(design.scale);
  return std::make_shared<const Ridge>(mean - weights.dot(design.mean), weights);
}

}  // namespace latcast::learn
