// The kinds of exported forms: for each, a check of its arrays, its preparation for evaluation, the evaluation and what
// that costs. Used by form.cpp only.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "core/form.h"
#include "core/limits.h"
#include "core/simd/simd.h"

namespace latcast::forms {

/// Checks one node whose children, count and finiteness of numbers are already known to be right.
using Check = Result<void> (*)(const FormNodeView& node, FormShape shape);
/// Lays out the arrays of a checked node for evaluation, and says what it reads.
using Prepare = void (*)(PreparedNode& node, FormShape shape);
/// Evaluates one node; `values` are those of the nodes before it.
using Evaluate = double (*)(const PreparedNode& node, const FormInput& input, std::span<const double> values) noexcept;
/// Evaluates one node for all rows, with the bits of Evaluate; `values`: columns of the nodes before it.
using EvaluateRows = void (*)(const PreparedNode& node, const FormRows& input, const double* values,
                              double* out) noexcept;
/// Nanoseconds of one evaluation, without the features; the constants are measured (bench/forecast_bench.cpp).
using Cost = double (*)(const FormNodeView& node);

#define LATCAST_FORM(kind)                                                                                           \
  Result<void> check_##kind(const FormNodeView& node, FormShape shape);                                              \
  void prepare_##kind(PreparedNode& node, FormShape shape);                                                          \
  double evaluate_##kind(const PreparedNode& node, const FormInput& input, std::span<const double> values) noexcept; \
  double cost_##kind(const FormNodeView& node)
LATCAST_FORM(constant);
LATCAST_FORM(linear_terms);
LATCAST_FORM(linear_features);
LATCAST_FORM(trees);
LATCAST_FORM(gaussian_process);
LATCAST_FORM(product);
LATCAST_FORM(mean);
LATCAST_FORM(sum);
LATCAST_FORM(neighbours);
LATCAST_FORM(linear_sparse);
LATCAST_FORM(quadratic);
LATCAST_FORM(dense);
LATCAST_FORM(complete_trees);
#undef LATCAST_FORM

#define LATCAST_FORM_ROWS(kind) \
  void evaluate_rows_##kind(const PreparedNode& node, const FormRows& input, const double* values, double* out) noexcept
LATCAST_FORM_ROWS(constant);
LATCAST_FORM_ROWS(linear_terms);
LATCAST_FORM_ROWS(linear_features);
LATCAST_FORM_ROWS(trees);
LATCAST_FORM_ROWS(product);
LATCAST_FORM_ROWS(mean);
LATCAST_FORM_ROWS(sum);
LATCAST_FORM_ROWS(linear_sparse);
LATCAST_FORM_ROWS(complete_trees);
#undef LATCAST_FORM_ROWS

/// A checked node of kind trees laid out for fast walks; nullopt: its trees are too deep.
std::optional<FormNode> complete_trees(const FormNodeView& node);

/// For nodes that read every feature.
inline std::uint64_t all_features(FormShape shape) {
  static_assert(kMaxFeatures <= 64);
  return shape.features == 0 ? 0 : ~std::uint64_t{0} >> (64 - shape.features);
}

inline tl::unexpected<Error> bad_form(const char* what) { return fail(Errc::corrupt, what); }

/// Points (`count` x `dimensions`, one after another) as tiles; what fills the last one up is 0.
inline std::vector<double> tiled(const float* points, std::size_t count, std::size_t dimensions) {
  std::vector<double> out(simd::padded(count, simd::kTile) * dimensions);
  for (std::size_t i = 0; i < count; ++i) {
    double* tile = out.data() + i / simd::kTile * simd::kTile * dimensions + i % simd::kTile;
    for (std::size_t j = 0; j < dimensions; ++j) tile[j * simd::kTile] = static_cast<double>(*points++);
  }
  return out;
}

}  // namespace latcast::forms
