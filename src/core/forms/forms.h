// The kinds of exported forms: for each, a check of its arrays and an evaluator. Used by form.cpp only.
#pragma once

#include "core/form.h"

namespace latcast::forms {

/// Evaluates one checked node; `values` are those of the nodes before it.
using Evaluate = double (*)(const FormNodeView& node, const FormInput& input, std::span<const double> values) noexcept;
/// Checks one node whose children, count and finiteness of numbers are already known to be right.
using Check = Result<void> (*)(const FormNodeView& node, FormShape shape);

Result<void> check_constant(const FormNodeView& node, FormShape shape);
double evaluate_constant(const FormNodeView& node, const FormInput& input, std::span<const double> values) noexcept;

Result<void> check_linear_terms(const FormNodeView& node, FormShape shape);
double evaluate_linear_terms(const FormNodeView& node, const FormInput& input, std::span<const double> values) noexcept;

Result<void> check_linear_features(const FormNodeView& node, FormShape shape);
double evaluate_linear_features(const FormNodeView& node, const FormInput& input,
                                std::span<const double> values) noexcept;

Result<void> check_trees(const FormNodeView& node, FormShape shape);
double evaluate_trees(const FormNodeView& node, const FormInput& input, std::span<const double> values) noexcept;

Result<void> check_gaussian_process(const FormNodeView& node, FormShape shape);
double evaluate_gaussian_process(const FormNodeView& node, const FormInput& input,
                                 std::span<const double> values) noexcept;

Result<void> check_product(const FormNodeView& node, FormShape shape);
double evaluate_product(const FormNodeView& node, const FormInput& input, std::span<const double> values) noexcept;

Result<void> check_mean(const FormNodeView& node, FormShape shape);
double evaluate_mean(const FormNodeView& node, const FormInput& input, std::span<const double> values) noexcept;

Result<void> check_neighbours(const FormNodeView& node, FormShape shape);
double evaluate_neighbours(const FormNodeView& node, const FormInput& input, std::span<const double> values) noexcept;

Result<void> check_linear_sparse(const FormNodeView& node, FormShape shape);
double evaluate_linear_sparse(const FormNodeView& node, const FormInput& input, std::span<const double> values) noexcept;

Result<void> check_quadratic(const FormNodeView& node, FormShape shape);
double evaluate_quadratic(const FormNodeView& node, const FormInput& input, std::span<const double> values) noexcept;

Result<void> check_dense(const FormNodeView& node, FormShape shape);
double evaluate_dense(const FormNodeView& node, const FormInput& input, std::span<const double> values) noexcept;

inline tl::unexpected<Error> bad_form(const char* what) { return fail(Errc::corrupt, what); }

}  // namespace latcast::forms
