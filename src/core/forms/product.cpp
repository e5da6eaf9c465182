// Product: first child x exp(second child), the latter within bounds: doubles = [least, most], in [-40, 40]. They are
// what training has seen, so that a model that runs away where it has no samples does so only so far.
#include <algorithm>
#include <cmath>

#include "core/forms/forms.h"

namespace latcast::forms {

Result<void> check_product(const FormNodeView& node, FormShape) {
  if (node.children.size() != 2) return bad_form("a product form needs two children");
  const bool bounded = node.doubles.size() == 2 && node.doubles[0] >= -kMostExponent &&
                       node.doubles[0] <= node.doubles[1] && node.doubles[1] <= kMostExponent;
  if (!bounded) return bad_form("a product form needs bounds of its exponent");
  return {};
}

void prepare_product(PreparedNode&, FormShape) {}

double evaluate_product(const PreparedNode& node, const FormInput&, std::span<const double> values) noexcept {
  const double exponent = std::clamp(values[node.view.children[1]], node.view.doubles[0], node.view.doubles[1]);
  return values[node.view.children[0]] * std::exp(exponent);
}

double cost_product(const FormNodeView&) { return 14.0; }

}  // namespace latcast::forms
