// Weighted mean of children (an ensemble in log space below a product): doubles = [weight per child].
#include "core/forms/forms.h"

namespace latcast::forms {

Result<void> check_mean(const FormNodeView& node, FormShape) {
  if (node.children.empty() || node.doubles.size() != node.children.size()) {
    return bad_form("a mean form needs one weight per child");
  }
  return {};
}

double evaluate_mean(const FormNodeView& node, const FormInput&, std::span<const double> values) noexcept {
  double sum = 0.0;
  for (std::size_t i = 0; i < node.children.size(); ++i) sum += node.doubles[i] * values[node.children[i]];
  return sum;
}

}  // namespace latcast::forms
