#include "learn/network/network_layer.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "learn/math/dense_solvers.h"
#include "learn/math/robust.h"
#include "learn/models/gaussian_process.h"
#include "learn/models/physical_base.h"
#include "learn/network/calibrated_sum.h"
#include "learn/network/totals_fit.h"

namespace latcast::learn {
namespace {

/// Below this many networks there is no correction.
constexpr std::size_t kFewestNetworks = 12;
/// Below this many nothing can be told apart in totals.
constexpr std::size_t kFewestTotals = 2;
/// A class with less of the mean network's time is no feature.
constexpr double kLeastShare = 0.005;
constexpr std::size_t kMostShares = 16;
/// Bounds of a correction's logarithm.
constexpr double kMostCorrection = 0.4;

/// Networks' raw sums, class by class.
struct Raw {
  Eigen::MatrixXd sums;           // networks x classes
  std::vector<ClassRef> classes;  // of the columns
  Eigen::VectorXd modules, others;

  [[nodiscard]] Eigen::VectorXd totals() const { return sums.rowwise().sum() + others; }
};

ClassRef class_of(const KernelSamples& samples) {
  return {static_cast<std::uint32_t>(samples.type), static_cast<std::uint32_t>(samples.kernel)};
}

/// Classes that take a share of the networks' time which tells networks apart, the largest first.
std::vector<Eigen::Index> telling_classes(const Raw& raw, const std::vector<Eigen::Index>& rows) {
  const Eigen::MatrixXd shares = raw.totals().cwiseInverse().asDiagonal() * raw.sums;
  const Eigen::VectorXd mean = shares(rows, Eigen::all).colwise().mean();
  std::vector<Eigen::Index> out(static_cast<std::size_t>(mean.size()));
  std::iota(out.begin(), out.end(), 0);
  std::ranges::stable_sort(out, [&](Eigen::Index a, Eigen::Index b) { return mean[a] > mean[b]; });
  std::erase_if(out, [&](Eigen::Index c) { return mean[c] < kLeastShare; });
  if (out.size() > kMostShares) out.resize(kMostShares);
  return out;
}

/// log2(1 + feature), as the corrector sees them.
RowMatrix features_of(const Raw& raw, const std::vector<Eigen::Index>& shares) {
  const Eigen::VectorXd totals = raw.totals();
  RowMatrix out(totals.size(), static_cast<Eigen::Index>(kNetworkFeatures + shares.size()));
  for (Eigen::Index n = 0; n < totals.size(); ++n) {
    out(n, 0) = totals[n];
    out(n, 1) = raw.modules[n];
    out(n, 2) = totals[n] / std::max(raw.modules[n], 1.0);
    for (std::size_t s = 0; s < shares.size(); ++s) {
      out(n, static_cast<Eigen::Index>(kNetworkFeatures + s)) = raw.sums(n, shares[s]) / totals[n];
    }
  }
  return log_features(out);
}

Eigen::MatrixXd similarity(const RowMatrix& a, const RowMatrix& b) {
  return (-0.5 * squared_distances(a, b)).array().exp().matrix();
}

/// A Gaussian process with one length for all features in units of their spread, by marginal likelihood.
struct Process {
  double length = 0;  // 0: nothing to be learnt
  Eigen::VectorXd pull;
};

Process fit_process(const RowMatrix& x, const Eigen::VectorXd& rest, const Eigen::VectorXd& weight) {
  Process best;
  double most = -std::numeric_limits<double>::infinity();
  for (const double length : {2.0, 3.0, 4.5, 7.0, 10.0}) {
    const Eigen::MatrixXd own = similarity(x / length, x / length);
    for (const double variance : {0.0, 0.0003, 0.001, 0.003, 0.01, 0.03}) {
      for (const double noise : {0.005, 0.01, 0.02, 0.04, 0.08}) {
        Eigen::MatrixXd noisy = variance * own;
        noisy.diagonal() += noise * noise * weight.cwiseInverse();
        const auto alpha = solve_spd(noisy, rest);
        if (!alpha) continue;
        const double likelihood = -0.5 * (rest.dot(alpha->x) + alpha->log_determinant);
        if (likelihood <= most) continue;
        most = likelihood;
        best = {variance > 0 ? length : 0.0, variance * alpha->x};
      }
    }
  }
  return best;
}

/// Fits the correction and applies it to the forecasts.
void correct(const TrainingSet& set, const Raw& raw, const std::vector<Eigen::Index>& rows, NetworkLayer& layer) {
  const std::vector<Eigen::Index> shares = telling_classes(raw, rows);
  RowMatrix x = features_of(raw, shares);
  const RowMatrix seen = x(rows, Eigen::all);
  const Eigen::RowVectorXd low = seen.colwise().minCoeff(), high = seen.colwise().maxCoeff();
  x = x.cwiseMax(low.replicate(x.rows(), 1)).cwiseMin(high.replicate(x.rows(), 1));
  const Eigen::RowVectorXd mean = seen.colwise().mean();
  Eigen::RowVectorXd spread =
      ((seen.rowwise() - mean).colwise().squaredNorm() / static_cast<double>(seen.rows())).cwiseSqrt();
  spread = spread.unaryExpr([](double s) { return s > 1e-6 ? s : 1.0; });
  Eigen::VectorXd rest(static_cast<Eigen::Index>(rows.size()));
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const double truth = set.networks[static_cast<std::size_t>(rows[i])].quiet_ns;
    rest[static_cast<Eigen::Index>(i)] = std::log(truth / layer.forecast_ns[rows[i]]);
  }
  const Eigen::VectorXd weight = huber_weights(rest, 2.5, 0.005);
  const RowMatrix scaled = x * spread.cwiseInverse().asDiagonal();
  const Process process = fit_process(scaled(rows, Eigen::all), rest, weight);
  if (process.length <= 0) return;

  const Eigen::VectorXd inverse_lengths = spread.cwiseInverse().transpose() / process.length;
  const RowMatrix points = x * inverse_lengths.asDiagonal();
  const RowMatrix centres = RowMatrix(points(rows, Eigen::all)).cast<float>().cast<double>();
  const Eigen::VectorXd logs = similarity(points, centres) * process.pull;
  layer.forecast_ns.array() *= logs.array().max(-kMostCorrection).min(kMostCorrection).exp();
  for (const Eigen::Index share : shares)
    layer.correction.shares.push_back(raw.classes[static_cast<std::size_t>(share)]);
  layer.correction.form = product_form(
      constant_form(1.0), gp_form(GpKernel::squared_exponential, 0.0, inverse_lengths, centres, process.pull),
      -kMostCorrection, kMostCorrection);
  layer.correction.low.assign(low.begin(), low.end());
  layer.correction.high.assign(high.begin(), high.end());
}

/// Costs of what is not listed, told in raw ns: the calibration scales them as it does the others.
void make_raw(std::vector<Eigen::VectorXd>& weights, double scale) {
  for (Eigen::VectorXd& one : weights) one /= scale;
}

Eigen::VectorXd truths(const TrainingSet& set) {
  Eigen::VectorXd out(static_cast<Eigen::Index>(set.networks.size()));
  for (std::size_t i = 0; i < set.networks.size(); ++i) out[static_cast<Eigen::Index>(i)] = set.networks[i].quiet_ns;
  return out;
}

/// a * sum + b * modules + c, of networks unlike those that will be forecast.
NetworkLayer calibrate(const TrainingSet& set, const ListedForecasts& listed, const std::vector<Eigen::Index>& rows) {
  const Eigen::VectorXd sums = listed.sums.rowwise().sum() + listed.others;
  const auto raw = [&](Eigen::Index n) {
    RawNetwork out;
    out.sum_ns = sums[n];
    out.modules = static_cast<std::size_t>(listed.modules[n]);
    out.quiet_ns = set.networks[static_cast<std::size_t>(n)].quiet_ns;
    return out;
  };
  std::vector<RawNetwork> used;
  for (const Eigen::Index row : rows) used.push_back(raw(row));
  NetworkLayer out;
  out.calibration = fit_calibration(used);
  out.forecast_ns.resize(sums.size());
  for (Eigen::Index n = 0; n < sums.size(); ++n) out.forecast_ns[n] = calibrated_ns(raw(n), out.calibration);
  return out;
}

/// Nothing was measured but totals.
NetworkLayer from_totals(const TrainingSet& set, const std::vector<char>& use) {
  const auto networks = static_cast<Eigen::Index>(set.networks.size());
  TotalsFit fit = fit_totals({set.unlisted, truths(set), use, Eigen::MatrixXd(networks, 0), {}}, true);
  NetworkLayer out;
  out.calibration.run_ns = fit.run_ns;
  out.unlisted = std::move(fit.forms);
  out.forecast_ns = std::move(fit.forecast_ns);
  return out;
}

/// Sums beside what is not listed, and the network correction.
NetworkLayer corrected_sum(const TrainingSet& set, const ListedForecasts& listed, const std::vector<char>& use) {
  const auto networks = static_cast<Eigen::Index>(set.networks.size());
  const std::vector<Eigen::Index> rows = rows_in_use(use);
  Raw raw{Eigen::MatrixXd(networks, listed.sums.cols() + static_cast<Eigen::Index>(set.unlisted.size())),
          {},
          listed.modules,
          listed.others};
  for (const KernelSamples& one : set.kernels) raw.classes.push_back(class_of(one));
  for (const KernelSamples& one : set.unlisted) {
    raw.classes.push_back(class_of(one));
    for (const int network : one.network) raw.modules[network] += 1.0;
  }
  Eigen::MatrixXd known(networks, 2);
  known << listed.sums.rowwise().sum() + listed.others, raw.modules;
  TotalsFit fit = fit_totals({set.unlisted, truths(set), use, known, Eigen::Vector2d(1.0, 0.0)}, false);
  const double scale = std::max(fit.known[0], 0.1);
  NetworkLayer out;
  out.calibration = {.scale = scale, .module_ns = fit.known[1], .run_ns = fit.run_ns};
  out.forecast_ns = std::move(fit.forecast_ns);
  make_raw(fit.weights, scale);
  raw.sums.leftCols(listed.sums.cols()) = listed.sums;
  for (std::size_t c = 0; c < set.unlisted.size(); ++c) {
    const KernelSamples& one = set.unlisted[c];
    const Eigen::VectorXd cost = one.terms * fit.weights[c];
    auto column = raw.sums.col(listed.sums.cols() + static_cast<Eigen::Index>(c));
    column.setZero();
    for (std::size_t row = 0; row < one.network.size(); ++row) {
      column[one.network[row]] += cost[static_cast<Eigen::Index>(row)];
    }
    out.unlisted.push_back(linear_terms_form(fit.weights[c]));
  }
  if (rows.size() >= kFewestNetworks) correct(set, raw, rows, out);
  return out;
}

}  // namespace

NetworkLayer fit_layer(const TrainingSet& set, const ListedForecasts& listed, const std::vector<char>& use) {
  const std::vector<Eigen::Index> rows = rows_in_use(use);
  if (!set.representative || rows.size() < kFewestTotals) return calibrate(set, listed, rows);
  return listed.sums.cols() == 0 ? from_totals(set, use) : corrected_sum(set, listed, use);
}

}  // namespace latcast::learn
