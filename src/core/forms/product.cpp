// Product: first child x exp(second child); the residual is bounded, so that one broken model cannot overflow.
#include <algorithm>
#include <cmath>

#include "core/forms/forms.h"

namespace latcast::forms {

Result<void> check_product(const FormNodeView& node, FormShape) {
  if (node.children.size() != 2) return bad_form("a product form needs two children");
  return {};
}

void prepare_product(PreparedNode&, FormShape) {}

double evaluate_product(const PreparedNode& node, const FormInput&, std::span<const double> values) noexcept {
  return values[node.view.children[0]] * std::exp(std::clamp(values[node.view.children[1]], -40.0, 40.0));
}

double cost_product(const FormNodeView&) { return 14.0; }

}  // namespace latcast::forms
