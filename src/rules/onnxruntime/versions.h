// From which version on the engine rewrites what. Found by comparing the probes with what 1.19 to 1.31 make of them
// (docs/rules.md); what is not named here holds for all of these.
#pragma once

namespace latcast::rules::onnxruntime::since {

/// As EngineTarget::version.
inline constexpr int kReshapesInARow = 1021;        // become one
inline constexpr int kPadIntoPlainWindow = 1021;    // that has none of its own, or counts it in averages
inline constexpr int kReshapesAroundGemm = 1021;    // where a product and its sum have other than two axes
inline constexpr int kGemmLeakyRelu = 1025;         // of operator set 16 and newer: computed by the product before it
inline constexpr int kLateBatchNorm = 1025;         // of operator set 15 and newer: stays in the blocked layout
inline constexpr int kLateResize = 1025;            // of operator set 18 and newer: the same
inline constexpr int kBlockedScale = 1025;          // a product with one value per channel is a blocked convolution
inline constexpr int kBlockedActivations = 1025;    // HardSigmoid, Gelu and QuickGelu stay in the blocked layout
inline constexpr int kTransposeAfterGelu = 1025;    // transposes are pushed through Gelu
inline constexpr int kTransposeAfterGather = 1028;  // transposes are pushed through Gather
inline constexpr int kTransposeAfterSplit = 1029;   // and behind a reshape that splits axes
inline constexpr int kPlainCeilPools = 1029;        // average pools that count padding and round up are not blocked
inline constexpr int kConvolutionHardSwish = 1030;  // a blocked convolution computes HardSwish along with itself
inline constexpr int kTransposeAfterElu = 1030;     // transposes are pushed through Elu

}  // namespace latcast::rules::onnxruntime::since
