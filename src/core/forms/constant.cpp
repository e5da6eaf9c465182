// Constant: doubles = [value].
#include "core/forms/forms.h"

namespace latcast::forms {

Result<void> check_constant(const FormNodeView& node, FormShape) {
  if (node.doubles.size() != 1) return bad_form("a constant form needs one value");
  return {};
}

double evaluate_constant(const FormNodeView& node, const FormInput&, std::span<const double>) noexcept {
  return node.doubles[0];
}

}  // namespace latcast::forms
