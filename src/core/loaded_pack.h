// What a Pack points to: the mapping (or a copy of the bytes) and everything decoded from it.
#pragma once

#include <cstdint>
#include <vector>

#include "core/mapped_file.h"
#include "core/pack_decode.h"

namespace latcast::detail {

struct LoadedPack {
  MappedFile file;                  // one of these two holds the bytes that the forms point into
  std::vector<std::uint64_t> copy;  // words, for alignment
  DecodedPack decoded;
};

}  // namespace latcast::detail
