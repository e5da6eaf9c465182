#include "learn/data/total_costs.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "learn/math/nnls.h"
#include "learn/math/robust.h"

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
  double mac = 0, element = 0, call = 0, proxy = 0, run = 0;
  [[nodiscard]] double of(const TermUnit& unit) const {
    switch (unit.of) {
      case TermUnit::Of::mac:
        return unit.factor * mac;
      case TermUnit::Of::element:
        return unit.factor * element;
      case TermUnit::Of::call:
        return unit.factor * call;
      case TermUnit::Of::proxy:
        return unit.factor * proxy;
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
  using Of = TermUnit::Of;
  constexpr std::array kUnits = {Of::mac, Of::element, Of::call, Of::proxy};
  const auto units = static_cast<Eigen::Index>(kUnits.size());
  Columns relative(n, known + units + 1);
  for (Eigen::Index i = 0; i < n; ++i) {
    const Eigen::Index row = rows[static_cast<std::size_t>(i)];
    if (known > 0) relative.row(i).head(known) = problem.known.row(row);
    for (Eigen::Index u = 0; u < units; ++u) {
      relative(i, known + u) = unit_total(totals, row, kUnits[static_cast<std::size_t>(u)]);
    }
    relative(i, known + units) = 1.0;
    relative.row(i) /= problem.quiet_ns[row];
  }
  const Eigen::VectorXd share = relative.colwise().mean().transpose().cwiseMax(1e-30);
  Eigen::VectorXd expected = Eigen::VectorXd::Zero(relative.cols());
  expected.head(known) = problem.known_prior;
  const Eigen::VectorXd found = robust_nnls(relative, expected, share.cwiseInverse() * 3.0).coefficients;
  const bool proxy = share[known + 3] > 1e-20;
  const double least = known > 0 || proxy ? 0.05 : 1.0;  // beside what is known, the rest is little
  const auto cost = [&](Eigen::Index u, double least_share) {
    return std::max(found[known + u], share[known + u] > 1e-20 ? least * least_share / share[known + u] : 0.0);
  };
  return {.mac = cost(0, kLeastMacs),
          .element = cost(1, kLeastElements),
          .call = cost(2, kLeastCalls),
          .proxy = found[known + 3],
          .run = found[known + units]};
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

}  // namespace

std::vector<Eigen::Index> rows_in_use(const std::vector<char>& use) {
  std::vector<Eigen::Index> out;
  for (std::size_t i = 0; i < use.size(); ++i) {
    if (use[i] != 0) out.push_back(static_cast<Eigen::Index>(i));
  }
  return out;
}

TotalCosts total_costs(const TotalsProblem& problem) {
  const Totals totals = add_up(problem);
  const std::vector<Eigen::Index> rows = rows_in_use(problem.use);
  const UnitCosts units = fit_units(problem, totals, rows);
  const Eigen::Index known = problem.known.cols(), terms = totals.terms.cols(), networks = totals.terms.rows();

  Columns all(networks, known + terms + 1);
  if (known > 0) all.leftCols(known) = problem.known;
  all.middleCols(known, terms) = totals.terms;
  all.rightCols(1).setOnes();
  const Columns relative = problem.quiet_ns(rows).cwiseInverse().asDiagonal() * all(rows, Eigen::all);
  Eigen::VectorXd expected(all.cols());
  expected.head(known) = problem.known_prior;
  for (Eigen::Index t = 0; t < terms; ++t) expected[known + t] = units.of(totals.units[static_cast<std::size_t>(t)]);
  for (std::size_t c = 0; c < problem.expected.size(); ++c)
    expected.segment(known + totals.first[c], problem.expected[c].size()) = problem.expected[c];
  expected[known + terms] = units.run;
  const Eigen::VectorXd share = relative.colwise().mean();
  const Eigen::VectorXd deviation = deviations(share, expected);
  Weighted found = robust_nnls(relative, expected, deviation);

  TotalCosts out;
  out.known = found.coefficients.head(known);
  out.run_ns = found.coefficients[known + terms];
  for (std::size_t c = 0; c < problem.classes.size(); ++c)
    out.weights.emplace_back(found.coefficients.segment(known + totals.first[c], problem.classes[c].terms.cols()));
  out.forecast_ns = (all * found.coefficients).cwiseMax(1.0);
  out.unbent = Eigen::VectorXd::Ones(relative.rows()) - relative * expected;
  out.slack = relative * deviation.asDiagonal();
  out.weight = std::move(found.weight);
  return out;
}

}  // namespace latcast::learn
