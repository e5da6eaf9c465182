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

double evaluate_linear_terms(const FormNodeView& node, const FormInput& input, std::span<const double>) noexcept {
  double sum = 0.0;
  for (std::size_t i = 0; i < node.doubles.size(); ++i) sum += node.doubles[i] * input.terms[i];
  return std::max(sum, 1.0);
}

Result<void> check_linear_features(const FormNodeView& node, FormShape shape) {
  const std::size_t size = node.doubles.size();
  if (size != 1 + shape.features && size != 1 + 2 * shape.features) {
    return bad_form("a linear form has another number of weights than features");
  }
  return {};
}

double evaluate_linear_features(const FormNodeView& node, const FormInput& input, std::span<const double>) noexcept {
  const std::size_t count = input.features.size();
  const double* weights = node.doubles.data() + 1;
  double sum = node.doubles[0];
  for (std::size_t i = 0; i < count; ++i) sum += weights[i] * input.features[i];
  if (node.doubles.size() == 1 + count) return sum;
  const double* squares = weights + count;
  for (std::size_t i = 0; i < count; ++i) sum += squares[i] * input.features[i] * input.features[i];
  return sum;
}

}  // namespace latcast::forms
