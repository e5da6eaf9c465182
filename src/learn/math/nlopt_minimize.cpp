#include <nlopt.h>

#include <limits>

#include "learn/math/minimize.h"

namespace latcast::learn {
namespace {

struct Search {
  const Smooth& function;
  Eigen::VectorXd best, gradient;
  double least = std::numeric_limits<double>::infinity();
};

double call(unsigned size, const double* x, double* gradient, void* data) {
  auto& search = *static_cast<Search*>(data);
  const Eigen::VectorXd point = Eigen::Map<const Eigen::VectorXd>(x, size);
  const double value = search.function(point, search.gradient);
  if (value < search.least) {
    search.least = value;
    search.best = point;
  }
  if (gradient != nullptr) Eigen::Map<Eigen::VectorXd>(gradient, size) = search.gradient;
  return value;
}

}  // namespace

Eigen::VectorXd minimize(const Smooth& function, const Eigen::VectorXd& start, const Eigen::VectorXd& low,
                         const Eigen::VectorXd& high, int evaluations) {
  Search search{function, start, Eigen::VectorXd::Zero(start.size())};
  nlopt_opt optimizer = nlopt_create(NLOPT_LD_LBFGS, static_cast<unsigned>(start.size()));
  nlopt_set_lower_bounds(optimizer, low.data());
  nlopt_set_upper_bounds(optimizer, high.data());
  nlopt_set_min_objective(optimizer, call, &search);
  nlopt_set_maxeval(optimizer, evaluations);
  nlopt_set_ftol_rel(optimizer, 1e-5);
  Eigen::VectorXd x = start.cwiseMax(low).cwiseMin(high);
  double value = 0.0;
  // Failures (round-off, a value that is not finite) end the search early; the best point seen is still good.
  static_cast<void>(nlopt_optimize(optimizer, x.data(), &value));
  nlopt_destroy(optimizer);
  return search.best;
}

}  // namespace latcast::learn
