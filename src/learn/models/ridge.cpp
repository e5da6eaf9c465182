// Ridge regression on log features and their squares.
#include "learn/log_model.h"
#include "learn/models/linear_design.h"

namespace latcast::learn {
namespace {

Eigen::MatrixXd with_squares(const RowMatrix& x) {
  Eigen::MatrixXd out(x.rows(), 2 * x.cols());
  out << x, x.cwiseProduct(x);
  return out;
}

class Ridge final : public LogModel {
 public:
  explicit Ridge(LinearFit fit) : fit_(std::move(fit)) {}

  Eigen::VectorXd predict(const RowMatrix& features) const override {
    return (with_squares(features) * fit_.weights).array() + fit_.intercept;
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
};

}  // namespace

Result<LogModelPtr> fit_ridge(const LogProblem& problem) {
  const Design design = standardise(with_squares(problem.features), problem.weight);
  return std::make_shared<const Ridge>(ridge_by_gcv(design, problem.target, problem.weight));
}

}  // namespace latcast::learn
