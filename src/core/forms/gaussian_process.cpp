// Posterior mean of a Gaussian process (Rasmussen & Williams 2006, eq. 2.25; Matern: eq. 4.17).
// ints = [kernel: 0 squared exponential, 1 Matern 5/2; centres n]; doubles = [mean, 1 / length scale per feature,
// weight per centre (signal variance included)]; floats = [centre coordinates divided by the length scales, n x d].
#include <array>

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
  return {};
}

/// Numbers: the centres in tiles, then their weights, with zeros up to a whole tile.
void prepare_gaussian_process(PreparedNode& node, FormShape shape) {
  const auto centres = static_cast<std::size_t>(node.view.ints[1]);
  node.features = all_features(shape);
  node.numbers = tiled(node.view.floats.data(), centres, shape.features);
  const std::span<const double> weights = node.view.doubles.subspan(1 + shape.features);
  node.numbers.insert(node.numbers.end(), weights.begin(), weights.end());
  node.numbers.resize(simd::padded(centres, simd::kTile) * (shape.features + 1));
}

double evaluate_gaussian_process(const PreparedNode& node, const FormInput& input, std::span<const double>) noexcept {
  std::array<double, kMaxFeatures> scaled;
  const std::size_t d = input.features.size();
  const double* numbers = node.view.doubles.data();
  for (std::size_t j = 0; j < d; ++j) scaled[j] = input.features[j] * numbers[1 + j];
  const std::size_t padded = simd::padded(static_cast<std::size_t>(node.view.ints[1]), simd::kTile);
  const simd::Points centres{node.numbers.data(), padded / simd::kTile, d};
  const simd::Functions& f = simd::functions();
  const auto sum = node.view.ints[0] == 0 ? f.squared_exponential : f.matern52;
  return numbers[0] + sum(centres, node.numbers.data() + padded * d, scaled.data());
}

double cost_gaussian_process(const FormNodeView& node) {
  const double centres = node.ints[1], numbers = static_cast<double>(node.floats.size());
  return 50.0 + (node.ints[0] == 0 ? 1.55 : 2.25) * centres + 0.125 * numbers;
}

}  // namespace latcast::forms
