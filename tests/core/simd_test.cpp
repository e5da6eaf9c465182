// The vectorised functions against the standard library, and the same bits on every kind of CPU.
#include "core/simd/simd.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>
#include <vector>

#include "core/kernel_forecast.h"

namespace latcast::simd {
namespace {

std::vector<double> drawn(std::size_t count, double low, double high) {
  std::mt19937_64 random(3);
  std::uniform_real_distribution<double> between(low, high);
  std::vector<double> out(count);
  for (double& x : out) x = between(random);
  return out;
}

TEST(Simd, LogarithmsAreRight) {
  std::vector<double> raw = {0, 1, 3, 7, 1e-9, 1e300, std::numeric_limits<double>::max(), -5};
  for (const double exponent : drawn(10000, -20, 60)) raw.push_back(std::exp2(exponent));
  std::vector<double> logs(raw.size());
  functions().log_features(raw.data(), logs.data(), raw.size());
  for (std::size_t i = 0; i < raw.size(); ++i) {
    const double expected = std::log2(1.0 + std::max(raw[i], 0.0));
    EXPECT_NEAR(logs[i], expected, 1e-14 * std::max(expected, 1e-9)) << raw[i];
    EXPECT_EQ(log_feature(raw[i]), logs[i]);
  }
  EXPECT_EQ(log_feature(7), 3);
}

TEST(Simd, ExponentialsAreRight) {
  std::vector<double> numbers = {0, 1, -1, 708};
  for (const double x : drawn(10000, -700, 700)) numbers.push_back(x);
  std::vector<double> out = numbers;
  functions().exponentials(out.data(), out.size());
  for (std::size_t i = 0; i < out.size(); ++i) EXPECT_NEAR(out[i] / std::exp(numbers[i]), 1, 1e-13) << numbers[i];
  EXPECT_EQ(out[0], 1);
  std::vector<double> far = {-1e9, 1e9, -2000, 2000};
  functions().exponentials(far.data(), 4);
  EXPECT_LT(far[0], 1e-300);
  EXPECT_TRUE(std::isfinite(far[1]));
}

TEST(Simd, SinglePrecisionIsCloseToDouble) {
  const std::vector<double> numbers = drawn(480, 0, 8), weights = drawn(48, -1, 1), point = drawn(10, 0, 8);
  const std::vector<float> numbers32(numbers.begin(), numbers.end()), point32(point.begin(), point.end());
  const Functions& f = functions();
  const Points points{numbers.data(), 6, 10};
  const Points32 points32{numbers32.data(), 6, 10};
  EXPECT_NEAR(f.matern52_single(points32, weights.data(), point32.data()),
              f.matern52(points, weights.data(), point.data()), 1e-6);
  EXPECT_NEAR(f.squared_exponential_single(points32, weights.data(), point32.data()),
              f.squared_exponential(points, weights.data(), point.data()), 1e-6);
  std::vector<float> x;
  for (const double value : drawn(1000, -100, 100)) x.push_back(static_cast<float>(value));
  std::vector<float> out = x;
  f.silu(out.data(), out.size());
  for (std::size_t i = 0; i < x.size(); ++i) {
    const double expected = double(x[i]) / (1 + std::exp(-double(x[i])));
    EXPECT_NEAR(double(out[i]), expected, 1e-6 * std::max(1.0, std::abs(expected))) << x[i];
  }
  std::vector<float> rounded(480);
  f.rounded(numbers.data(), rounded.data(), 480);
  EXPECT_EQ(rounded, numbers32);
}

TEST(Simd, SinglePrecisionIsNearlyTheSameOnEveryCpu) {
  const Functions& best = functions();
  const std::vector<double> numbers = drawn(480, 0, 8), weights = drawn(48, -1, 1), point = drawn(10, 0, 8);
  const std::vector<float> numbers32(numbers.begin(), numbers.end()), point32(point.begin(), point.end());
  const Points32 points{numbers32.data(), 6, 10};
  EXPECT_NEAR(best.matern52_single(points, weights.data(), point32.data()),
              kPlain.matern52_single(points, weights.data(), point32.data()), 1e-6);
  EXPECT_NEAR(best.squared_exponential_single(points, weights.data(), point32.data()),
              kPlain.squared_exponential_single(points, weights.data(), point32.data()), 1e-6);
  EXPECT_EQ(best.dot_single(numbers32.data(), numbers32.data() + 240, 240),  // nothing is fused there
            kPlain.dot_single(numbers32.data(), numbers32.data() + 240, 240));
  for (const std::size_t outputs : {8U, 16U, 24U, 32U, 40U, 48U}) {
    std::vector<float> one(outputs), other(outputs);
    best.layer_single(numbers32.data(), numbers32.data() + 400, point32.data(), 8, outputs, one.data());
    kPlain.layer_single(numbers32.data(), numbers32.data() + 400, point32.data(), 8, outputs, other.data());
    for (std::size_t i = 0; i < outputs; ++i) EXPECT_NEAR(one[i], other[i], 1e-4);
    best.silu(one.data(), outputs);
    kPlain.silu(other.data(), outputs);
    for (std::size_t i = 0; i < outputs; ++i) EXPECT_NEAR(one[i], other[i], 1e-4);
  }
}

TEST(Simd, FindsWhatIsNotFinite) {
  for (std::size_t size = 1; size < 20; ++size) {
    std::vector<double> numbers = drawn(size, -1e300, 1e300);
    std::vector<float> floats(size, 3e38F);
    EXPECT_TRUE(functions().all_finite(numbers.data(), size));
    EXPECT_TRUE(functions().all_finite32(floats.data(), size));
    for (const double bad : {std::nan(""), std::numeric_limits<double>::infinity()}) {
      numbers[size / 2] = bad;
      floats[size / 2] = static_cast<float>(bad);
      EXPECT_FALSE(functions().all_finite(numbers.data(), size));
      EXPECT_FALSE(functions().all_finite32(floats.data(), size));
    }
  }
}

TEST(Simd, EveryCpuGetsTheSameBits) {
  const Functions& best = functions();
  const std::vector<double> numbers = drawn(480, 0, 8), weights = drawn(48, -1, 1), point = drawn(10, 0, 8);
  std::vector<double> a(480), b(480);
  best.log_features(numbers.data(), a.data(), 480);
  kPlain.log_features(numbers.data(), b.data(), 480);
  EXPECT_EQ(a, b);
  best.exponentials(a.data(), 480);
  kPlain.exponentials(b.data(), 480);
  EXPECT_EQ(a, b);
  const Points points{numbers.data(), 6, 10};
  EXPECT_EQ(best.matern52(points, weights.data(), point.data()), kPlain.matern52(points, weights.data(), point.data()));
  EXPECT_EQ(best.squared_exponential(points, weights.data(), point.data()),
            kPlain.squared_exponential(points, weights.data(), point.data()));
  EXPECT_EQ(best.dot(numbers.data(), a.data(), 480), kPlain.dot(numbers.data(), a.data(), 480));
  best.layer(numbers.data(), weights.data(), point.data(), 10, 40, a.data());
  kPlain.layer(numbers.data(), weights.data(), point.data(), 10, 40, b.data());
  EXPECT_EQ(a, b);
}

TEST(Simd, ColumnsAreTheSameOnEveryCpuAndAsRows) {
  constexpr std::size_t kFeatures = 11;
  const Functions& best = functions();
  for (const std::size_t rows : {4U, 8U, 12U, 24U, 28U}) {
    const std::vector<double> numbers = drawn(rows * kFeatures, -2, 40), weights = drawn(32, -1, 1);
    std::vector<const double*> from;
    for (std::size_t row = 0; row < rows; ++row) from.push_back(numbers.data() + row * kFeatures);
    std::vector<double> columns(numbers.size()), plain = columns, logs = columns;
    best.to_columns(from.data(), kFeatures, rows, columns.data());
    kPlain.to_columns(from.data(), kFeatures, rows, plain.data());
    EXPECT_EQ(columns, plain);
    EXPECT_EQ(columns[3 * rows + 2], numbers[2 * kFeatures + 3]);
    EXPECT_EQ(columns[10 * rows + 3], numbers[3 * kFeatures + 10]);
    std::vector<float> logs32(numbers.size()), plain32 = logs32;
    best.log_rows(columns.data(), 0.5, 4, numbers.size(), logs.data(), logs32.data());
    kPlain.log_rows(columns.data(), 0.5, 4, numbers.size(), plain.data(), plain32.data());
    EXPECT_EQ(logs, plain);
    EXPECT_EQ(logs32, plain32);
    EXPECT_EQ(logs[5], std::clamp(log_feature(columns[5]), 0.5, 4.0));
    std::vector<std::int64_t> marks(rows), plain_marks(rows);
    best.mark_outside(columns.data(), 5, 20, rows, marks.data());
    kPlain.mark_outside(columns.data(), 5, 20, rows, plain_marks.data());
    EXPECT_EQ(marks, plain_marks);
    EXPECT_EQ(marks[1], columns[1] < 5 || columns[1] > 20 ? -1 : 0);
    std::vector<double> sums(rows, 0.5), plain_sums = sums;
    best.add_scaled(columns.data(), 0.3, rows, sums.data());
    kPlain.add_scaled(columns.data(), 0.3, rows, plain_sums.data());
    EXPECT_EQ(sums, plain_sums);
    for (const double* squares : {static_cast<const double*>(nullptr), weights.data() + 16}) {
      best.dot_rows(weights.data(), squares, columns.data(), kFeatures, rows, sums.data());
      kPlain.dot_rows(weights.data(), squares, columns.data(), kFeatures, rows, plain_sums.data());
      EXPECT_EQ(sums, plain_sums);
    }
    EXPECT_EQ(best.exponential(numbers[0]), kPlain.exponential(numbers[0]));
  }
}

TEST(Simd, TreesOfManyRowsAreTheSameOnEveryCpuAndAsRows) {
  constexpr std::size_t kFeatures = 5, kTrees = 16, kRows = 28;
  const std::vector<double> drawn_columns = drawn(kRows * kFeatures, 0, 8);
  const std::vector<float> columns(drawn_columns.begin(), drawn_columns.end());
  for (std::uint32_t depth = 0; depth <= kMaxTreeDepth; ++depth) {
    const std::size_t size = kTrees << depth;
    const std::vector<double> numbers = drawn(2 * size, 0, 8);
    const std::vector<float> floats(numbers.begin(), numbers.end());
    std::vector<std::uint8_t> tested;
    for (std::size_t i = 0; i < size; ++i) tested.push_back(static_cast<std::uint8_t>(i * 7 % kFeatures));
    const CompleteTrees trees{tested.data(), floats.data(), floats.data() + size, kTrees / kTile, depth};
    std::vector<double> sums(kRows, 0.1), plain = sums;
    functions().trees_rows(trees, columns.data(), kRows, sums.data());
    kPlain.trees_rows(trees, columns.data(), kRows, plain.data());
    EXPECT_EQ(sums, plain);
    for (std::size_t row = 0; row < kRows; ++row) {
      std::vector<float> one;
      for (std::size_t j = 0; j < kFeatures; ++j) one.push_back(columns[j * kRows + row]);
      EXPECT_EQ(sums[row], functions().trees(trees, one.data(), 0.1)) << depth << " " << row;
    }
  }
}

}  // namespace
}  // namespace latcast::simd
