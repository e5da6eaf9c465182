#include "learn/math/robust.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

namespace latcast::learn {

double median(Eigen::VectorXd values) {
  if (values.size() == 0) return 0.0;
  const auto middle = values.begin() + values.size() / 2;
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

double weighted_quantile(const Eigen::VectorXd& values, const Eigen::VectorXd& weight, double share) {
  std::vector<Eigen::Index> order(static_cast<std::size_t>(values.size()));
  std::iota(order.begin(), order.end(), 0);
  std::ranges::stable_sort(order, {}, [&](Eigen::Index i) { return values[i]; });
  const double wanted = share * weight.sum();
  double reached = 0.0;
  for (const Eigen::Index i : order) {
    reached += weight[i];
    if (reached >= wanted) return values[i];
  }
  return order.empty() ? 0.0 : values[order.back()];
}

double robust_scale(const Eigen::VectorXd& values, double centre) {
  return 1.4826 * median((values.array() - centre).abs());
}

Bounds plausible_bounds(const Eigen::VectorXd& values, const Eigen::VectorXd& weight) {
  constexpr double kTail = 0.003, kMargin = 0.15, kLeastMargin = 0.05;
  const double low = weighted_quantile(values, weight, kTail), high = weighted_quantile(values, weight, 1.0 - kTail);
  const double margin = kMargin * (high - low) + kLeastMargin;
  return {low - margin, high + margin};
}

Eigen::VectorXd huber_weights(const Eigen::VectorXd& residuals, double limit, double floor, double power) {
  const double edge = limit * std::max(robust_scale(residuals), floor);
  return residuals.unaryExpr([&](double r) { return std::abs(r) <= edge ? 1.0 : std::pow(edge / std::abs(r), power); });
}

}  // namespace latcast::learn
