// Posterior mean of a Gaussian process (Rasmussen & Williams 2006, eq. 2.25; Matern: eq. 4.17).
// ints = [kernel: 0 squared exponential, 1 Matern 5/2; centres n]; doubles = [mean, 1 / length scale per feature,
// weight per centre (signal variance included)]; floats = [centre coordinates divided by the length scales, n x d].
#include <algorithm>
#include <array>
#include <cmath>

#include "core/forms/forms.h"
#include "core/limits.h"

namespace latcast::forms {

Result<void> check_gaussian_process(const FormNodeView& node, FormShape shape) {
  if (shape.features > kMaxFeatures) return bad_form("a Gaussian process has too many features");
  if (node.ints.size() != 2 || node.ints[0] < 0 || node.ints[0] > 1 || node.ints[1] < 0) {
    return bad_form("a Gaussian process lacks its head");
  }
  const auto centres = static_cast<std::size_t>(node.ints[1]);
  if (node.doubles.size() != 1 + shape.features + centres || node.floats.size() != centres * shape.features) {
    return bad_form("a Gaussian process has sizes that do not match");
  }
  for (const double scale : node.doubles.subspan(1, shape.features)) {
    if (!(std::abs(scale) <= 1e12)) return bad_form("a Gaussian process has a length scale of nothing");
  }
  return {};
}

namespace {

/// In single precision a kernel is off by 1e-7 or so, at random; and the sum, by that times the root of the sum of its
/// weights' squares. Where that is more than this it is added up in double precision.
constexpr double kMostRounding = 2e-6;
constexpr double kRounding = 1e-7;

bool single_will_do(std::span<const double> weights) {
  double squares = 0.0;
  for (const double weight : weights) squares += weight * weight;
  return std::sqrt(squares) * kRounding < kMostRounding;
}

/// Where an unprepared node has its arrays.
struct Layout {
  std::size_t centres, features;
  std::span<const double> weights;
};

Layout layout(const FormNodeView& node) {
  const auto centres = static_cast<std::size_t>(node.ints[1]);
  const std::size_t features = node.doubles.size() - 1 - centres;
  return {centres, features, node.doubles.subspan(1 + features)};
}

/// Where the centres lie, as a point in their middle: what is small is rounded less.
std::vector<double> middle_of(const float* points, std::size_t count, std::size_t dimensions) {
  std::vector<double> out(dimensions);
  for (std::size_t j = 0; j < dimensions; ++j) {
    for (std::size_t i = 0; i < count; ++i) out[j] += static_cast<double>(points[i * dimensions + j]);
    out[j] /= static_cast<double>(std::max<std::size_t>(count, 1));
  }
  return out;
}

}  // namespace

/// Numbers: weights, with zeros up to a whole tile; then the centres in tiles or, where these are among the floats, the
/// point that they are told from.
void prepare_gaussian_process(PreparedNode& node, FormShape shape) {
  const Layout at = layout(node.view);
  const std::size_t padded = simd::padded(at.centres, simd::kTile);
  node.features = all_features(shape);
  node.numbers.assign(at.weights.begin(), at.weights.end());
  node.numbers.resize(padded);
  const float* points = node.view.floats.data();
  if (!single_will_do(at.weights)) {
    const std::vector<double> tiles = tiled(points, at.centres, at.features);
    node.numbers.insert(node.numbers.end(), tiles.begin(), tiles.end());
    return;
  }
  const std::vector<double> middle = middle_of(points, at.centres, at.features);
  node.numbers.insert(node.numbers.end(), middle.begin(), middle.end());
  node.floats.resize(padded * at.features);
  for (std::size_t i = 0; i < at.centres; ++i, points += at.features) {
    float* tile = node.floats.data() + i / simd::kTile * simd::kTile * at.features + i % simd::kTile;
    for (std::size_t j = 0; j < at.features; ++j) {
      tile[j * simd::kTile] = static_cast<float>(static_cast<double>(points[j]) - middle[j]);
    }
  }
}

double evaluate_gaussian_process(const PreparedNode& node, const FormInput& input, std::span<const double>) noexcept {
  const std::size_t d = input.features.size();
  const double* doubles = node.view.doubles.data();
  const bool squared = node.view.ints[0] == 0;
  const simd::Functions& f = simd::functions();
  const std::size_t padded = simd::padded(static_cast<std::size_t>(node.view.ints[1]), simd::kTile);
  const double* rest = node.numbers.data() + padded;
  if (node.floats.empty()) {
    std::array<double, kMaxFeatures> point;
    for (std::size_t j = 0; j < d; ++j) point[j] = input.features[j] * doubles[1 + j];
    const simd::Points centres{rest, padded / simd::kTile, d};
    return doubles[0] + (squared ? f.squared_exponential : f.matern52)(centres, node.numbers.data(), point.data());
  }
  std::array<float, kMaxFeatures> point;
  for (std::size_t j = 0; j < d; ++j) point[j] = static_cast<float>(input.features[j] * doubles[1 + j] - rest[j]);
  const simd::Points32 centres{node.floats.data(), padded / simd::kTile, d};
  const auto sum = squared ? f.squared_exponential_single : f.matern52_single;
  return doubles[0] + sum(centres, node.numbers.data(), point.data());
}

double cost_gaussian_process(const FormNodeView& node) {
  const double centres = node.ints[1], numbers = static_cast<double>(node.floats.size());
  const bool squared = node.ints[0] == 0;
  if (!single_will_do(layout(node).weights)) return 50.0 + (squared ? 1.55 : 2.25) * centres + 0.14 * numbers;
  return 45.0 + (squared ? 0.42 : 0.72) * centres + 0.05 * numbers;
}

}  // namespace latcast::forms
