// Linear forms.
// Over terms: doubles = [weight per term]; the value is ns, at least 1, so that it may be multiplied and logged.
// Over log features: doubles = [intercept, weight per feature] or [intercept, weight per feature, weight per square].
#include <algorithm>

#include "core/forms/forms.h"

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

double cost_linear_terms(const FormNodeView& node) {
  // A term is an expression or two, a load and its part of the sum.
  return 3.0 + 5.0 * static_cast<double>(node.doubles.size() - std::ranges::count(node.doubles, 0.0));
}

Result<void> check_linear_features(const FormNodeView& node, FormShape shape) {
  const std::size_t size = node.doubles.size();
  if (size != 1 + shape.features && size != 1 + 2 * shape.features) {
    return bad_form("a linear form has another number of weights than features");
  }
  return {};
}

void prepare_linear_features(PreparedNode& node, FormShape) { node.features = true; }

double evaluate_linear_features(const PreparedNode& node, const FormInput& input, std::span<const double>) noexcept {
  const std::span<const double> numbers = node.view.doubles;
  const std::size_t count = input.features.size();
  const double* weights = numbers.data() + 1;
  double sum = numbers[0];
  for (std::size_t i = 0; i < count; ++i) sum += weights[i] * input.features[i];
  if (numbers.size() == 1 + count) return sum;
  const double* squares = weights + count;
  for (std::size_t i = 0; i < count; ++i) sum += squares[i] * input.features[i] * input.features[i];
  return sum;
}

double cost_linear_features(const FormNodeView& node) { return 1.1 * static_cast<double>(node.doubles.size()); }

}  // namespace latcast::forms
