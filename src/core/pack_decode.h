// The bytes of a pack -> plain values, checked. Big arrays stay where they are and are returned as views.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "core/pack_content.h"
#include "core/plan.h"

namespace latcast::detail {

struct DecodedPack {
  PackContent content;                            // forms and the references' ONNX bytes are left empty
  std::vector<std::vector<DecodedKernel>> forms;  // per type, per kernel
  std::vector<TypePlan> plans;                    // per type
  double unknown_factor = 1;                      // KernelPlan::interval_factor where there is no model
  std::vector<std::span<const std::uint8_t>> reference_onnx;
};

/// Verifies everything: seal, structure, programs, forms, finite numbers. Views point into `bytes`, which must be
/// aligned to 8 and outlive them. Errc::corrupt, Errc::mismatch (another format), Errc::unsupported (a newer form).
[[nodiscard]] Result<DecodedPack> decode_pack(std::span<const std::uint8_t> bytes);

/// The owning copy of a decoded pack.
[[nodiscard]] PackContent own(const DecodedPack& decoded);

}  // namespace latcast::detail
