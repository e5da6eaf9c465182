// Sum of children, each up to a cap and times a weight (costs that another form gives, scaled, and their smaller part
// scaled otherwise): doubles = [weight per child, then cap per child], caps >= 0. The value is at least 1, as that of
// linear forms.
#include <algorithm>

#include "core/forms/forms.h"

namespace latcast::forms {

Result<void> check_sum(const FormNodeView& node, FormShape) {
  if (node.children.empty() || node.doubles.size() != 2 * node.children.size()) {
    return bad_form("a sum form needs a weight and a cap per child");
  }
  if (std::ranges::any_of(node.doubles.subspan(node.children.size()), [](double x) { return x < 0.0; })) {
    return bad_form("a sum form has a negative cap");
  }
  return {};
}

void prepare_sum(PreparedNode&, FormShape) {}

double evaluate_sum(const PreparedNode& node, const FormInput&, std::span<const double> values) noexcept {
  const FormNodeView& view = node.view;
  const std::size_t count = view.children.size();
  double sum = 0.0;
  for (std::size_t i = 0; i < count; ++i) {
    sum += view.doubles[i] * std::min(values[view.children[i]], view.doubles[count + i]);
  }
  return std::max(sum, 1.0);
}

void evaluate_rows_sum(const PreparedNode& node, const FormRows& input, const double* values, double* out) noexcept {
  const FormNodeView& view = node.view;
  const std::size_t count = view.children.size();
  std::fill_n(out, input.rows, 0.0);
  for (std::size_t i = 0; i < count; ++i) {
    const double* child = values + view.children[i] * input.rows;
    for (std::size_t row = 0; row < input.rows; ++row) {
      out[row] += view.doubles[i] * std::min(child[row], view.doubles[count + i]);
    }
  }
  for (std::size_t row = 0; row < input.rows; ++row) out[row] = std::max(out[row], 1.0);
}

double cost_sum(const FormNodeView& node) { return 1.0 + 1.5 * static_cast<double>(node.children.size()); }

}  // namespace latcast::forms
