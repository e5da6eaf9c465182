// Robust statistics that several fits share.
#pragma once

#include <Eigen/Core>

namespace latcast::learn {

[[nodiscard]] double median(Eigen::VectorXd values);
/// Smallest value below or at which `share` of the weight lies.
[[nodiscard]] double weighted_quantile(const Eigen::VectorXd& values, const Eigen::VectorXd& weight, double share);
/// 1.4826 x median absolute deviation from `centre`: a standard deviation that outliers do not move.
[[nodiscard]] double robust_scale(const Eigen::VectorXd& values, double centre = 0.0);
/// Between what, by the values seen, further ones may lie: nearly all of the weight and a margin.
struct Bounds {
  double least = 0, most = 0;
};
[[nodiscard]] Bounds plausible_bounds(const Eigen::VectorXd& values, const Eigen::VectorXd& weight);
/// Huber's weights: 1 up to `limit` scales, falling as 1/|x| beyond (Huber 1964). `power` 2 lets go of outliers sooner.
[[nodiscard]] Eigen::VectorXd huber_weights(const Eigen::VectorXd& residuals, double limit, double floor,
                                            double power = 1.0);

}  // namespace latcast::learn
