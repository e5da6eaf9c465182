// The functions of simd.h, included once per kind of CPU: LATCAST_SIMD is the attribute of that kind, LATCAST_AVX2
// whether its intrinsics may be used. No lambdas here: they would not inherit the attribute.

// clang-format off: each needs those before it
#include "core/simd/vectors.inl"
#include "core/simd/arrays.inl"
#include "core/simd/kernels.inl"
#include "core/simd/layers.inl"
#include "core/simd/trees.inl"
#include "core/simd/programs.inl"
// clang-format on

constexpr Functions kFunctions = {
    .log_features = log_features,
    .exponentials = exponentials,
    .exponential = exponential,
    .any_outside = any_outside,
    .all_finite = all_finite,
    .all_finite32 = all_finite32,
    .dot = dot,
    .squared_exponential = squared_exponential,
    .matern52 = matern52,
    .squared_exponential_single = squared_exponential_single,
    .matern52_single = matern52_single,
    .distances = distances,
    .layer = layer,
    .layer_single = layer_single,
    .rounded = rounded,
    .silu = silu,
    .dot_single = dot_single,
    .trees = trees,
    .to_columns = to_columns,
    .log_rows = log_rows,
    .mark_outside = mark_outside,
    .add_scaled = add_scaled,
    .dot_rows = dot_rows,
    .trees_rows = trees_rows,
    .run = run,
    .run_rows = run_rows,
};
