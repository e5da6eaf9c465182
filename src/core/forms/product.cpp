// Product: first child x exp(second child); the residual is bounded, so that one broken model cannot overflow.
#include <algorithm>
#include <cmath>

#include "core/forms/forms.h"

namespace latcast::forms {

Result<void> check_product(const FormNodeView& node, FormShape) {
  if (node.children.size() != 2) return bad_form("a product form needs two children");
  return {};
}

double evaluate_product(const FormNodeView& node, const FormInput&, std::span<const double> values) noexcept {
  return values[node.children[0]] * std::exp(std::clamp(values[node.children[1]], -40.0, 40.0));
}

}  // namespace latcast::forms
