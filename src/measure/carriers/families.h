// The families of carriers and what plans need to know of each.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "measure/carriers/net.h"

namespace latcast::carriers {

/// What a family is a variant of: plans alternate kinds. Their order is part of what a plan's seed means.
enum class FamilyKind : std::uint8_t { attention, cnn, head, hybrid, operators, mlp, mobile, modern, sequence };

struct Family {
  std::string_view name;
  FamilyKind kind;
  double weight;  // its share of a plan
  double cost;    // factor on the size range: below 1 for families whose nodes cost much more time than their MACs say
  void (*build)(Net&);
  bool probe = false;  // Carrier::probe
};

inline constexpr bool kProbe = true;

[[nodiscard]] std::span<const Family> cnn_families();
[[nodiscard]] std::span<const Family> branch_families();
[[nodiscard]] std::span<const Family> convolution_families();
[[nodiscard]] std::span<const Family> mobile_families();
[[nodiscard]] std::span<const Family> modern_families();
[[nodiscard]] std::span<const Family> attention_families();
[[nodiscard]] std::span<const Family> hybrid_families();
[[nodiscard]] std::span<const Family> mlp_families();
[[nodiscard]] std::span<const Family> text_families();
[[nodiscard]] std::span<const Family> sequence_families();
[[nodiscard]] std::span<const Family> elementwise_probes();
[[nodiscard]] std::span<const Family> movement_probes();
[[nodiscard]] std::span<const Family> layer_probes();
[[nodiscard]] std::span<const Family> logic_probes();
[[nodiscard]] std::span<const Family> signal_families();
[[nodiscard]] std::span<const Family> image_families();

}  // namespace latcast::carriers
