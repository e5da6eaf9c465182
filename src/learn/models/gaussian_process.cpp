#include "learn/models/gaussian_process.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <random>

#include "learn/math/cpu_time.h"
#include "learn/math/dense_solvers.h"
#include "learn/math/minimize.h"
#include "learn/math/spd_inverse.h"

namespace latcast::learn {
Eigen::MatrixXd squared_distances(const RowMatrix& a, const RowMatrix& b) {
  Eigen::MatrixXd out = -2.0 * a * b.transpose();
  out.colwise() += a.rowwise().squaredNorm();
  out.rowwise() += b.rowwise().squaredNorm().transpose();
  return out.cwiseMax(0.0);
}

namespace {

constexpr double kJitter = 1e-6;  // of the signal variance: duplicates and rounding

struct KernelValue {
  double value, slope;  // slope: d value / d squared distance
};

KernelValue kernel_at(GpKernel kernel, double squared) {
  if (kernel == GpKernel::squared_exponential) {
    const double value = std::exp(-0.5 * squared);
    return {value, -0.5 * value};
  }
  const double r = std::sqrt(5.0 * squared);
  const double decay = std::exp(-r);
  return {(1.0 + r + r * r / 3.0) * decay, -5.0 / 6.0 * (1.0 + r) * decay};
}

Eigen::MatrixXd covariance(GpKernel kernel, const RowMatrix& a, const RowMatrix& b, double variance) {
  return squared_distances(a, b).unaryExpr([&](double s) { return variance * kernel_at(kernel, s).value; });
}

/// Weak normal priors in log space keep flat directions from running away: length scales about 3 spreads of a feature,
/// noise about 3 %.
double add_priors(const GpParameters& p, Eigen::VectorXd& gradient) {
  double value = 0.0;
  const Eigen::Index d = p.features();
  for (Eigen::Index i = 0; i < d + 2; ++i) {
    const double mean = i < d ? std::log(3.0) : i == d ? std::log(0.3) : std::log(0.03);
    const double away = (p.log_values[i] - mean) / 1.5;
    value += 0.5 * away * away;
    gradient[i] += away / 1.5;
  }
  return value;
}

/// d objective / d log length scale = sum over pairs of S . slope . (-2 (difference / length)^2). `pull` = S . slope,
/// its lower triangle.
void length_gradients(const RowMatrix& scaled, const Eigen::MatrixXd& pull, Eigen::VectorXd& gradient) {
  const auto symmetric = pull.selfadjointView<Eigen::Lower>();
  const Eigen::VectorXd sums = symmetric * Eigen::VectorXd::Ones(pull.rows());
  const Eigen::MatrixXd pulled = symmetric * Eigen::MatrixXd(scaled);
  for (Eigen::Index f = 0; f < scaled.cols(); ++f) {
    const Eigen::VectorXd column = scaled.col(f);
    gradient[f] = -4.0 * (column.cwiseProduct(column).dot(sums) - column.dot(pulled.col(f)));
  }
}

/// Covariance and its slope by squared distance, lower triangles.
struct Covariance {
  Eigen::MatrixXd values, slopes;
};

Covariance own_covariance(GpKernel kernel, const RowMatrix& scaled, double signal) {
  const Eigen::Index n = scaled.rows();
  const Eigen::MatrixXd squared = squared_distances(scaled, scaled);
  Covariance out{Eigen::MatrixXd::Zero(n, n), Eigen::MatrixXd::Zero(n, n)};
  for (Eigen::Index j = 0; j < n; ++j) {
    for (Eigen::Index i = j; i < n; ++i) {
      const KernelValue at = kernel_at(kernel, i == j ? 0.0 : squared(i, j));
      out.values(i, j) = signal * at.value;
      out.slopes(i, j) = signal * at.slope;
    }
  }
  return out;
}

/// Sum over all entries of the product of two symmetric matrices given by their lower triangles.
double symmetric_dot(const Eigen::MatrixXd& a, const Eigen::MatrixXd& b) {
  const Eigen::MatrixXd product = a.cwiseProduct(b);  // the upper triangles are zero
  return 2.0 * product.sum() - product.trace();
}

}  // namespace

double GpParameters::signal_variance() const { return std::exp(2.0 * log_values[features()]); }
double GpParameters::noise_variance() const { return std::exp(2.0 * log_values[features() + 1]); }

double gp_objective(GpKernel kernel, const RowMatrix& x, const Eigen::VectorXd& y, const Eigen::VectorXd& weight,
                    const GpParameters& parameters, Eigen::VectorXd& gradient) {
  const Eigen::Index d = parameters.features();
  const double signal = parameters.signal_variance(), noise = parameters.noise_variance();
  const RowMatrix scaled = x * parameters.inverse_lengths().asDiagonal();
  const Covariance k = own_covariance(kernel, scaled, signal);
  Eigen::MatrixXd noisy = k.values;
  noisy.diagonal() += noise * weight.cwiseInverse();
  noisy.diagonal().array() += kJitter * signal;
  gradient = Eigen::VectorXd::Zero(d + 2);
  auto inverse = spd_inverse(noisy);
  if (!inverse) return std::numeric_limits<double>::infinity();
  const Eigen::VectorXd alpha = inverse->inverse.selfadjointView<Eigen::Lower>() * y;
  // S = (K^-1 - alpha alpha') / 2; d objective / d theta = <S, dK / d theta>
  Eigen::MatrixXd& s = inverse->inverse;
  s.selfadjointView<Eigen::Lower>().rankUpdate(alpha, -1.0);
  s *= 0.5;
  length_gradients(scaled, s.cwiseProduct(k.slopes), gradient);
  gradient[d] = 2.0 * (symmetric_dot(s, k.values) + kJitter * signal * s.trace());
  gradient[d + 1] = 2.0 * noise * s.diagonal().dot(weight.cwiseInverse());
  return 0.5 * y.dot(alpha) + 0.5 * inverse->log_determinant + add_priors(parameters, gradient);
}

std::vector<Eigen::Index> spread_rows(const RowMatrix& x, Eigen::Index count, Eigen::Index first) {
  std::vector<Eigen::Index> taken;
  if (x.rows() == 0) return taken;
  Eigen::VectorXd distance = Eigen::VectorXd::Constant(x.rows(), std::numeric_limits<double>::max());
  Eigen::Index next = first;
  while (static_cast<Eigen::Index>(taken.size()) < count) {
    taken.push_back(next);
    distance = distance.cwiseMin((x.rowwise() - x.row(next)).rowwise().squaredNorm());
    if (distance.maxCoeff(&next) <= 1e-12) break;
  }
  return taken;
}

namespace {

std::vector<Eigen::Index> random_rows(Eigen::Index rows, Eigen::Index count, std::mt19937_64& random) {
  std::vector<Eigen::Index> order(static_cast<std::size_t>(rows));
  std::iota(order.begin(), order.end(), 0);
  if (count >= rows) return order;
  for (std::size_t i = 0; i < static_cast<std::size_t>(count); ++i) {  // Fisher-Yates, the same on every library
    std::swap(order[i], order[i + random() % (order.size() - i)]);
  }
  order.resize(static_cast<std::size_t>(count));
  std::ranges::sort(order);
  return order;
}

/// Features in units of their own spread; constant ones are left at zero distance.
Eigen::VectorXd feature_scales(const RowMatrix& x) {
  const Eigen::RowVectorXd mean = x.colwise().mean();
  const Eigen::VectorXd deviation =
      ((x.rowwise() - mean).colwise().squaredNorm() / static_cast<double>(x.rows())).cwiseSqrt();
  return deviation.unaryExpr([](double s) { return s > 1e-6 ? s : 1.0; });
}

GpParameters first_guess(const RowMatrix& x, const Eigen::VectorXd& y) {
  const Eigen::Index d = x.cols();
  const double deviation = std::sqrt(std::max(y.squaredNorm() / static_cast<double>(y.size()), 1e-6));
  GpParameters start{Eigen::VectorXd::Constant(d + 2, std::log(3.0))};
  start.log_values[d] = std::log(std::max(deviation, 0.02));
  start.log_values[d + 1] = std::log(std::max(0.3 * deviation, 0.01));
  return start;
}

GpParameters find_parameters(const RowMatrix& x, const Eigen::VectorXd& y, const Eigen::VectorXd& weight,
                             const GpParameters& start, const GpOptions& options) {
  const Eigen::Index d = x.cols();
  Eigen::VectorXd low = Eigen::VectorXd::Constant(d + 2, std::log(0.1));
  Eigen::VectorXd high = Eigen::VectorXd::Constant(d + 2, std::log(300.0));
  low[d] = std::log(0.01);
  high[d] = std::log(10.0);
  low[d + 1] = std::log(0.003);
  high[d + 1] = std::log(1.0);
  const Smooth objective = [&](const Eigen::VectorXd& at, Eigen::VectorXd& gradient) {
    return gp_objective(options.kernel, x, y, weight, {at}, gradient);
  };
  return {minimize(objective, start.log_values, low, high, options.evaluations)};
}

class Gp final : public LogModel {
 public:
  Gp(GpKernel kernel, double mean, Eigen::VectorXd inverse_lengths, RowMatrix centres, Eigen::VectorXd weights)
      : kernel_(kernel),
        mean_(mean),
        inverse_lengths_(std::move(inverse_lengths)),
        centres_(std::move(centres)),
        weights_(std::move(weights)) {}

  Eigen::VectorXd predict(const RowMatrix& features) const override {
    const RowMatrix scaled = features * inverse_lengths_.asDiagonal();
    return (covariance(kernel_, scaled, centres_, 1.0) * weights_).array() + mean_;
  }

  FormSpec form() const override { return gp_form(kernel_, mean_, inverse_lengths_, centres_, weights_); }

 private:
  GpKernel kernel_;
  double mean_;
  Eigen::VectorXd inverse_lengths_;
  RowMatrix centres_;  // scaled, rounded to float
  Eigen::VectorXd weights_;
};

/// Weights of the centres: subset of regressors (Rasmussen & Williams 2006, eq. 8.14); exact where every sample is one.
Eigen::VectorXd centre_weights(GpKernel kernel, const RowMatrix& scaled, const RowMatrix& centres,
                               const Eigen::VectorXd& y, const Eigen::VectorXd& weight, const GpParameters& p) {
  const double signal = p.signal_variance(), noise = p.noise_variance();
  const Eigen::VectorXd root = weight.cwiseSqrt();
  const Eigen::MatrixXd cross = root.asDiagonal() * covariance(kernel, scaled, centres, signal);
  Eigen::MatrixXd system = noise * covariance(kernel, centres, centres, signal);
  add_gram(system, cross);
  const double ridge = kJitter * noise * signal + 1e-10 * system.diagonal().mean();
  system.diagonal().array() += ridge;
  return signal * solve_symmetric(system, cross.transpose() * root.cwiseProduct(y));
}

}  // namespace

FormSpec gp_form(GpKernel kernel, double mean, const Eigen::VectorXd& inverse_lengths, const RowMatrix& centres,
                 const Eigen::VectorXd& weights) {
  FormNode node;
  node.kind = FormKind::gaussian_process;
  node.ints = {static_cast<std::int32_t>(kernel), static_cast<std::int32_t>(centres.rows())};
  node.doubles.push_back(mean);
  node.doubles.insert(node.doubles.end(), inverse_lengths.begin(), inverse_lengths.end());
  node.doubles.insert(node.doubles.end(), weights.begin(), weights.end());
  node.floats.assign(centres.data(), centres.data() + centres.size());
  return {std::move(node)};
}

Result<LogModelPtr> fit_gp_with(const LogProblem& problem, const GpOptions& options) {
  if (problem.features.cols() == 0) return fail(Errc::unsupported, "a Gaussian process needs features");
  std::mt19937_64 random(problem.seed);
  const double mean = problem.target.dot(problem.weight) / problem.weight.sum();
  const Eigen::VectorXd centred = problem.target.array() - mean;
  const Eigen::VectorXd scales = feature_scales(problem.features);
  const RowMatrix x = problem.features * scales.cwiseInverse().asDiagonal();

  // Warm starts are kept in units of the log features: the scales differ from one training set to the next.
  GpParameters found = first_guess(x, centred);
  const bool warm = problem.warm != nullptr && problem.warm->size() == found.log_values.size();
  const Eigen::VectorXd log_scales = scales.array().log();
  if (warm) {
    found.log_values = *problem.warm;
    found.log_values.head(log_scales.size()) -= log_scales;
  }
  if (!warm || !options.trust_warm) {
    const CpuMeter meter(problem.search_s);
    const auto few = random_rows(x.rows(), options.likelihood_samples, random);
    found = find_parameters(x(few, Eigen::all), centred(few), problem.weight(few), found, options);
  }
  if (problem.warm != nullptr && !warm) {
    *problem.warm = found.log_values;
    problem.warm->head(log_scales.size()) += log_scales;
  }

  const auto many = random_rows(x.rows(), options.samples, random);
  const RowMatrix scaled = RowMatrix(x(many, Eigen::all)) * found.inverse_lengths().asDiagonal();
  const auto places = spread_rows(scaled, options.centres, 0);
  const RowMatrix centres = scaled(places, Eigen::all).cast<float>().cast<double>();
  const Eigen::VectorXd weights =
      centre_weights(options.kernel, scaled, centres, centred(many), problem.weight(many), found);
  if (!weights.allFinite()) return fail(Errc::unstable, "the Gaussian process's equations could not be solved");
  return std::make_shared<const Gp>(options.kernel, mean, found.inverse_lengths().cwiseQuotient(scales), centres,
                                    weights);
}

}  // namespace latcast::learn
