// The bytes of a pack -> what forecasts need, checked. Big arrays stay where they are.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/pack_content.h"
#include "core/plan.h"

namespace latcast::detail {

struct DecodedKernel {
  std::string_view name;
  double error = 0;
  std::uint32_t samples = 0;
};

struct DecodedType {
  std::string_view name;
  std::vector<std::string> parameters;
  std::vector<DecodedKernel> kernels;
  TypePlan plan;
};

/// What forecasts need; the rest (texts of expressions, candidates, references) is read by own() only.
struct DecodedPack {
  PackInfo info;
  std::vector<DecodedType> types;
  NetworkCorrector network;
  std::span<const std::uint8_t> content;  // the verified FlatBuffer
};

/// Verifies everything: seal, structure, programs, forms, finite numbers. Views point into `bytes`, which must be
/// aligned to 8 and outlive them. Errc::corrupt, Errc::mismatch (another format), Errc::unsupported (a newer form).
[[nodiscard]] Result<DecodedPack> decode_pack(std::span<const std::uint8_t> bytes);

/// Everything that the pack holds, as owning values.
[[nodiscard]] PackContent own(const DecodedPack& decoded);

}  // namespace latcast::detail
