#include "core/form.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <numeric>
#include <utility>

#include "core/forms/forms.h"
#include "core/limits.h"

namespace latcast {
namespace {

struct FormOperations {
  FormKind kind;
  forms::Check check;
  forms::Prepare prepare;
  forms::Evaluate evaluate;
  forms::Cost cost;
  forms::EvaluateRows evaluate_rows;  // null: row by row
};

#define LATCAST_FORM(kind, evaluate_rows)                                                                   \
  FormOperations {                                                                                          \
    FormKind::kind, forms::check_##kind, forms::prepare_##kind, forms::evaluate_##kind, forms::cost_##kind, \
        evaluate_rows                                                                                       \
  }
#define LATCAST_FORM_ROWS(kind) LATCAST_FORM(kind, forms::evaluate_rows_##kind)

/// Position = value of the kind.
constexpr std::array kForms = {
    LATCAST_FORM_ROWS(constant),
    LATCAST_FORM_ROWS(linear_terms),
    LATCAST_FORM_ROWS(linear_features),
    LATCAST_FORM_ROWS(trees),
    LATCAST_FORM(gaussian_process, nullptr),
    LATCAST_FORM_ROWS(product),
    LATCAST_FORM_ROWS(mean),
    LATCAST_FORM(neighbours, nullptr),
    LATCAST_FORM_ROWS(linear_sparse),
    LATCAST_FORM(quadratic, nullptr),
    LATCAST_FORM(dense, nullptr),
    LATCAST_FORM_ROWS(complete_trees),
    LATCAST_FORM_ROWS(sum),
};
#undef LATCAST_FORM_ROWS
#undef LATCAST_FORM

constexpr bool in_order() {
  for (std::size_t i = 0; i < kForms.size(); ++i) {
    if (static_cast<std::size_t>(kForms[i].kind) != i) return false;
  }
  return true;
}
static_assert(in_order() && kForms.size() == kFormKinds);

const FormOperations& operations(const FormNodeView& node) noexcept {
  return kForms[static_cast<std::size_t>(node.kind)];
}

bool all_finite(std::span<const double> values) { return simd::functions().all_finite(values.data(), values.size()); }

bool all_finite(std::span<const float> values) { return simd::functions().all_finite32(values.data(), values.size()); }

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

/// A node over the roots of other forms.
FormSpec node_over(FormKind kind, std::vector<FormSpec> children, std::vector<double> doubles) {
  FormSpec whole;
  FormNode root;
  root.kind = kind;
  for (FormSpec& child : children) root.children.push_back(append(whole, std::move(child)));
  root.doubles = std::move(doubles);
  whole.push_back(std::move(root));
  return whole;
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

Form::Form(std::span<const FormNodeView> checked, FormShape shape) {
  nodes_.reserve(checked.size());
  for (const FormNodeView& view : checked) {
    PreparedNode& node = nodes_.emplace_back();
    node.view = view;
    operations(view).prepare(node, shape);
    terms_ |= node.terms;
    features_ |= node.features;
  }
}

namespace {

/// A form's value as others use it.
double finite(double root) noexcept {
  return std::isnan(root) ? 0.0 : std::min(root, std::numeric_limits<double>::max());
}

/// One node for all rows, row by row.
void evaluate_each(const PreparedNode& node, const FormRows& input, std::span<const double> values,
                   double* out) noexcept {
  std::array<double, kMaxTerms> terms;
  std::array<double, kMaxFeatures> features;
  std::array<float, kMaxFeatures> features32;
  std::array<double, kMaxFormNodes> before;
  const auto [term_count, feature_count] = input.shape;
  const std::size_t nodes = values.size() / input.rows;
  for (std::size_t row = 0; row < input.count; ++row) {
    for (std::size_t i = 0; i < term_count; ++i) {
      if ((node.terms >> i & 1U) != 0) terms[i] = input.terms[i * input.rows + row];
    }
    for (std::size_t i = 0; i < feature_count; ++i) {
      if ((node.features >> i & 1U) == 0) continue;
      features[i] = input.features[i * input.rows + row];
      features32[i] = input.features32[i * input.rows + row];
    }
    for (std::size_t i = 0; i < nodes; ++i) before[i] = values[i * input.rows + row];
    const FormInput one{
        {terms.data(), term_count}, {features.data(), feature_count}, {features32.data(), feature_count}};
    out[row] = operations(node.view).evaluate(node, one, {before.data(), nodes});
  }
  std::fill(out + input.count, out + input.rows, 0.0);
}

}  // namespace

double Form::value(const FormInput& input) const noexcept {
  std::array<double, kMaxFormNodes> values;
  for (std::size_t i = 0; i < nodes_.size(); ++i) {
    values[i] = operations(nodes_[i].view).evaluate(nodes_[i], input, {values.data(), i});
  }
  return values[nodes_.size() - 1];
}

double Form::evaluate(const FormInput& input) const noexcept { return finite(value(input)); }

void Form::evaluate_rows(const FormRows& input, double* out) const noexcept {
  std::array<double, kMaxFormNodes * kMostRows> values;
  double* value = values.data();
  for (const PreparedNode& node : nodes_) {
    const std::size_t before = static_cast<std::size_t>(value - values.data());
    if (const forms::EvaluateRows all_rows = operations(node.view).evaluate_rows) {
      all_rows(node, input, values.data(), value);
    } else {
      evaluate_each(node, input, {values.data(), before}, value);
    }
    value += input.rows;
  }
  const double* root = value - input.rows;
  for (std::size_t row = 0; row < input.rows; ++row) out[row] = finite(root[row]);
}

double evaluate(std::span<const FormNodeView> form, const FormInput& input) {
  return Form(form, {input.terms.size(), input.features.size()}).evaluate(input);
}

FormSpec laid_out(FormSpec form) {
  for (FormNode& node : form) {
    const FormNodeView view = node.view();
    if (node.kind != FormKind::trees || !forms::check_trees(view, {0, kMaxFeatures})) continue;
    if (auto complete = forms::complete_trees(view)) node = std::move(*complete);
  }
  return form;
}

FormCosts form_costs_ns(const FormSpec& spec, FormShape shape) {
  FormCosts out = {};
  bool features = false;
  for (const FormNode& node : spec) {
    out[1 + static_cast<std::size_t>(node.kind)] += operations(node.view()).cost(node.view());
    features |= node.kind != FormKind::constant && node.kind != FormKind::linear_terms &&
                node.kind != FormKind::product && node.kind != FormKind::mean && node.kind != FormKind::sum;
  }
  // The query, choosing the class, expressions and range checks; logarithms where the form reads features.
  out[0] = 35.0 + 4.0 * static_cast<double>(shape.features) + 3.3 * static_cast<double>(shape.terms);
  if (features) out[0] += 10.0 + 2.0 * static_cast<double>(shape.features);
  return out;
}

double form_cost_ns(const FormSpec& spec, FormShape shape, const FormCosts& factors) {
  const FormCosts ns = form_costs_ns(spec, shape);
  return std::inner_product(ns.begin(), ns.end(), factors.begin(), 0.0);
}

std::size_t form_bytes(const FormSpec& spec) {
  constexpr std::size_t kNode = 64;  // table, offsets and lengths
  std::size_t bytes = 0;
  for (const FormNode& node : spec) {
    bytes += kNode + node.children.size() * 2 + node.doubles.size() * 8 + node.floats.size() * 4 + node.ints.size() * 4;
  }
  return bytes;
}

FormSpec constant_form(double value) {
  FormNode node;
  node.doubles = {value};
  return {std::move(node)};
}

FormSpec product_form(FormSpec base, FormSpec residual, double least, double most) {
  FormSpec whole;
  FormNode root;
  root.kind = FormKind::product;
  root.doubles = {std::clamp(least, -kMostExponent, kMostExponent), std::clamp(most, -kMostExponent, kMostExponent)};
  root.children.push_back(append(whole, std::move(base)));
  root.children.push_back(append(whole, std::move(residual)));
  whole.push_back(std::move(root));
  return whole;
}

std::optional<ProductParts> split_product(const FormSpec& form) {
  if (form.size() < 3 || form.back().kind != FormKind::product || form.back().children.size() != 2 ||
      form.back().doubles.size() != 2) {
    return std::nullopt;
  }
  const FormNode& root = form.back();
  const std::size_t first = root.children[0] + std::size_t{1};
  if (root.children[1] + std::size_t{2} != form.size() || first > root.children[1]) return std::nullopt;
  ProductParts out;
  out.least = root.doubles[0];
  out.most = root.doubles[1];
  out.base.assign(form.begin(), form.begin() + static_cast<std::ptrdiff_t>(first));
  out.residual.assign(form.begin() + static_cast<std::ptrdiff_t>(first), form.end() - 1);
  for (FormNode& node : out.residual) {
    for (std::uint16_t& child : node.children) {
      if (child < first) return std::nullopt;
      child = static_cast<std::uint16_t>(child - first);
    }
  }
  return out;
}

FormSpec mean_form(std::vector<FormSpec> children, std::vector<double> weights) {
  return node_over(FormKind::mean, std::move(children), std::move(weights));
}

FormSpec sum_form(std::vector<FormSpec> children, std::vector<double> weights) {
  weights.resize(2 * children.size(), kNoCap);
  return node_over(FormKind::sum, std::move(children), std::move(weights));
}

}  // namespace latcast
