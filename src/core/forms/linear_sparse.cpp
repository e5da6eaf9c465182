// Linear over some base terms and raw features, in ns: doubles = [intercept, weight per term used, weight per feature
// used]; ints = [terms used a, their indices, then the indices of the features used]. Raw features are 2^x - 1 of the
// log features, so that they stay in the range of training. The value is at least 1.
#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>

#include "core/forms/forms.h"
#include "core/limits.h"

namespace latcast::forms {

Result<void> check_linear_sparse(const FormNodeView& node, FormShape shape) {
  if (node.ints.empty() || node.ints[0] < 0 || static_cast<std::size_t>(node.ints[0]) >= node.ints.size()) {
    return bad_form("a sparse linear form lacks its head");
  }
  const auto terms = static_cast<std::size_t>(node.ints[0]);
  if (node.doubles.size() != node.ints.size()) return bad_form("a sparse linear form has sizes that do not match");
  for (std::size_t i = 1; i < node.ints.size(); ++i) {
    const std::size_t limit = i <= terms ? shape.terms : shape.features;
    if (node.ints[i] < 0 || static_cast<std::size_t>(node.ints[i]) >= limit) {
      return bad_form("a sparse linear form refers to an input that is not there");
    }
  }
  return {};
}

void prepare_linear_sparse(PreparedNode& node, FormShape) {
  const auto terms = static_cast<std::size_t>(node.view.ints[0]);
  for (std::size_t i = 1; i <= terms; ++i) node.terms |= 1U << static_cast<std::uint32_t>(node.view.ints[i]);
  for (const std::int32_t feature : node.view.ints.subspan(1 + terms)) {
    node.features |= std::uint64_t{1} << static_cast<std::uint32_t>(feature);
  }
}

double evaluate_linear_sparse(const PreparedNode& node, const FormInput& input, std::span<const double>) noexcept {
  const std::int32_t* indices = node.view.ints.data() + 1;
  const double* weights = node.view.doubles.data() + 1;
  const auto terms = static_cast<std::size_t>(node.view.ints[0]), all = node.view.ints.size() - 1;
  double sum = node.view.doubles[0];
  for (std::size_t i = 0; i < terms; ++i) sum += weights[i] * input.terms[static_cast<std::size_t>(indices[i])];
  for (std::size_t start = terms; start < all; start += simd::kTile) {
    const std::size_t count = std::min(all - start, simd::kTile);
    std::array<double, simd::kTile> raw = {};
    for (std::size_t i = 0; i < count; ++i) {
      raw[i] = input.features[static_cast<std::size_t>(indices[start + i])] * std::numbers::ln2;
    }
    simd::functions().exponentials(raw.data(), simd::kTile);
    for (std::size_t i = 0; i < count; ++i) sum += weights[start + i] * (raw[i] - 1.0);
  }
  return std::max(sum, 1.0);
}

void evaluate_rows_linear_sparse(const PreparedNode& node, const FormRows& input, const double*, double* out) noexcept {
  const std::int32_t* indices = node.view.ints.data() + 1;
  const double* weights = node.view.doubles.data() + 1;
  const auto terms = static_cast<std::size_t>(node.view.ints[0]), all = node.view.ints.size() - 1;
  const auto column = [&](const double* columns, std::size_t i) {
    return columns + static_cast<std::size_t>(indices[i]) * input.rows;
  };
  std::fill_n(out, input.rows, node.view.doubles[0]);
  for (std::size_t i = 0; i < terms; ++i) {
    simd::functions().add_scaled(column(input.terms, i), weights[i], input.rows, out);
  }
  for (std::size_t i = terms; i < all; ++i) {
    std::array<double, kMostRows> raw;
    const double* logs = column(input.features, i);
    for (std::size_t row = 0; row < input.rows; ++row) raw[row] = logs[row] * std::numbers::ln2;
    simd::functions().exponentials(raw.data(), input.rows);
    for (std::size_t row = 0; row < input.rows; ++row) raw[row] -= 1.0;
    simd::functions().add_scaled(raw.data(), weights[i], input.rows, out);
  }
  for (std::size_t row = 0; row < input.rows; ++row) out[row] = std::max(out[row], 1.0);
}

double cost_linear_sparse(const FormNodeView& node) {
  const double terms = node.ints[0], features = static_cast<double>(node.ints.size()) - 1.0 - terms;
  return 10.0 + 1.5 * terms + 32.0 * std::ceil(features / static_cast<double>(simd::kTile));
}

}  // namespace latcast::forms
