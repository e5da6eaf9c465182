// Ordinary least squares of the log latency over log features: a power law.
#include "learn/log_model.h"
#include "learn/models/linear_design.h"

namespace latcast::learn {
namespace {

class Ols final : public LogModel {
 public:
  explicit Ols(LinearFit fit) : fit_(std::move(fit)) {}

  Eigen::VectorXd predict(const RowMatrix& features) const override {
    return (features * fit_.weights).array() + fit_.intercept;
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

Result<LogModelPtr> fit_ols(const LogProblem& problem) {
  const Design design = standardise(problem.features, problem.weight);
  return std::make_shared<const Ols>(least_squares(design, problem.target, problem.weight));
}

}  // namespace latcast::learn
