// The same latency for everything: what a model has to beat.
#include <cmath>

#include "learn/math/robust.h"
#include "learn/models/direct.h"

namespace latcast::learn {
namespace {

class Constant final : public FittedModel {
 public:
  explicit Constant(double ns) : ns_(ns) {}
  Eigen::VectorXd predict_ns(const Rows& rows) const override {
    return Eigen::VectorXd::Constant(rows.terms.rows(), ns_);
  }
  FormSpec form() const override { return constant_form(ns_); }
  FormSpec extrapolation() const override { return {}; }

 private:
  double ns_;
};

}  // namespace

Result<FittedModelPtr> fit_constant(const DirectProblem& problem) {
  const Rows& rows = problem.context.rows();
  const Eigen::VectorXd logs = rows.latency_ns.array().log();
  return std::make_shared<const Constant>(std::max(std::exp(weighted_quantile(logs, rows.weight, 0.5)), 1.0));
}

}  // namespace latcast::learn
