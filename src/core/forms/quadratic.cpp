// Degree-2 polynomial of shifted log features z = x - shift: doubles = [intercept, shift per feature d, linear weight
// per feature d, then for each i the weights of z_i z_j for j = i..d-1].
#include <algorithm>
#include <array>

#include "core/forms/forms.h"
#include "core/limits.h"

namespace latcast::forms {

Result<void> check_quadratic(const FormNodeView& node, FormShape shape) {
  const std::size_t d = shape.features;
  if (d > kMaxFeatures || node.doubles.size() != 1 + 2 * d + d * (d + 1) / 2) {
    return bad_form("a quadratic form has another number of weights than its features need");
  }
  return {};
}

/// The triangle of weights as columns of slopes: one per feature, with zeros where there is no weight.
void prepare_quadratic(PreparedNode& node, FormShape shape) {
  const std::size_t d = shape.features, height = simd::padded(d, simd::kTile);
  node.features = all_features(shape);
  node.numbers.assign((d + 1) * height, 0.0);
  const double* linear = node.view.doubles.data() + 1 + d;
  const double* pairs = linear + d;
  std::copy_n(linear, d, node.numbers.data());
  for (std::size_t i = 0; i < d; ++i) {
    for (std::size_t j = i; j < d; ++j) node.numbers[(1 + j) * height + i] = *pairs++;
  }
}

double evaluate_quadratic(const PreparedNode& node, const FormInput& input, std::span<const double>) noexcept {
  const std::size_t d = input.features.size(), height = simd::padded(d, simd::kTile);
  std::array<double, kMaxFeatures> z = {}, slopes;
  for (std::size_t j = 0; j < d; ++j) z[j] = input.features[j] - node.view.doubles[1 + j];
  simd::functions().layer(node.numbers.data() + height, node.numbers.data(), z.data(), d, height, slopes.data());
  double sum = node.view.doubles[0];
  for (std::size_t i = 0; i < d; ++i) sum += slopes[i] * z[i];
  return sum;
}

double cost_quadratic(const FormNodeView& node) {
  const double weights = static_cast<double>(node.doubles.size());
  return 40.0 + 0.19 * weights;
}

}  // namespace latcast::forms
