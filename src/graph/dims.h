// Lengths of axes, or numbers of axes: shapes, permutations, pads.
#pragma once

#include <cstdint>

#include "graph/inline_vector.h"

namespace latcast {

using Dims = InlineVector<std::int64_t, 6>;

}  // namespace latcast
