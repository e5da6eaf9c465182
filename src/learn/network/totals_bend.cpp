#include "learn/network/totals_bend.h"

#include <limits>
#include <map>
#include <utility>

#include "learn/math/dense_solvers.h"
#include "learn/models/gaussian_process.h"

namespace latcast::learn {
namespace {

/// What is tried.
constexpr double kFarLength = 4.0;
constexpr double kNearLengths[] = {0.7, 1.0};
constexpr double kFarVariances[] = {0.01, 0.03, 0.1};
constexpr double kNearVariances[] = {0.003, 0.01, 0.03};
constexpr double kNoises[] = {0.006, 0.01, 0.017, 0.03, 0.05};
/// Positions of a form's Gaussian process.
constexpr Eigen::Index kCentres = 96;
/// A class whose costs bend by less than this is left straight.
constexpr double kLeastBend = 0.003;
/// Bounds of each factor's logarithm.
constexpr double kMostBend = 1.5;

Eigen::MatrixXd similarity(const Eigen::MatrixXd& squared, double length) {
  return (squared.array() * (-0.5 / (length * length))).exp().matrix();
}

/// A Gaussian process of few centres that takes these values at these places.
FormSpec interpolation(const RowMatrix& logs, double length, const Eigen::VectorXd& values) {
  const RowMatrix scaled = logs / length;
  const RowMatrix centres = scaled(spread_rows(scaled, kCentres, 0), Eigen::all).cast<float>().cast<double>();
  const Eigen::MatrixXd cross = similarity(squared_distances(scaled, centres), 1.0);
  Eigen::MatrixXd gram = cross.transpose() * cross;
  gram.diagonal().array() += 1e-5 * gram.diagonal().mean() + 1e-9;
  const Eigen::VectorXd weights = solve_symmetric(gram, cross.transpose() * values);
  return gp_form(GpKernel::squared_exponential, 0.0, Eigen::VectorXd::Constant(scaled.cols(), 1.0 / length), centres,
                 weights);
}

}  // namespace

ModuleBend::Alike ModuleBend::merge_alike(const KernelSamples& samples) {
  Alike out;
  std::map<std::vector<double>, Eigen::Index> known;
  std::vector<Eigen::Index> first;
  for (Eigen::Index row = 0; row < samples.features.rows(); ++row) {
    const auto [found, fresh] =
        known.try_emplace({samples.features.row(row).begin(), samples.features.row(row).end()}, known.size());
    if (fresh) first.push_back(row);
    out.of.push_back(found->second);
  }
  out.logs = log_features(samples.features(first, Eigen::all));
  out.squared = squared_distances(out.logs, out.logs);
  return out;
}

ModuleBend::ModuleBend(const std::vector<KernelSamples>& classes, const std::vector<Eigen::VectorXd>& weights,
                       const Eigen::VectorXd& straight_ns) {
  for (std::size_t c = 0; c < classes.size(); ++c) {
    Alike one = merge_alike(classes[c]);
    one.share = Eigen::MatrixXd::Zero(straight_ns.size(), one.logs.rows());
    const Eigen::VectorXd cost = classes[c].terms * weights[c];
    for (std::size_t row = 0; row < one.of.size(); ++row) {
      const int network = classes[c].network[row];
      one.share(network, one.of[row]) += cost[static_cast<Eigen::Index>(row)] / straight_ns[network];
    }
    alike_.push_back(std::move(one));
  }
  rests_ = Eigen::VectorXd::Zero(straight_ns.size());
}

Eigen::MatrixXd ModuleBend::network_covariance(double length) const {
  Eigen::MatrixXd out = Eigen::MatrixXd::Zero(rests_.size(), rests_.size());
  for (const Alike& one : alike_) out += one.share * similarity(one.squared, length) * one.share.transpose();
  return out;
}

void ModuleBend::fit(const Evidence& evidence) {
  rows_ = evidence.rows;
  const Eigen::MatrixXd slack = evidence.slack * evidence.slack.transpose();
  const Eigen::MatrixXd far = network_covariance(kFarLength);
  double best = -std::numeric_limits<double>::infinity();
  double best_noise = 0;
  Eigen::MatrixXd near, best_near;
  const auto bend = [&](const Scale& wide, const Scale& close,
                        const Eigen::MatrixXd& close_covariance) -> Eigen::MatrixXd {
    return wide.variance * far + close.variance * close_covariance;
  };
  const auto doubted = [&](Eigen::MatrixXd covariance, double noise) {
    covariance.diagonal() += noise * noise * evidence.weight.cwiseInverse();
    return covariance;
  };
  for (const double length : kNearLengths) {
    near = network_covariance(length);
    for (const double far_variance : kFarVariances) {
      for (const double near_variance : kNearVariances) {
        const Scale wide{kFarLength, far_variance}, close{length, near_variance};
        const Eigen::MatrixXd own = bend(wide, close, near)(rows_, rows_) + slack;
        for (const double noise : kNoises) {
          const auto solved = solve_spd(doubted(own, noise), evidence.unbent);
          if (!solved) continue;
          const double likelihood = -0.5 * (evidence.unbent.dot(solved->x) + solved->log_determinant);
          if (likelihood <= best) continue;
          best = likelihood;
          best_noise = noise;
          far_ = wide;
          near_ = close;
          best_near = near;
        }
      }
    }
  }
  if (best_near.size() == 0) return;  // numbers beyond all measure
  const Eigen::MatrixXd covariance = bend(far_, near_, best_near);
  const auto solved = solve_spd(doubted(covariance(rows_, rows_), best_noise), evidence.rest);
  if (!solved) return;
  pull_ = solved->x;
  rests_ = covariance(Eigen::all, rows_) * pull_;
}

Eigen::VectorXd ModuleBend::module_rests(std::size_t c, const Scale& scale) const {
  return scale.variance * similarity(alike_[c].squared, scale.length) *
         (alike_[c].share(rows_, Eigen::all).transpose() * pull_);
}

FormSpec ModuleBend::bent(std::size_t c, FormSpec straight) const {
  if (pull_.size() == 0) return straight;
  const Eigen::VectorXd far = module_rests(c, far_), both = far + module_rests(c, near_);
  const auto logarithm = [](const Eigen::VectorXd& rests) -> Eigen::VectorXd {
    return (1.0 + rests.array()).max(0.1).log();
  };
  const Eigen::VectorXd wide = logarithm(far), close = logarithm(both) - wide;
  if (wide.cwiseAbs().maxCoeff() > kLeastBend) {
    straight =
        product_form(std::move(straight), interpolation(alike_[c].logs, kFarLength, wide), -kMostBend, kMostBend);
  }
  if (close.cwiseAbs().maxCoeff() > kLeastBend) {
    straight =
        product_form(std::move(straight), interpolation(alike_[c].logs, near_.length, close), -kMostBend, kMostBend);
  }
  return straight;
}

}  // namespace latcast::learn
