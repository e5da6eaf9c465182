#include "learn/totals_fit.h"

#include <Eigen/Cholesky>
#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <optional>

#include "learn/models/gaussian_process.h"
#include "learn/nnls.h"
#include "learn/physical_base.h"
#include "learn/robust.h"
#include "learn/rows.h"

namespace latcast::learn {
namespace {

/// Relative noise of a network's total that the weights are fitted with.
constexpr double kNoise = 0.02;
/// Standard deviation of a weight around what its unit costs, as a multiple of that.
constexpr double kFreedom = 6.0;
/// A weight of which nothing is expected may still take this share of a network's time.
constexpr double kLeastShare = 0.003;
/// What units cost at least, as shares of the mean network's time: they cannot be free, whatever the totals say.
constexpr double kLeastMacs = 0.05, kLeastElements = 0.05, kLeastCalls = 0.005;
constexpr int kReweightings = 4;
/// Positions of a form's Gaussian process.
constexpr Eigen::Index kCentres = 96;
/// A class whose costs bend by less than this is left straight.
constexpr double kLeastBend = 0.003;

using Columns = Eigen::MatrixXd;

/// Columns of all classes' terms, added up per network; where each class begins.
struct Totals {
  Columns terms;
  std::vector<Eigen::Index> first;
  std::vector<TermUnit> units;
};

Totals add_up(const TotalsProblem& problem) {
  Totals out;
  Eigen::Index columns = 0;
  for (const KernelSamples& one : problem.classes) {
    out.first.push_back(columns);
    columns += one.terms.cols();
    for (Eigen::Index t = 0; t < one.terms.cols(); ++t) {
      const auto at = static_cast<std::size_t>(t);
      out.units.push_back(at < one.term_units.size() ? one.term_units[at] : TermUnit{});
    }
  }
  out.terms = Columns::Zero(problem.quiet_ns.size(), columns);
  for (std::size_t c = 0; c < problem.classes.size(); ++c) {
    const KernelSamples& one = problem.classes[c];
    for (std::size_t row = 0; row < one.network.size(); ++row) {
      out.terms.row(one.network[row]).segment(out.first[c], one.terms.cols()) +=
          one.terms.row(static_cast<Eigen::Index>(row));
    }
  }
  return out;
}

struct Weighted {
  Eigen::VectorXd coefficients, weight;  // of the columns; of the rows, in (0, 1]
};

/// Huber-reweighted least squares of `relative` x ~ 1 over x >= 0, x around `expected` with these deviations.
Weighted robust_nnls(const Columns& relative, const Eigen::VectorXd& expected, const Eigen::VectorXd& deviation) {
  const Columns scaled = relative * deviation.asDiagonal() / kNoise;
  const Eigen::VectorXd start = expected.cwiseQuotient(deviation);
  Weighted out{expected, Eigen::VectorXd::Ones(relative.rows())};
  for (int round = 0; round < kReweightings; ++round) {
    Eigen::MatrixXd gram = scaled.transpose() * out.weight.asDiagonal() * scaled;
    gram.diagonal().array() += 1.0;
    const Eigen::VectorXd right = scaled.transpose() * out.weight / kNoise + start;
    out.coefficients = nnls(gram, right).cwiseProduct(deviation);
    const Eigen::VectorXd off = ((relative * out.coefficients).array() - 1.0).abs();
    const double bound = 1.5 * std::max(median(off), 1e-4);
    out.weight = (bound / off.array().max(bound)).matrix();
  }
  return out;
}

double unit_total(const Totals& totals, Eigen::Index row, TermUnit::Of unit) {
  double sum = 0;
  for (std::size_t t = 0; t < totals.units.size(); ++t) {
    if (totals.units[t].of == unit) sum += totals.units[t].factor * totals.terms(row, static_cast<Eigen::Index>(t));
  }
  return sum;
}

struct UnitCosts {
  double mac = 0, element = 0, call = 0, run = 0;
  [[nodiscard]] double of(const TermUnit& unit) const {
    switch (unit.of) {
      case TermUnit::Of::mac:
        return unit.factor * mac;
      case TermUnit::Of::element:
        return unit.factor * element;
      case TermUnit::Of::call:
        return unit.factor * call;
      case TermUnit::Of::unknown:
        break;
    }
    return 0.0;
  }
};

/// The networks' totals explained by units alone.
UnitCosts fit_units(const TotalsProblem& problem, const Totals& totals, const std::vector<Eigen::Index>& rows) {
  const Eigen::Index known = problem.known.cols();
  const auto n = static_cast<Eigen::Index>(rows.size());
  Columns relative(n, known + 4);
  for (Eigen::Index i = 0; i < n; ++i) {
    const Eigen::Index row = rows[static_cast<std::size_t>(i)];
    relative.row(i).head(known) = problem.known.row(row);
    relative(i, known) = unit_total(totals, row, TermUnit::Of::mac);
    relative(i, known + 1) = unit_total(totals, row, TermUnit::Of::element);
    relative(i, known + 2) = unit_total(totals, row, TermUnit::Of::call);
    relative(i, known + 3) = 1.0;
    relative.row(i) /= problem.quiet_ns[row];
  }
  const Eigen::VectorXd share = relative.colwise().mean().transpose().cwiseMax(1e-30);
  Eigen::VectorXd expected = Eigen::VectorXd::Zero(known + 4);
  expected.head(known) = problem.known_prior;
  const Eigen::VectorXd found = robust_nnls(relative, expected, share.cwiseInverse() * 3.0).coefficients;
  UnitCosts out{found[known], found[known + 1], found[known + 2], found[known + 3]};
  const double least = known > 0 ? 0.05 : 1.0;  // beside what is known, what is not listed is little
  out.mac = std::max(out.mac, share[known] > 1e-20 ? least * kLeastMacs / share[known] : 0.0);
  out.element = std::max(out.element, share[known + 1] > 1e-20 ? least * kLeastElements / share[known + 1] : 0.0);
  out.call = std::max(out.call, share[known + 2] > 1e-20 ? least * kLeastCalls / share[known + 2] : 0.0);
  return out;
}

/// How far weights may be from what is expected of them. `share`: what a unit of each takes of the mean network's time.
Eigen::VectorXd deviations(const Eigen::VectorXd& share, const Eigen::VectorXd& expected) {
  Eigen::VectorXd out(share.size());
  for (Eigen::Index i = 0; i < share.size(); ++i) {
    // What no network in use has stays where it is expected; as wide as the rest, it would be lost in rounding.
    const double least = share[i] > 0.0 ? kLeastShare / share[i] : 0.0;
    out[i] = std::max(kFreedom * std::max(expected[i], least), 1e-30);
  }
  return out;
}

/// Modules of one class that are alike, once each.
struct Alike {
  RowMatrix logs;                // log2(1 + feature)
  std::vector<Eigen::Index> of;  // per row of the class
};

Alike merge_alike(const KernelSamples& samples) {
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
  return out;
}

Eigen::MatrixXd similarity(const Eigen::MatrixXd& squared, double length) {
  return (squared.array() * (-0.5 / (length * length))).exp().matrix();
}

/// The Gaussian process of modules' relative rests, over all classes, each for itself.
class Bend {
 public:
  Bend(const TotalsProblem& problem, const std::vector<Eigen::VectorXd>& weights, const Eigen::VectorXd& straight_ns)
      : problem_(problem) {
    for (std::size_t c = 0; c < problem.classes.size(); ++c) {
      const KernelSamples& samples = problem.classes[c];
      alike_.push_back(merge_alike(samples));
      squared_.push_back(squared_distances(alike_.back().logs, alike_.back().logs));
      Eigen::MatrixXd share = Eigen::MatrixXd::Zero(straight_ns.size(), alike_.back().logs.rows());
      const Eigen::VectorXd cost = samples.terms * weights[c];
      for (std::size_t row = 0; row < samples.network.size(); ++row) {
        share(samples.network[row], alike_.back().of[row]) +=
            cost[static_cast<Eigen::Index>(row)] / straight_ns[samples.network[row]];
      }
      share_.push_back(std::move(share));
    }
  }

  /// Length, variance and noise by marginal likelihood. `rest`: truth / straight - 1; `weight`: of the networks in use.
  void fit(const std::vector<Eigen::Index>& rows, const Eigen::VectorXd& rest, const Eigen::VectorXd& weight) {
    rows_ = rows;
    double best = -std::numeric_limits<double>::infinity();
    for (const double length : {0.7, 1.0, 1.5, 2.5, 4.0}) {
      const Eigen::MatrixXd covariance = network_covariance(length);
      const Eigen::MatrixXd own = covariance(rows, rows);
      for (const double variance : {0.001, 0.003, 0.01, 0.03, 0.1}) {
        for (const double noise : {0.006, 0.01, 0.017, 0.03, 0.05}) {
          Eigen::MatrixXd noisy = variance * own;
          noisy.diagonal() += noise * noise * weight.cwiseInverse();
          const Eigen::LLT<Eigen::MatrixXd> factor(noisy);
          if (factor.info() != Eigen::Success) continue;
          const Eigen::VectorXd alpha = factor.solve(rest);
          const double log_determinant = 2.0 * factor.matrixLLT().diagonal().array().log().sum();
          const double likelihood = -0.5 * rest.dot(alpha) - 0.5 * log_determinant;
          if (likelihood <= best) continue;
          best = likelihood;
          length_ = length;
          pull_ = variance * alpha;
          rests_ = covariance(Eigen::all, rows) * pull_;
        }
      }
    }
  }

  /// Relative rest of every network.
  [[nodiscard]] const Eigen::VectorXd& rests() const { return rests_; }

  /// What a class's cost is multiplied with, as a form; empty where it hardly bends.
  [[nodiscard]] std::optional<FormSpec> form(std::size_t c) const {
    const RowMatrix scaled = alike_[c].logs / length_;
    const Eigen::MatrixXd kernel = similarity(squared_[c], length_);
    const Eigen::VectorXd module_rests = kernel * (share_[c](rows_, Eigen::all).transpose() * pull_);
    if (!(module_rests.cwiseAbs().maxCoeff() > kLeastBend)) return std::nullopt;
    const Eigen::VectorXd goal = (1.0 + module_rests.array()).max(0.1).log();
    const auto places = spread_rows(scaled, kCentres, 0);
    const RowMatrix centres = scaled(places, Eigen::all).cast<float>().cast<double>();
    const Eigen::MatrixXd cross = similarity(squared_distances(scaled, centres), 1.0);
    Eigen::MatrixXd gram = cross.transpose() * cross;
    gram.diagonal().array() += 1e-5 * gram.diagonal().mean() + 1e-9;
    const Eigen::VectorXd weights = gram.ldlt().solve(cross.transpose() * goal);
    return gp_form(GpKernel::squared_exponential, 0.0, Eigen::VectorXd::Constant(scaled.cols(), 1.0 / length_), centres,
                   weights);
  }

 private:
  [[nodiscard]] Eigen::MatrixXd network_covariance(double length) const {
    Eigen::MatrixXd out = Eigen::MatrixXd::Zero(problem_.quiet_ns.size(), problem_.quiet_ns.size());
    for (std::size_t c = 0; c < share_.size(); ++c) {
      out += share_[c] * similarity(squared_[c], length) * share_[c].transpose();
    }
    return out;
  }

  const TotalsProblem& problem_;
  std::vector<Alike> alike_;
  std::vector<Eigen::MatrixXd> squared_;  // per class, between modules
  std::vector<Eigen::MatrixXd> share_;    // per class: of each network's time, by module
  std::vector<Eigen::Index> rows_;
  double length_ = 1;
  Eigen::VectorXd pull_, rests_;
};

}  // namespace

std::vector<Eigen::Index> rows_in_use(const std::vector<char>& use) {
  std::vector<Eigen::Index> out;
  for (std::size_t i = 0; i < use.size(); ++i) {
    if (use[i] != 0) out.push_back(static_cast<Eigen::Index>(i));
  }
  return out;
}

TotalsFit fit_totals(const TotalsProblem& problem) {
  const Totals totals = add_up(problem);
  const std::vector<Eigen::Index> rows = rows_in_use(problem.use);
  const UnitCosts units = fit_units(problem, totals, rows);
  const Eigen::Index known = problem.known.cols(), terms = totals.terms.cols(), networks = totals.terms.rows();

  Columns all(networks, known + terms + 1);
  all << problem.known, totals.terms, Eigen::VectorXd::Ones(networks);
  const Columns relative = problem.quiet_ns(rows).cwiseInverse().asDiagonal() * all(rows, Eigen::all);
  Eigen::VectorXd expected(all.cols());
  expected.head(known) = problem.known_prior;
  for (Eigen::Index t = 0; t < terms; ++t) expected[known + t] = units.of(totals.units[static_cast<std::size_t>(t)]);
  expected[known + terms] = units.run;
  const Eigen::VectorXd share = relative.colwise().mean();
  const Weighted found = robust_nnls(relative, expected, deviations(share, expected));

  TotalsFit out;
  out.known = found.coefficients.head(known);
  out.run_ns = found.coefficients[known + terms];
  for (std::size_t c = 0; c < problem.classes.size(); ++c) {
    out.weights.emplace_back(found.coefficients.segment(known + totals.first[c], problem.classes[c].terms.cols()));
    out.forms.push_back(linear_terms_form(out.weights.back()));
  }
  out.forecast_ns = (all * found.coefficients).cwiseMax(1.0);
  if (!problem.bend) return out;

  Bend bend(problem, out.weights, out.forecast_ns);
  const Eigen::VectorXd rest = (problem.quiet_ns(rows).array() / out.forecast_ns(rows).array() - 1.0).matrix();
  bend.fit(rows, rest, found.weight);
  for (std::size_t c = 0; c < problem.classes.size(); ++c) {
    if (auto factor = bend.form(c)) out.forms[c] = product_form(std::move(out.forms[c]), std::move(*factor), -1.5, 1.5);
  }
  out.forecast_ns = out.forecast_ns.cwiseProduct((1.0 + bend.rests().array()).max(0.1).matrix());
  return out;
}

}  // namespace latcast::learn
