// Constant: doubles = [value].
#include <algorithm>

#include "core/forms/forms.h"

namespace latcast::forms {

Result<void> check_constant(const FormNodeView& node, FormShape) {
  if (node.doubles.size() != 1) return bad_form("a constant form needs one value");
  return {};
}

void prepare_constant(PreparedNode&, FormShape) {}

double evaluate_constant(const PreparedNode& node, const FormInput&, std::span<const double>) noexcept {
  return node.view.doubles[0];
}

void evaluate_rows_constant(const PreparedNode& node, const FormRows& input, const double*, double* out) noexcept {
  std::fill_n(out, input.rows, node.view.doubles[0]);
}

double cost_constant(const FormNodeView&) { return 1.0; }

}  // namespace latcast::forms
