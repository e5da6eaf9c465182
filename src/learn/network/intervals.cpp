#include "learn/network/intervals.h"

#include <Eigen/Core>
#include <algorithm>
#include <cmath>

#include "core/network_sum.h"
#include "learn/math/nnls.h"
#include "learn/math/robust.h"

namespace latcast::learn {
namespace {

constexpr double kLeastSpread = 0.004;       // nothing is known better than to half a percent
constexpr double kExtrapolatedPrior = 0.15;  // spread of a network that is not covered at all, before data
constexpr std::size_t kFewNetworks = 15;

Eigen::VectorXd log_ratios(const std::vector<HeldOut>& networks) {
  Eigen::VectorXd out(static_cast<Eigen::Index>(networks.size()));
  for (std::size_t i = 0; i < networks.size(); ++i) {
    out[static_cast<Eigen::Index>(i)] = std::log(networks[i].quiet_ns / networks[i].forecast_ns);
  }
  return out;
}

/// Non-negative regression of |residual| on (1, 1 / sqrt(latency), uncovered share, module error); wild residuals count
/// as their bound.
void fit_spread(const std::vector<HeldOut>& networks, const Eigen::VectorXd& residual, IntervalModel& model) {
  const Eigen::VectorXd size = residual.cwiseAbs();
  const double bound = 6.0 * std::max(median(size), kLeastSpread);
  Eigen::VectorXd forecasts(residual.size());
  for (Eigen::Index i = 0; i < residual.size(); ++i) forecasts[i] = networks[static_cast<std::size_t>(i)].forecast_ns;
  const double typical = median(forecasts);
  Eigen::Matrix4d gram = Eigen::Matrix4d::Zero();
  Eigen::Vector4d right = Eigen::Vector4d::Zero();
  for (Eigen::Index i = 0; i < residual.size(); ++i) {
    const Doubt& doubt = networks[static_cast<std::size_t>(i)].doubt;
    const Eigen::Vector4d row(1.0, std::sqrt(typical / forecasts[i]), doubt.uncovered, doubt.module_error);
    const double weight = 1.0 / row.head(2).squaredNorm();  // small networks must not decide on the others
    gram += weight * row * row.transpose();
    right += weight * std::min(size[i], bound) * row;
  }
  // Uncovered time is rare in training and worse outside: a prior worth five networks. A slope over size costs a
  // little.
  gram(2, 2) += 5.0;
  right[2] += 5.0 * kExtrapolatedPrior;
  gram(1, 1) += 1.0;
  gram.diagonal().array() += 1e-6;
  const Eigen::VectorXd found = nnls(gram, right);
  model.relative = std::max(found[0], std::max(kLeastSpread, 0.25 * median(size)));
  model.modules = found[3];
  model.small_ns = found[1] * found[1] * typical;
  model.extrapolated = found[2];
}

double conformal_quantile(std::vector<double> scores, double level) {
  std::ranges::sort(scores);
  const auto n = static_cast<double>(scores.size());
  const auto rank = static_cast<std::size_t>(std::ceil((n + 1.0) * level));
  return scores[std::min(rank, scores.size()) - 1];
}

}  // namespace

IntervalModel fit_intervals(const std::vector<HeldOut>& networks, double level) {
  IntervalModel model;
  model.level = level;
  model.extrapolated = kExtrapolatedPrior;
  if (networks.size() < kFewNetworks) {  // too few to say: wide, and as wide as they show
    const double seen = networks.empty() ? 0.0 : log_ratios(networks).cwiseAbs().maxCoeff();
    model.relative = std::clamp(seen, 0.1, 1.0);
    return model;
  }
  const Eigen::VectorXd ratio = log_ratios(networks);
  const double middle = median(ratio);
  const double doubt = 1.2533 * robust_scale(ratio, middle) / std::sqrt(static_cast<double>(networks.size()));
  model.bias = std::abs(middle) > 2.0 * doubt ? std::clamp(middle, -0.2, 0.2) : 0.0;
  const Eigen::VectorXd residual = ratio.array() - model.bias;
  fit_spread(networks, residual, model);
  std::vector<double> scores;
  for (std::size_t i = 0; i < networks.size(); ++i) {
    const double expected = spread(model, networks[i].forecast_ns, networks[i].doubt);
    scores.push_back(std::abs(residual[static_cast<Eigen::Index>(i)]) / expected);
  }
  model.quantile = std::min(conformal_quantile(std::move(scores), level), 100.0);
  return model;
}

}  // namespace latcast::learn
