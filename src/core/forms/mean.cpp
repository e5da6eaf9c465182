// Weighted mean of children (an ensemble in log space below a product): doubles = [weight per child].
#include <algorithm>

#include "core/forms/forms.h"

namespace latcast::forms {

Result<void> check_mean(const FormNodeView& node, FormShape) {
  if (node.children.empty() || node.doubles.size() != node.children.size()) {
    return bad_form("a mean form needs one weight per child");
  }
  return {};
}

void prepare_mean(PreparedNode&, FormShape) {}

double evaluate_mean(const PreparedNode& node, const FormInput&, std::span<const double> values) noexcept {
  const FormNodeView& view = node.view;
  double sum = 0.0;
  for (std::size_t i = 0; i < view.children.size(); ++i) sum += view.doubles[i] * values[view.children[i]];
  return sum;
}

void evaluate_rows_mean(const PreparedNode& node, const FormRows& input, const double* values, double* out) noexcept {
  const FormNodeView& view = node.view;
  std::fill_n(out, input.rows, 0.0);
  for (std::size_t i = 0; i < view.children.size(); ++i) {
    simd::functions().add_scaled(values + view.children[i] * input.rows, view.doubles[i], input.rows, out);
  }
}

double cost_mean(const FormNodeView& node) { return 1.0 + static_cast<double>(node.children.size()); }

}  // namespace latcast::forms
