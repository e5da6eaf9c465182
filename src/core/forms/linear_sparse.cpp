// Linear over some base terms and raw features, in ns: doubles = [intercept, weight per term used, weight per feature
// used]; ints = [terms used a, their indices, then the indices of the features used]. Raw features are 2^x - 1 of the
// log features, so that they stay in the range of training. The value is at least 1.
#include <algorithm>
#include <cmath>

#include "core/forms/forms.h"

namespace latcast::forms {

Result<void> check_linear_sparse(const FormNodeView& node, FormShape shape) {
  if (node.ints.empty() || node.ints[0] < 0 || static_cast<std::size_t>(node.ints[0]) >= node.ints.size()) {
    return bad_form("a sparse linear form lacks its head");
  }
  const auto terms = static_cast<std::size_t>(node.ints[0]);
  if (node.doubles.size() != node.ints.size()) return bad_form("a sparse linear form has sizes that do not match");
  for (std::size_t i = 1; i < node.ints.size(); ++i) {
    const std::size_t limit = i <= terms ? shape.terms : shape.features;
    if (node.ints[i] < 0 || static_cast<std::size_t>(node.ints[i]) >= limit) {
      return bad_form("a sparse linear form refers to an input that is not there");
    }
  }
  return {};
}

double evaluate_linear_sparse(const FormNodeView& node, const FormInput& input, std::span<const double>) noexcept {
  const auto terms = static_cast<std::size_t>(node.ints[0]);
  double sum = node.doubles[0];
  for (std::size_t i = 1; i < node.ints.size(); ++i) {
    const auto index = static_cast<std::size_t>(node.ints[i]);
    sum += node.doubles[i] * (i <= terms ? input.terms[index] : std::exp2(input.features[index]) - 1.0);
  }
  return std::max(sum, 1.0);
}

}  // namespace latcast::forms
