// Least squares: NNLS against its optimality conditions, the physical base against known laws.
#include <gtest/gtest.h>

#include <random>

#include "learn/math/nnls.h"
#include "learn/math/robust.h"
#include "learn/models/physical_base.h"

namespace latcast::learn {
namespace {

Eigen::MatrixXd random_matrix(Eigen::Index rows, Eigen::Index cols, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  std::normal_distribution<double> normal;
  return Eigen::MatrixXd::NullaryExpr(rows, cols, [&] { return normal(random); });
}

TEST(Nnls, MeetsTheOptimalityConditions) {
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    const Eigen::MatrixXd a = random_matrix(30, 8, seed);
    const Eigen::VectorXd b = random_matrix(30, 1, seed + 1000);
    const Eigen::MatrixXd gram = a.transpose() * a;
    const Eigen::VectorXd right = a.transpose() * b, x = nnls(gram, right), slope = right - gram * x;
    for (Eigen::Index i = 0; i < 8; ++i) {
      EXPECT_GE(x[i], 0);
      EXPECT_LE(slope[i], 1e-8);
      EXPECT_NEAR(x[i] * slope[i], 0, 1e-8);
    }
  }
}

TEST(Nnls, FindsANonNegativeTruthExactly) {
  const Eigen::MatrixXd a = random_matrix(40, 5, 1);
  const Eigen::VectorXd truth = (Eigen::VectorXd(5) << 1, 0, 2, 0, 3).finished();
  EXPECT_TRUE(nnls(a.transpose() * a, a.transpose() * (a * truth)).isApprox(truth, 1e-9));
}

Rows law_rows(int count, double outliers, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  std::uniform_real_distribution<double> unit(0, 1);
  Rows rows;
  rows.terms.resize(count, 4);
  rows.latency_ns.resize(count);
  rows.weight = Eigen::VectorXd::Ones(count);
  for (Eigen::Index i = 0; i < count; ++i) {
    const double macs = std::exp2(8 + 16 * unit(random)), bytes = std::exp2(6 + 12 * unit(random));
    rows.terms.row(i) << macs, 2 * macs, bytes, 1.0;  // collinear on purpose
    rows.latency_ns[i] = (0.05 * macs + 0.2 * bytes + 3000) * (unit(random) < outliers ? 8.0 : 1.0);
  }
  return rows;
}

TEST(PhysicalBase, RecoversAKnownLawInSpiteOfCollinearTerms) {
  const Rows rows = law_rows(300, 0, 1);
  const Eigen::VectorXd ratio = fit_base(rows).predict_ns(rows.terms).cwiseQuotient(rows.latency_ns);
  EXPECT_LT((ratio.array() - 1).abs().maxCoeff(), 0.01);
}

TEST(PhysicalBase, OutliersDoNotBendIt) {
  const Rows clean = law_rows(300, 0, 2), dirty = law_rows(300, 0.08, 2);
  const Eigen::VectorXd ratio = fit_base(dirty).predict_ns(clean.terms).cwiseQuotient(clean.latency_ns);
  EXPECT_LT(median((ratio.array() - 1).abs()), 0.03);
}

TEST(PhysicalBase, APriorDecidesWhereSamplesAreFew) {
  Rows rows = law_rows(2, 0, 3);
  const BasePrior prior{(Eigen::VectorXd(4) << 0.05, 0, 0.2, 3000).finished(), 6};
  const PhysicalBase with = fit_base(rows, prior);
  const Rows others = law_rows(200, 0, 4);
  const Eigen::VectorXd ratio = with.predict_ns(others.terms).cwiseQuotient(others.latency_ns);
  EXPECT_LT(median((ratio.array() - 1).abs()), 0.05);
}

TEST(PhysicalBase, WithoutTermsItIsTheMedian) {
  Rows rows = law_rows(5, 0, 3);
  rows.terms.resize(5, 0);
  rows.latency_ns << 10, 20, 30, 40, 1000;
  EXPECT_NEAR(fit_base(rows).predict_ns(rows.terms)[0], 30, 1e-9);
}

TEST(Robust, QuantilesAndScalesIgnoreOneWildValue) {
  const Eigen::VectorXd values = (Eigen::VectorXd(5) << 1, 2, 3, 4, 1e9).finished();
  EXPECT_EQ(median(values), 3);
  EXPECT_NEAR(robust_scale(values, 3), 1.4826, 1e-9);
  EXPECT_EQ(weighted_quantile(values, (Eigen::VectorXd(5) << 9, 1, 1, 1, 1).finished(), 0.5), 1);
}

}  // namespace
}  // namespace latcast::learn
