// Ridge regression on all products of two log features.
#include "learn/models/linear_design.h"
#include "learn/models/log_model.h"

namespace latcast::learn {
namespace {

constexpr Eigen::Index kMostFeatures = 32;  // 560 columns; the eigenvalues of more take seconds

/// Shifted features, then their products, in the order of the quadratic form.
Eigen::MatrixXd with_products(const RowMatrix& features, const Eigen::VectorXd& shift) {
  const Eigen::Index d = features.cols();
  Eigen::MatrixXd out(features.rows(), d + d * (d + 1) / 2);
  out.leftCols(d) = features.rowwise() - shift.transpose();
  Eigen::Index next = d;
  for (Eigen::Index i = 0; i < d; ++i) {
    for (Eigen::Index j = i; j < d; ++j) out.col(next++) = out.col(i).cwiseProduct(out.col(j));
  }
  return out;
}

class Polynomial final : public LogModel {
 public:
  Polynomial(Eigen::VectorXd shift, LinearFit fit) : shift_(std::move(shift)), fit_(std::move(fit)) {}

  Eigen::VectorXd predict(const RowMatrix& features) const override {
    return (with_products(features, shift_) * fit_.weights).array() + fit_.intercept;
  }

  FormSpec form() const override {
    FormNode node;
    node.kind = FormKind::quadratic;
    node.doubles.push_back(fit_.intercept);
    node.doubles.insert(node.doubles.end(), shift_.begin(), shift_.end());
    node.doubles.insert(node.doubles.end(), fit_.weights.begin(), fit_.weights.end());
    return {std::move(node)};
  }

 private:
  Eigen::VectorXd shift_;
  LinearFit fit_;
};

}  // namespace

Result<LogModelPtr> fit_poly2(const LogProblem& problem) {
  if (problem.features.cols() > kMostFeatures) {
    return fail(Errc::unsupported, "too many features for all their products");
  }
  // Around the mean, products are less alike each other than around zero.
  Eigen::VectorXd shift = problem.features.transpose() * problem.weight / problem.weight.sum();
  const Design design = standardise(with_products(problem.features, shift), problem.weight);
  return std::make_shared<const Polynomial>(std::move(shift), ridge_by_gcv(design, problem.target, problem.weight));
}

}  // namespace latcast::learn
