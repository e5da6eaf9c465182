// Lasso (Tibshirani 1996) with non-negative weights on relative error, over base terms and raw features, by coordinate
// descent (Friedman, Hastie & Tibshirani 2010): a sum of costs, as an engineer would write it, whose inputs the penalty
// selects.
#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "learn/data/folds.h"
#include "learn/math/cpu_time.h"
#include "learn/math/robust.h"
#include "learn/models/direct.h"

namespace latcast::learn {
namespace {

constexpr double kUsualPenalty = 1e-3;  // of the least one that leaves no weight
constexpr double kPenalties[] = {0.1, 0.03, 0.01, 3e-3, 1e-3, 3e-4, 1e-4, 1e-5};
constexpr double kTieShare = 1.01;  // the sparser one of two that are as good as this
constexpr int kReweightings = 3;
constexpr int kFolds = 3;

/// Inputs as the form numbers them: 1, base terms, raw features as core gets them back from their logarithms.
Eigen::MatrixXd inputs_of(const Rows& rows) {
  Eigen::MatrixXd out(rows.terms.rows(), 1 + rows.terms.cols() + rows.logs.cols());
  out.col(0).setOnes();
  out.middleCols(1, rows.terms.cols()) = rows.terms;
  out.rightCols(rows.logs.cols()) = rows.logs.unaryExpr([](double x) { return std::exp2(x) - 1.0; });
  return out;
}

class Lasso final : public FittedModel {
 public:
  Lasso(Eigen::VectorXd weights, Eigen::Index terms, FormSpec base)
      : weights_(std::move(weights)), terms_(terms), base_(std::move(base)) {}

  Eigen::VectorXd predict_ns(const Rows& rows) const override { return (inputs_of(rows) * weights_).cwiseMax(1.0); }

  FormSpec form() const override {
    FormNode node;
    node.kind = FormKind::linear_sparse;
    node.doubles = {weights_[0]};
    node.ints = {0};
    for (Eigen::Index i = 1; i < weights_.size(); ++i) {
      if (weights_[i] == 0.0) continue;
      const bool term = i <= terms_;
      if (term) ++node.ints[0];
      node.ints.push_back(static_cast<std::int32_t>(term ? i - 1 : i - 1 - terms_));
      node.doubles.push_back(weights_[i]);
    }
    return {std::move(node)};
  }

  /// Features are held at the ends of their range, so that weights on them do not grow with the work.
  FormSpec extrapolation() const override { return base_; }

 private:
  Eigen::VectorXd weights_;  // of 1, terms, features
  Eigen::Index terms_;
  FormSpec base_;
};

/// Normal equations of the relative error; columns of norm one, so that the penalty treats them alike.
struct Equations {
  Eigen::MatrixXd gram;
  Eigen::VectorXd right, norm;
};

Equations equations(const Eigen::MatrixXd& relative, const Eigen::VectorXd& weight) {
  const Eigen::MatrixXd scaled = weight.cwiseSqrt().asDiagonal() * relative;
  Equations out;
  out.norm = scaled.colwise().norm().transpose().cwiseMax(1e-150);
  const Eigen::MatrixXd unit = scaled * out.norm.cwiseInverse().asDiagonal();
  out.gram = unit.transpose() * unit;
  out.right = unit.transpose() * weight.cwiseSqrt();
  return out;
}

/// Minimises x'Gx/2 - b'x + penalty * sum(x) over x >= 0, starting from x.
void descend(const Equations& at, double penalty, Eigen::VectorXd& x) {
  Eigen::VectorXd slope = at.right - at.gram * x;
  const double enough = 1e-7 * at.right.cwiseAbs().maxCoeff();
  for (int sweep = 0; sweep < 300; ++sweep) {
    double moved = 0.0;
    for (Eigen::Index i = 0; i < x.size(); ++i) {
      if (at.gram(i, i) < 0.5) continue;  // a column of zeros
      const double next = std::max(x[i] + (slope[i] - penalty) / at.gram(i, i), 0.0), step = next - x[i];
      if (step == 0.0) continue;
      slope -= step * at.gram.col(i);
      x[i] = next;
      moved = std::max(moved, std::abs(step));
    }
    if (moved <= enough) return;
  }
}

/// Weights for each of the penalties down to the last one, in units of the inputs.
template <class Visit>
void walk(const Equations& at, double last, const Visit& visit) {
  Eigen::VectorXd x = Eigen::VectorXd::Zero(at.right.size());
  const double most = std::max(at.right.maxCoeff(), 0.0);
  for (const double penalty : kPenalties) {
    descend(at, penalty * most, x);
    visit(penalty, x.cwiseQuotient(at.norm).eval());
    if (penalty <= last) return;
  }
}

Eigen::VectorXd solve(const Eigen::MatrixXd& relative, const Eigen::VectorXd& weight, double penalty) {
  Eigen::VectorXd out;
  walk(equations(relative, weight), penalty, [&](double, Eigen::VectorXd found) { out = std::move(found); });
  return out;
}

/// Weighted errors of the penalties on networks that were not fitted to.
std::vector<double> validated(const Eigen::MatrixXd& relative, const Eigen::VectorXd& weight,
                              std::span<const int> group, std::uint64_t seed) {
  const std::vector<int> folds = grouped_folds(group, kFolds, seed);
  std::vector<double> errors(std::size(kPenalties), 0.0);
  for (int fold = 0; fold < kFolds; ++fold) {
    const Split sides = split(folds, fold);
    if (sides.test.empty() || sides.train.empty()) continue;
    const Eigen::MatrixXd judged = relative(sides.test, Eigen::all), learnt = relative(sides.train, Eigen::all);
    const Eigen::VectorXd judge = weight(sides.test);
    std::size_t at = 0;
    walk(equations(learnt, weight(sides.train)), 0.0, [&](double, const Eigen::VectorXd& found) {
      errors[at++] += ((judged * found).array() - 1.0).abs().min(1.0).matrix().dot(judge);
    });
  }
  return errors;
}

double best_penalty(const Eigen::MatrixXd& relative, const Eigen::VectorXd& weight, const DirectProblem& problem) {
  if (problem.warm != nullptr && problem.warm->size() == 1) return (*problem.warm)[0];
  const Rows& rows = problem.context.rows();
  if (rows.size() < 25) return kUsualPenalty;
  const CpuMeter meter(problem.search_s);
  const std::vector<double> errors = validated(relative, weight, rows.group, problem.context.options().seed);
  const double least = *std::ranges::min_element(errors);
  const auto found = std::ranges::find_if(errors, [&](double error) { return error <= kTieShare * least; });
  const double penalty = kPenalties[found - errors.begin()];
  if (problem.warm != nullptr) *problem.warm = Eigen::VectorXd::Constant(1, penalty);
  return penalty;
}

Eigen::VectorXd log_residual(const Eigen::MatrixXd& relative, const Eigen::VectorXd& weights) {
  return -(relative * weights).cwiseMax(1e-9).array().log();
}

/// Outliers lose their weight, as in the physical base (Huber 1964).
Eigen::VectorXd without_outliers(const Eigen::MatrixXd& relative, const Eigen::VectorXd& weight, double penalty) {
  Eigen::VectorXd out = weight;
  for (int round = 0; round < kReweightings; ++round) {
    const Eigen::VectorXd residual = log_residual(relative, solve(relative, out, penalty));
    out = weight.cwiseProduct(huber_weights(residual, 2.0, 0.02));
  }
  return out;
}

}  // namespace

Result<FittedModelPtr> fit_lasso(const DirectProblem& problem) {
  const Rows& rows = problem.context.rows();
  const Eigen::MatrixXd relative = rows.latency_ns.cwiseInverse().asDiagonal() * inputs_of(rows);
  if (!relative.allFinite()) return fail(Errc::unsupported, "a raw feature is too large");
  const Eigen::VectorXd weight = without_outliers(relative, rows.weight, kUsualPenalty);
  Eigen::VectorXd weights = solve(relative, weight, best_penalty(relative, weight, problem));
  // The penalty, and least squares of relative errors, lean to low forecasts; the mean log residual takes that back.
  const Eigen::VectorXd residual = log_residual(relative, weights);
  const double middle = weighted_quantile(residual, rows.weight, 0.5);
  const Eigen::VectorXd trusted = rows.weight.cwiseProduct(huber_weights(residual.array() - middle, 2.0, 0.01));
  weights *= std::exp(trusted.dot(residual) / trusted.sum());
  if (!weights.allFinite()) return fail(Errc::unstable, "the equations of the lasso could not be solved");
  return std::make_shared<const Lasso>(std::move(weights), rows.terms.cols(), problem.context.base().form());
}

}  // namespace latcast::learn
