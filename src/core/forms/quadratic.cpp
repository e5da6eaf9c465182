// Degree-2 polynomial of shifted log features z = x - shift: doubles = [intercept, shift per feature d, linear weight
// per feature d, then for each i the weights of z_i z_j for j = i..d-1].
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

double evaluate_quadratic(const FormNodeView& node, const FormInput& input, std::span<const double>) noexcept {
  const std::size_t d = input.features.size();
  std::array<double, kMaxFeatures> z;
  for (std::size_t j = 0; j < d; ++j) z[j] = input.features[j] - node.doubles[1 + j];
  const double* linear = node.doubles.data() + 1 + d;
  const double* pairs = linear + d;
  double sum = node.doubles[0];
  for (std::size_t i = 0; i < d; ++i) {
    double slope = linear[i];
    for (std::size_t j = i; j < d; ++j) slope += *pairs++ * z[j];
    sum += slope * z[i];
  }
  return sum;
}

}  // namespace latcast::forms
