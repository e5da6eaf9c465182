#include "rules/onnxruntime/stages.h"

#include <array>

#include "rules/onnxruntime/versions.h"

namespace latcast::rules::onnxruntime {
namespace {

constexpr int kRounds = 10;  // the optimizer's own limit

constexpr std::array kFunctions = {Rule{"functions", write_out_functions, {"HardSwish"}},
                                   Rule{"functions", write_out_functions, {"Mish"}}};

constexpr std::array kBasic = {
    Rule{"identities", remove_identities},
    Rule{"relu into clip", relu_into_clip, {"Relu", "Clip"}},
    Rule{"add into convolution", add_into_convolution, {"Conv", "Add"}},
    Rule{"multiply into convolution", multiply_into_convolution, {"Conv", "Mul"}},
    Rule{"batch norm into convolution", normalise_into_convolution, {"Conv", "BatchNormalization"}},
    Rule{"pad into window", pad_into_window, {"Pad"}},
    Rule{"multiply by quotient", multiply_by_quotient, {"Div", "Mul"}},
    Rule{"equal constants", share_constants},
    Rule{"equal nodes", share_equal_nodes},
    Rule{"constant folding", fold_constants},
    Rule{"matmul and add", matmul_and_add, {"MatMul", "Add"}},
    Rule{"reshapes in a row", reshapes_in_a_row, {"Reshape"}, since::kReshapesInARow},
    Rule{"gelu", standard_gelu, {"Erf"}},
    Rule{"layer norm", standard_layer_norm, {"ReduceMean", "Sqrt"}},
    Rule{"transposes", push_transposes, {"Transpose"}},
};

/// When it is known that the provider takes all nodes.
constexpr std::array kAssigned = {
    Rule{"transposes again", push_transposes_again, {"Transpose"}},
};

constexpr std::array kExtended = {
    Rule{"gemm and activation", activate_gemm, {"Gemm"}},
    Rule{"convolution and activation", activate_convolution, {"Conv"}},
    Rule{"gelu", gelu, {"Erf"}},
    Rule{"layer norm", layer_norm, {"ReduceMean", "Sqrt"}},
    Rule{"simplified layer norm", simplified_layer_norm, {"ReduceMean", "Sqrt"}},
    Rule{"remaining matmul and add", remaining_matmul_and_add, {"MatMul", "Add"}},
    Rule{"parts to split", parts_to_split},
    Rule{"transpose in matmul", transpose_in_matmul, {"Transpose"}},
    Rule{"bias and gelu", bias_gelu, {"Add"}},
    Rule{"skip and layer norm", skip_layer_norm, {"LayerNormalization", "Add"}},
    Rule{"fast gelu", fast_gelu, {"Tanh"}},
    Rule{"quick gelu", quick_gelu, {"Sigmoid", "Mul"}},
    Rule{"scale in matmul", scale_in_matmul},
};

constexpr std::array kLayout = {
    Rule{"blocked channels", block_channels},
    Rule{"convolution and add", add_to_convolution, {"Conv", "Add"}},
};

constexpr std::array kStages = {
    Stage{"functions", kFunctions, Level::none, 1}, Stage{"basic", kBasic, Level::basic, kRounds},
    Stage{"assigned", kAssigned, Level::basic, 1},  Stage{"extended", kExtended, Level::extended, kRounds},
    Stage{"layout", kLayout, Level::all, 1},
};

}  // namespace

std::span<const Stage> stages() { return kStages; }

int block(std::string_view cpu_features) {
  if (has_word(cpu_features, "sme")) return -1;
  return has_word(cpu_features, "avx512f") ? 16 : has_word(cpu_features, "avx") ? 8 : 0;
}

}  // namespace latcast::rules::onnxruntime
