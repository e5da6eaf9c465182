// Linear forms.
// Over terms: doubles = [weight per term]; the value is ns, at least 1, so that it may be multiplied and logged.
// Over log features: doubles = [intercept, weight per feature] or [intercept, weight per feature, weight per square].
#include <algorithm>
#include <array>

#include "core/forms/forms.h"
#include "core/limits.h"

namespace latcast::forms {

Result<void> check_linear_terms(const FormNodeView& node, FormShape shape) {
  if (node.doubles.size() != shape.terms) return bad_form("a linear form has another number of weights than terms");
  return {};
}

/// Most weights are zero: only the other terms are computed at all.
void prepare_linear_terms(PreparedNode& node, FormShape) {
  for (std::size_t i = 0; i < node.view.doubles.size(); ++i) {
    if (node.view.doubles[i] == 0.0) continue;
    node.used.push_back(static_cast<std::uint32_t>(i));
    node.numbers.push_back(node.view.doubles[i]);
    node.terms |= 1U << i;
  }
}

double evaluate_linear_terms(const PreparedNode& node, const FormInput& input, std::span<const double>) noexcept {
  double sum = 0.0;
  for (std::size_t i = 0; i < node.used.size(); ++i) sum += node.numbers[i] * input.terms[node.used[i]];
  return std::max(sum, 1.0);
}

void evaluate_rows_linear_terms(const PreparedNode& node, const FormRows& input, const double*, double* out) noexcept {
  std::fill_n(out, input.rows, 0.0);
  for (std::size_t i = 0; i < node.used.size(); ++i) {
    simd::functions().add_scaled(input.terms + node.used[i] * input.rows, node.numbers[i], input.rows, out);
  }
  for (std::size_t row = 0; row < input.rows; ++row) out[row] = std::max(out[row], 1.0);
}

double cost_linear_terms(const FormNodeView& node) {
  return 7.0 + 0.5 * static_cast<double>(node.doubles.size() - std::ranges::count(node.doubles, 0.0));
}

Result<void> check_linear_features(const FormNodeView& node, FormShape shape) {
  const std::size_t size = node.doubles.size();
  if (shape.features > kMaxFeatures) return bad_form("a linear form has too many features");
  if (size != 1 + shape.features && size != 1 + 2 * shape.features) {
    return bad_form("a linear form has another number of weights than features");
  }
  return {};
}

/// Numbers: the weights, and those of the squares where there are any, each padded with zeros.
void prepare_linear_features(PreparedNode& node, FormShape shape) {
  node.features = all_features(shape);
  const std::size_t d = shape.features, height = simd::padded(d, simd::kTile);
  const std::span<const double> weights = node.view.doubles.subspan(1);
  node.numbers.resize(weights.size() == d ? height : 2 * height);
  std::ranges::copy(weights.first(d), node.numbers.begin());
  std::ranges::copy(weights.subspan(d), node.numbers.begin() + static_cast<std::ptrdiff_t>(height));
}

double evaluate_linear_features(const PreparedNode& node, const FormInput& input, std::span<const double>) noexcept {
  const std::size_t d = input.features.size(), height = simd::padded(d, simd::kTile);
  std::array<double, 2 * kMaxFeatures> powers;
  std::ranges::copy(input.features, powers.begin());
  std::fill(powers.begin() + static_cast<std::ptrdiff_t>(d), powers.begin() + static_cast<std::ptrdiff_t>(height), 0.0);
  if (node.numbers.size() > height) {
    for (std::size_t i = 0; i < height; ++i) powers[height + i] = powers[i] * powers[i];
  }
  return node.view.doubles[0] + simd::functions().dot(node.numbers.data(), powers.data(), node.numbers.size());
}

void evaluate_rows_linear_features(const PreparedNode& node, const FormRows& input, const double*,
                                   double* out) noexcept {
  const std::size_t d = input.shape.features, height = simd::padded(d, simd::kTile);
  const double* weights = node.numbers.data();
  const double* squares = node.numbers.size() > height ? weights + height : nullptr;
  simd::functions().dot_rows(weights, squares, input.features, d, input.rows, out);
  for (std::size_t row = 0; row < input.rows; ++row) out[row] += node.view.doubles[0];
}

double cost_linear_features(const FormNodeView& node) { return 30.0 + 0.05 * static_cast<double>(node.doubles.size()); }

}  // namespace latcast::forms
