// Exported forms: what a trained regression model becomes in a pack, and how it is evaluated.
//
// A form is a short list of nodes, children before parents, the last one the root, whose value is nanoseconds. A node
// is a kind and four arrays; what they mean is said in forms/<kind>.cpp. A new form is one such file and one line in
// the table of form.cpp; the pack's schema does not change. Many modules are evaluated at once, node by node; a kind
// that has no evaluation of rows is evaluated row by row.
//
// Evaluation allocates nothing, takes no lock and cannot fail: a form is checked once, when it is made or loaded.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "latcast/result.h"

namespace latcast {

/// Stored in packs: values never change, new ones are appended.
enum class FormKind : std::uint16_t {
  constant = 0,
  linear_terms = 1,     // over base terms
  linear_features = 2,  // over log features and, optionally, their squares
  trees = 3,            // sum of regression trees over log features
  gaussian_process = 4,
  product = 5,          // first child x exp(second child)
  mean = 6,             // weighted mean of children
  neighbours = 7,       // weighted mean of the nearest samples' values, over log features
  linear_sparse = 8,    // over some base terms and raw features, ns
  quadratic = 9,        // degree-2 polynomial of log features
  dense = 10,           // layers of a neural network over log features
  complete_trees = 11,  // trees, laid out for fast walks
  sum = 12,             // of children, each up to a cap and times a weight
};

inline constexpr std::size_t kFormKinds = 13;

/// One node, its arrays elsewhere (in a mapped pack or a FormNode).
struct FormNodeView {
  FormKind kind = FormKind::constant;
  std::span<const std::uint16_t> children;
  std::span<const double> doubles;
  std::span<const float> floats;
  std::span<const std::int32_t> ints;
  std::span<const float> shared;  // numbers that several forms of a pack have in common (an encoder's layers)
};

/// One node, owning its arrays.
struct FormNode {
  FormKind kind = FormKind::constant;
  std::vector<std::uint16_t> children;
  std::vector<double> doubles;
  std::vector<float> floats;
  std::vector<std::int32_t> ints;
  std::shared_ptr<const std::vector<float>> shared;  // stored once for all nodes that point to the same; may be null

  [[nodiscard]] FormNodeView view() const {
    return {kind, children, doubles, floats, ints, shared ? std::span<const float>(*shared) : std::span<const float>()};
  }
};

using FormSpec = std::vector<FormNode>;
using FormView = std::vector<FormNodeView>;

inline constexpr std::size_t kMaxFormNodes = 48;

/// What one module gives its form. Features are log2(1 + x), in both precisions: trees compare in float, as the
/// libraries that grow them do. Terms and features that the form does not read (Form::terms, Form::features) may hold
/// anything.
struct FormInput {
  std::span<const double> terms;
  std::span<const double> features;
  std::span<const float> features32;
};

/// Number of inputs a form may refer to.
struct FormShape {
  std::size_t terms = 0, features = 0;
};

/// What a few modules give their form: columns, input i of all of them from i * rows on. `rows` is a multiple of
/// simd::kLanes, at most kMostRows.
struct FormRows {
  const double* terms = nullptr;
  const double* features = nullptr;
  const float* features32 = nullptr;
  FormShape shape;
  std::size_t rows = 0;
  std::size_t count = 0;  // those whose values are wanted: from the first on, at least one
};

/// Views of a form's nodes; `spec` must outlive them.
[[nodiscard]] FormView view(const FormSpec& spec);

/// Checks every index, size and number. Errc::corrupt, or Errc::unsupported for a kind this version does not know.
[[nodiscard]] Result<void> check(std::span<const FormNodeView> form, FormShape shape);

/// One node, laid out for evaluation; what the arrays mean is said in forms/<kind>.cpp.
struct PreparedNode {
  FormNodeView view;
  std::uint32_t terms = 0;     // bit i: reads term i
  std::uint64_t features = 0;  // bit i: reads feature i
  std::vector<double> numbers;
  std::vector<float> floats;
  std::vector<std::uint32_t> used;
  FormNode complete;  // of kind complete_trees, for trees that are not too deep
};

/// A checked form, prepared for evaluation. The arrays that its views point to must outlive it.
class Form {
 public:
  Form() = default;
  Form(std::span<const FormNodeView> checked, FormShape shape);

  [[nodiscard]] bool empty() const noexcept { return nodes_.empty(); }
  /// Bit i: reads term or feature i.
  [[nodiscard]] std::uint32_t terms() const noexcept { return terms_; }
  [[nodiscard]] std::uint64_t features() const noexcept { return features_; }

  /// Nanoseconds; never NaN. Not for an empty form.
  [[nodiscard]] double evaluate(const FormInput& input) const noexcept;
  /// The same where it is a finite number; otherwise what came out.
  [[nodiscard]] double value(const FormInput& input) const noexcept;
  /// The same of each row that is wanted, the same bits; the others get some number.
  void evaluate_rows(const FormRows& input, double* out) const noexcept;

 private:
  std::vector<PreparedNode> nodes_;
  std::uint32_t terms_ = 0;
  std::uint64_t features_ = 0;
};

/// Value of a checked form, in ns, where it is needed once.
[[nodiscard]] double evaluate(std::span<const FormNodeView> form, const FormInput& input);

/// Bytes that the arrays of a form take in a pack, without what it shares with others.
[[nodiscard]] std::size_t form_bytes(const FormSpec& spec);

/// The form as packs store it: the same values, arrays laid out for fast evaluation and loading.
[[nodiscard]] FormSpec laid_out(FormSpec form);

/// A number for each part of a module's forecast: what surrounds the form (query, kernel class, expressions, ranges),
/// then the form's nodes by their kind.
using FormCosts = std::array<double, 1 + kFormKinds>;
/// Estimated time of one module by parts, in ns, with `shape` the inputs of its class. Checked forms only. Fitted to
/// bench/forecast_bench.cpp on the reference machine, a server CPU with AVX2.
[[nodiscard]] FormCosts form_costs_ns(const FormSpec& spec, FormShape shape);

/// Factors on that time, part by part: of the reference machine itself.
inline constexpr FormCosts kReferenceCosts = [] {
  FormCosts out = {};
  out.fill(1);
  return out;
}();
/// Of all parts together, on the machine that the factors are of.
[[nodiscard]] double form_cost_ns(const FormSpec& spec, FormShape shape, const FormCosts& factors = kReferenceCosts);

/// One node with that value.
[[nodiscard]] FormSpec constant_form(double value);
/// base x exp(residual), the residual clamped to [least, most].
inline constexpr double kMostExponent = 40.0;
[[nodiscard]] FormSpec product_form(FormSpec base, FormSpec residual, double least = -kMostExponent,
                                    double most = kMostExponent);
/// What a form made by product_form() was made of.
struct ProductParts {
  FormSpec base, residual;
  double least = 0, most = 0;
};
/// Nothing where the form is not a product of a form and another one behind it.
[[nodiscard]] std::optional<ProductParts> split_product(const FormSpec& form);
/// Weighted mean of forms (weights sum to one).
[[nodiscard]] FormSpec mean_form(std::vector<FormSpec> children, std::vector<double> weights);
/// A cap that caps nothing.
inline constexpr double kNoCap = 1e300;
/// Sum of forms times weights.
[[nodiscard]] FormSpec sum_form(std::vector<FormSpec> children, std::vector<double> weights);

}  // namespace latcast
