#include "learn/models/gaussian_process.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "learn/math/minimize.h"

namespace latcast::learn {
namespace {

struct Problem {
  RowMatrix x;
  Eigen::VectorXd y, weight;
};

Problem wave(int count, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  std::uniform_real_distribution<double> unit(0, 1);
  std::normal_distribution<double> normal;
  Problem out{RowMatrix(count, 3), Eigen::VectorXd(count), Eigen::VectorXd(count)};
  for (Eigen::Index i = 0; i < count; ++i) {
    out.x.row(i) << 8 * unit(random), 4 * unit(random), unit(random);
    out.weight[i] = 0.5 + unit(random);
    out.y[i] = std::sin(out.x(i, 0)) + 0.3 * out.x(i, 1) + 0.02 * normal(random);
  }
  return out;
}

TEST(GaussianProcess, GradientAgreesWithDifferences) {
  const Problem p = wave(25, 1);
  for (const GpKernel kernel : {GpKernel::squared_exponential, GpKernel::matern52}) {
    const GpParameters at{(Eigen::VectorXd(5) << 0.3, 0.8, 1.2, -0.2, -2.0).finished()};
    Eigen::VectorXd gradient, ignored;
    EXPECT_TRUE(std::isfinite(gp_objective(kernel, p.x, p.y, p.weight, at, gradient)));
    for (Eigen::Index i = 0; i < 5; ++i) {
      GpParameters up = at, down = at;
      up.log_values[i] += 1e-5;
      down.log_values[i] -= 1e-5;
      const double difference = gp_objective(kernel, p.x, p.y, p.weight, up, ignored) -
                                gp_objective(kernel, p.x, p.y, p.weight, down, ignored);
      EXPECT_NEAR(gradient[i], difference / 2e-5, 1e-4 * (1 + std::abs(gradient[i]))) << i;
    }
  }
}

TEST(GaussianProcess, LearnsASmoothFunctionAndForgetsIrrelevantFeatures) {
  const Problem train = wave(300, 2), test = wave(100, 3);
  for (const GpKernel kernel : {GpKernel::squared_exponential, GpKernel::matern52}) {
    const auto model = fit_gp_with({train.x, train.y, train.weight, {}, 1, Effort::final}, {.kernel = kernel});
    ASSERT_TRUE(model);
    EXPECT_LT(((*model)->predict(test.x) - test.y).cwiseAbs().mean(), 0.03);
  }
}

TEST(GaussianProcess, SurvivesDuplicatesAndConstantFeatures) {
  Problem p = wave(60, 4);
  p.x.bottomRows(30) = p.x.topRows(30);
  p.x.col(2).setConstant(7);
  const auto model = fit_gp_with({p.x, p.y, p.weight, {}, 1, Effort::final}, {});
  ASSERT_TRUE(model);
  EXPECT_TRUE((*model)->predict(p.x).allFinite());
}

TEST(GaussianProcess, SpreadRowsSkipsDuplicates) {
  RowMatrix x(5, 1);
  x << 0, 0, 1, 10, 10;
  EXPECT_EQ(spread_rows(x, 5, 0), (std::vector<Eigen::Index>{0, 3, 2}));
}

TEST(Minimize, FindsTheValleyOfRosenbrock) {
  const Smooth valley = [](const Eigen::VectorXd& x, Eigen::VectorXd& g) {
    const double a = 1 - x[0], b = x[1] - x[0] * x[0];
    g << -2 * a - 400 * x[0] * b, 200 * b;
    return a * a + 100 * b * b;
  };
  const Eigen::Vector2d low(-3, -3), high(3, 3), start(-1, 1);
  EXPECT_TRUE(minimize(valley, start, low, high, 300).isApprox(Eigen::Vector2d(1, 1), 0.05));
}

}  // namespace
}  // namespace latcast::learn
