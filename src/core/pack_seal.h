// The last 24 bytes of a pack: format version and checksum, looked at before anything else is believed.
//
// Stored values, never to change: hash (u64), size of the sealed bytes (u64), format (u32), magic "LPK1" (u32), all
// little-endian.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "latcast/result.h"

namespace latcast::detail {

/// Raised when readers of the old format would misread the new one.
inline constexpr std::uint32_t kPackFormat = 4;

/// 64-bit hash for accidental damage (not against forgery): multiply-mix over 8-byte words.
[[nodiscard]] std::uint64_t content_hash(std::span<const std::uint8_t> bytes) noexcept;

void seal(std::vector<std::uint8_t>& bytes, std::uint32_t format = kPackFormat);

/// The sealed bytes. Errc::corrupt: not a pack, or damaged; Errc::mismatch: another format version.
[[nodiscard]] Result<std::span<const std::uint8_t>> open_seal(std::span<const std::uint8_t> bytes);

}  // namespace latcast::detail
