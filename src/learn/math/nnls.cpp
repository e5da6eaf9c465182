#include "learn/math/nnls.h"

#include <algorithm>
#include <vector>

#include "learn/math/dense_solvers.h"

namespace latcast::learn {
namespace {

using Indices = std::vector<Eigen::Index>;

/// Unconstrained solution on the passive set, zero elsewhere.
Eigen::VectorXd solve_passive(const Eigen::MatrixXd& gram, const Eigen::VectorXd& right, const Indices& passive) {
  Eigen::VectorXd out = Eigen::VectorXd::Zero(right.size());
  const Eigen::VectorXd solved = solve_symmetric(gram(passive, passive), right(passive));
  for (std::size_t i = 0; i < passive.size(); ++i) out[passive[i]] = solved[static_cast<Eigen::Index>(i)];
  return out;
}

/// How far one can go from x to `aim` before a coordinate becomes negative.
double feasible_step(const Eigen::VectorXd& x, const Eigen::VectorXd& aim, const Indices& passive) {
  double step = 1.0;
  for (const Eigen::Index i : passive) {
    if (aim[i] <= 0.0) step = std::min(step, x[i] / (x[i] - aim[i]));
  }
  return step;
}

/// Moves x to the best point of the passive set, dropping coordinates that hit zero on the way.
void descend(const Eigen::MatrixXd& gram, const Eigen::VectorXd& right, Indices& passive, Eigen::VectorXd& x) {
  while (!passive.empty()) {
    const Eigen::VectorXd aim = solve_passive(gram, right, passive);
    const bool inside = std::ranges::all_of(passive, [&](Eigen::Index i) { return aim[i] > 0.0; });
    if (inside) {
      x = aim;
      return;
    }
    x += feasible_step(x, aim, passive) * (aim - x);
    std::erase_if(passive, [&](Eigen::Index i) { return x[i] <= 1e-14 && aim[i] <= 0.0; });
    for (Eigen::Index i = 0; i < x.size(); ++i) {
      if (std::ranges::find(passive, i) == passive.end()) x[i] = 0.0;
    }
  }
  x.setZero();
}

}  // namespace

Eigen::VectorXd nnls(const Eigen::MatrixXd& gram, const Eigen::VectorXd& right) {
  Eigen::VectorXd x = Eigen::VectorXd::Zero(right.size());
  Indices passive;
  const double tolerance = 1e-12 * (right.cwiseAbs().maxCoeff() + 1e-300);
  for (Eigen::Index round = 0; round < 3 * right.size(); ++round) {
    Eigen::VectorXd slope = right - gram * x;
    for (const Eigen::Index i : passive) slope[i] = -1.0;
    Eigen::Index best = 0;
    if (slope.maxCoeff(&best) <= tolerance) break;
    passive.push_back(best);
    descend(gram, right, passive, x);
  }
  return x;
}

}  // namespace latcast::learn
