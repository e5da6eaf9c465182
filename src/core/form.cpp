#include "core/form.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <utility>

#include "core/forms/forms.h"

namespace latcast {
namespace {

struct FormOperations {
  FormKind kind;
  forms::Check check;
  forms::Evaluate evaluate;
};

/// Position = value of the kind.
constexpr std::array kForms = {
    FormOperations{FormKind::constant, forms::check_constant, forms::evaluate_constant},
    FormOperations{FormKind::linear_terms, forms::check_linear_terms, forms::evaluate_linear_terms},
    FormOperations{FormKind::linear_features, forms::check_linear_features, forms::evaluate_linear_features},
    FormOperations{FormKind::trees, forms::check_trees, forms::evaluate_trees},
    FormOperations{FormKind::gaussian_process, forms::check_gaussian_process, forms::evaluate_gaussian_process},
    FormOperations{FormKind::product, forms::check_product, forms::evaluate_product},
    FormOperations{FormKind::mean, forms::check_mean, forms::evaluate_mean},
    FormOperations{FormKind::neighbours, forms::check_neighbours, forms::evaluate_neighbours},
    FormOperations{FormKind::linear_sparse, forms::check_linear_sparse, forms::evaluate_linear_sparse},
    FormOperations{FormKind::quadratic, forms::check_quadratic, forms::evaluate_quadratic},
    FormOperations{FormKind::dense, forms::check_dense, forms::evaluate_dense},
};

constexpr bool in_order() {
  for (std::size_t i = 0; i < kForms.size(); ++i) {
    if (static_cast<std::size_t>(kForms[i].kind) != i) return false;
  }
  return true;
}
static_assert(in_order());

template <class T>
bool all_finite(std::span<const T> values) {
  return std::ranges::all_of(values, [](T value) { return std::isfinite(value); });
}

Result<void> check_node(const FormNodeView& node, std::size_t index, FormShape shape) {
  const auto kind = static_cast<std::size_t>(node.kind);
  if (kind >= kForms.size()) return fail(Errc::unsupported, "form kind " + std::to_string(kind) + " is not known here");
  if (!all_finite(node.doubles) || !all_finite(node.floats) || !all_finite(node.shared))
    return forms::bad_form("a form holds a number that is not finite");
  for (const std::uint16_t child : node.children) {
    if (child >= index) return forms::bad_form("a form node refers to a later one");
  }
  return kForms[kind].check(node, shape);
}

/// Appends `part` to `whole`, renumbering children; returns the index of its root.
std::uint16_t append(FormSpec& whole, FormSpec part) {
  const auto offset = static_cast<std::uint16_t>(whole.size());
  for (FormNode& node : part) {
    for (std::uint16_t& child : node.children) child = static_cast<std::uint16_t>(child + offset);
    whole.push_back(std::move(node));
  }
  return static_cast<std::uint16_t>(whole.size() - 1);
}

}  // namespace

FormView view(const FormSpec& spec) {
  FormView out;
  out.reserve(spec.size());
  for (const FormNode& node : spec) out.push_back(node.view());
  return out;
}

Result<void> check(std::span<const FormNodeView> form, FormShape shape) {
  if (form.empty() || form.size() > kMaxFormNodes) return forms::bad_form("a form has no or too many nodes");
  for (std::size_t i = 0; i < form.size(); ++i) {
    if (auto ok = check_node(form[i], i, shape); !ok) return fail_in("form node " + std::to_string(i), ok.error());
  }
  return {};
}

double evaluate(std::span<const FormNodeView> form, const FormInput& input) noexcept {
  std::array<double, kMaxFormNodes> values;
  for (std::size_t i = 0; i < form.size(); ++i) {
    values[i] = kForms[static_cast<std::size_t>(form[i].kind)].evaluate(form[i], input, {values.data(), i});
  }
  const double root = values[form.size() - 1];
  return std::isnan(root) ? 0.0 : std::min(root, std::numeric_limits<double>::max());
}

std::size_t form_bytes(const FormSpec& spec) {
  std::size_t bytes = 0;
  for (const FormNode& node : spec) {
    bytes += 32 + node.children.size() * 2 + node.doubles.size() * 8 + node.floats.size() * 4 + node.ints.size() * 4;
  }
  return bytes;
}

FormSpec constant_form(double value) {
  FormNode node;
  node.doubles = {value};
  return {std::move(node)};
}

FormSpec product_form(FormSpec base, FormSpec residual) {
  FormSpec whole;
  FormNode root;
  root.kind = FormKind::product;
  root.children.push_back(append(whole, std::move(base)));
  root.children.push_back(append(whole, std::move(residual)));
  whole.push_back(std::move(root));
  return whole;
}

FormSpec mean_form(std::vector<FormSpec> children, std::vector<double> weights) {
  FormSpec whole;
  FormNode root;
  root.kind = FormKind::mean;
  for (FormSpec& child : children) root.children.push_back(append(whole, std::move(child)));
  root.doubles = std::move(weights);
  whole.push_back(std::move(root));
  return whole;
}

}  // namespace latcast
