#include "learn/models/physical_base.h"

#include <algorithm>
#include <cmath>

#include "learn/math/nnls.h"
#include "learn/math/robust.h"

namespace latcast::learn {
namespace {

constexpr double kDamping = 1e-4;  // of a term's own weight in the normal equations
constexpr int kReweightings = 5;

/// A term is judged by how many samples carry it (inverse participation ratio of its column), given so many rows.
constexpr Eigen::Index kRowsToJudge = 25;
constexpr double kFewestParticipants = 3.0;

/// Weighted NNLS of the relative error; columns are scaled to norm one, so that damping and prior treat terms alike.
Eigen::VectorXd solve(const RowMatrix& relative, const Eigen::VectorXd& weight, const BasePrior& prior) {
  const Eigen::VectorXd root = weight.cwiseSqrt();
  const Eigen::MatrixXd scaled = root.asDiagonal() * relative;
  const Eigen::VectorXd norm = scaled.colwise().norm().transpose().cwiseMax(1e-30);
  Eigen::MatrixXd unit = scaled * norm.cwiseInverse().asDiagonal();
  // A term that shows in hardly more than a sample or two would get whatever those two are off by.
  for (Eigen::Index term = 0; scaled.rows() >= kRowsToJudge && term < unit.cols(); ++term) {
    const double participation = 1.0 / std::max(unit.col(term).array().pow(4).sum(), 1e-12);
    if (participation < kFewestParticipants) unit.col(term).setZero();
  }
  Eigen::MatrixXd gram = unit.transpose() * unit;
  Eigen::VectorXd right = unit.transpose() * root;
  gram.diagonal().array() += kDamping;
  if (prior.weights.size() == norm.size() && prior.samples > 0) {
    const double strength = prior.samples / (prior.samples + static_cast<double>(relative.rows()));
    gram.diagonal().array() += strength;
    right += strength * norm.cwiseProduct(prior.weights);
  }
  return nnls(gram, right).cwiseQuotient(norm);
}

/// Least squares of relative errors leans to low forecasts; the mean log residual takes that back.
void centre(PhysicalBase& base, const Rows& rows) {
  const Eigen::VectorXd residual = (rows.latency_ns.array() / base.predict_ns(rows.terms).array()).log();
  const double middle = weighted_quantile(residual, rows.weight, 0.5);
  const Eigen::VectorXd around = residual.array() - middle;
  const Eigen::VectorXd weight = rows.weight.cwiseProduct(huber_weights(around, 2.0, 0.01));
  base.weights *= std::exp(weight.dot(residual) / weight.sum());
}

}  // namespace

Eigen::VectorXd PhysicalBase::predict_ns(const RowMatrix& terms) const {
  if (weights.size() == 0) return Eigen::VectorXd::Constant(terms.rows(), constant_ns);
  return (terms * weights).cwiseMax(1.0);
}

FormSpec linear_terms_form(const Eigen::VectorXd& weights) {
  FormNode node;
  node.kind = FormKind::linear_terms;
  node.doubles.assign(weights.begin(), weights.end());
  return {std::move(node)};
}

FormSpec PhysicalBase::form() const {
  if (weights.size() == 0) return constant_form(constant_ns);
  return linear_terms_form(weights);
}

PhysicalBase fit_base(const Rows& rows, const BasePrior& prior) {
  PhysicalBase out;
  const Eigen::VectorXd logs = rows.latency_ns.array().log();
  out.constant_ns = std::max(std::exp(weighted_quantile(logs, rows.weight, 0.5)), 1.0);
  if (rows.terms.cols() == 0) return out;
  const RowMatrix relative = rows.latency_ns.cwiseInverse().asDiagonal() * rows.terms;
  Eigen::VectorXd weight = rows.weight;
  for (int round = 0; round < kReweightings; ++round) {
    out.weights = solve(relative, weight, prior);
    const Eigen::VectorXd residual = (rows.latency_ns.array() / out.predict_ns(rows.terms).array()).log();
    weight = rows.weight.cwiseProduct(huber_weights(residual, 2.0, 0.02));
  }
  centre(out, rows);
  return out;
}

}  // namespace latcast::learn
