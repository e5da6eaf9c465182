// Product: first child x exp(second child), the latter within bounds: doubles = [least, most], in [-40, 40]. They are
// what training has seen, so that a model that runs away where it has no samples does so only so far.
#include <algorithm>

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
  return values[node.view.children[0]] * simd::functions().exponential(exponent);
}

void evaluate_rows_product(const PreparedNode& node, const FormRows& input, const double* values,
                           double* out) noexcept {
  const double* base = values + node.view.children[0] * input.rows;
  const double* exponents = values + node.view.children[1] * input.rows;
  const double least = node.view.doubles[0], most = node.view.doubles[1];
  for (std::size_t row = 0; row < input.rows; ++row) out[row] = std::clamp(exponents[row], least, most);
  simd::functions().exponentials(out, input.rows);
  for (std::size_t row = 0; row < input.rows; ++row) out[row] *= base[row];
}

double cost_product(const FormNodeView&) { return 14.0; }

}  // namespace latcast::forms
