// What ONNX Runtime's optimizer does for its CPU provider, level by level, in its order. Facts about its rewritings
// were read from its public source and checked against what it makes of probes (tests/rules).
#pragma once

#include <array>
#include <span>

#include "rules/rule.h"

namespace latcast::rules::onnxruntime {

inline constexpr std::string_view kMicrosoft = "com.microsoft";
inline constexpr std::string_view kNchwc = "com.microsoft.nchwc";

[[nodiscard]] std::span<const Stage> stages();

inline constexpr std::array<std::string_view, 2> kReorders = {"ReorderInput", "ReorderOutput"};
/// Of what MLAS computes in vectors: 16 channels with AVX-512, 8 with AVX. With SME, convolutions get a layout that no
/// rule knows.
[[nodiscard]] int block(std::string_view cpu_features);

/// The file is not newer than the engine, which has kernels for its operators in their types.
[[nodiscard]] Result<void> check_file(const onnx::Model& file, const Graph& graph, const EngineTarget& target);

inline constexpr EngineRules kRules = {"onnxruntime", "1.31.1", 1019, block, stages, kReorders, check_file};

// Before the levels: operators that the provider has no kernel for, as their definition writes them.
std::size_t write_out_functions(Graph& graph, const EngineTarget& target);

// Level 1: standard operators only.
std::size_t remove_identities(Graph& graph, const EngineTarget& target);
std::size_t fold_constants(Graph& graph, const EngineTarget& target);
std::size_t share_constants(Graph& graph, const EngineTarget& target);
std::size_t share_equal_nodes(Graph& graph, const EngineTarget& target);
std::size_t add_into_convolution(Graph& graph, const EngineTarget& target);
std::size_t multiply_into_convolution(Graph& graph, const EngineTarget& target);
std::size_t normalise_into_convolution(Graph& graph, const EngineTarget& target);
std::size_t pad_into_window(Graph& graph, const EngineTarget& target);
std::size_t relu_into_clip(Graph& graph, const EngineTarget& target);
std::size_t matmul_and_add(Graph& graph, const EngineTarget& target);
std::size_t remaining_matmul_and_add(Graph& graph, const EngineTarget& target);
std::size_t push_transposes(Graph& graph, const EngineTarget& target);
std::size_t reshapes_in_a_row(Graph& graph, const EngineTarget& target);
std::size_t standard_gelu(Graph& graph, const EngineTarget& target);
std::size_t standard_layer_norm(Graph& graph, const EngineTarget& target);
std::size_t multiply_by_quotient(Graph& graph, const EngineTarget& target);

// Level 2: the provider's own operators.
std::size_t push_transposes_again(Graph& graph, const EngineTarget& target);
std::size_t activate_gemm(Graph& graph, const EngineTarget& target);
std::size_t activate_convolution(Graph& graph, const EngineTarget& target);
std::size_t gelu(Graph& graph, const EngineTarget& target);
std::size_t layer_norm(Graph& graph, const EngineTarget& target);
std::size_t simplified_layer_norm(Graph& graph, const EngineTarget& target);
std::size_t parts_to_split(Graph& graph, const EngineTarget& target);
std::size_t transpose_in_matmul(Graph& graph, const EngineTarget& target);
std::size_t bias_gelu(Graph& graph, const EngineTarget& target);
std::size_t skip_layer_norm(Graph& graph, const EngineTarget& target);
std::size_t fast_gelu(Graph& graph, const EngineTarget& target);
std::size_t quick_gelu(Graph& graph, const EngineTarget& target);
std::size_t scale_in_matmul(Graph& graph, const EngineTarget& target);

// Level 3: layout.
std::size_t block_channels(Graph& graph, const EngineTarget& target);
std::size_t add_to_convolution(Graph& graph, const EngineTarget& target);

}  // namespace latcast::rules::onnxruntime
