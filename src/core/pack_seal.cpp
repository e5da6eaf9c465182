#include "core/pack_seal.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <string>

namespace latcast::detail {
namespace {

static_assert(std::endian::native == std::endian::little, "packs are mapped as they are: little-endian hosts only");

constexpr std::uint32_t kMagic = 0x314b504c;  // "LPK1"

struct Trailer {
  std::uint64_t hash = 0;
  std::uint64_t size = 0;
  std::uint32_t format = 0;
  std::uint32_t magic = kMagic;
};
static_assert(sizeof(Trailer) == 24);

std::uint64_t mix(std::uint64_t state, std::uint64_t word) noexcept {
  state = (state ^ word) * 0x9e3779b97f4a7c15ULL;
  return state ^ (state >> 29U);
}

}  // namespace

std::uint64_t content_hash(std::span<const std::uint8_t> bytes) noexcept {
  // Four independent chains, so that the multiplications overlap.
  std::array<std::uint64_t, 4> lanes = {0x6c61746361737421ULL ^ bytes.size(), 1, 2, 3};
  std::array<std::uint64_t, 4> words;
  for (; bytes.size() >= sizeof(words); bytes = bytes.subspan(sizeof(words))) {
    std::memcpy(words.data(), bytes.data(), sizeof(words));
    for (std::size_t i = 0; i < words.size(); ++i) lanes[i] = mix(lanes[i], words[i]);
  }
  if (!bytes.empty()) {
    words = {};
    std::memcpy(words.data(), bytes.data(), bytes.size());
    for (std::size_t i = 0; i < words.size(); ++i) lanes[i] = mix(lanes[i], words[i]);
  }
  return mix(mix(mix(mix(0, lanes[0]), lanes[1]), lanes[2]), lanes[3]);
}

void seal(std::vector<std::uint8_t>& bytes, std::uint32_t format) {
  const Trailer trailer{content_hash(bytes), bytes.size(), format, kMagic};
  const std::size_t size = bytes.size();
  bytes.resize(size + sizeof(Trailer));
  std::memcpy(bytes.data() + size, &trailer, sizeof(Trailer));
}

Result<std::span<const std::uint8_t>> open_seal(std::span<const std::uint8_t> bytes) {
  Trailer trailer;
  if (bytes.size() < sizeof(Trailer)) return fail(Errc::corrupt, "not a latcast pack (too short)");
  std::memcpy(&trailer, bytes.data() + bytes.size() - sizeof(Trailer), sizeof(Trailer));
  if (trailer.magic != kMagic) return fail(Errc::corrupt, "not a latcast pack, or cut short");
  if (trailer.format != kPackFormat) {
    return fail(Errc::mismatch, "the pack has format " + std::to_string(trailer.format) +
                                    ", this latcast reads format " + std::to_string(kPackFormat) +
                                    ": train again with this version");
  }
  const std::span<const std::uint8_t> content = bytes.first(bytes.size() - sizeof(Trailer));
  if (trailer.size != content.size() || trailer.hash != content_hash(content)) {
    return fail(Errc::corrupt, "the pack is damaged (its checksum does not match): copy it again or train again");
  }
  return content;
}

}  // namespace latcast::detail
