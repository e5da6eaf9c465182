// What convolutional families share.
#pragma once

#include <algorithm>
#include <cstdint>

#include "measure/carriers/net.h"

namespace latcast::carriers {

inline bool roomy(const Value& x, std::int64_t least) { return x.dims[2] >= least && x.dims[3] >= least; }

inline std::int64_t part(std::int64_t c, std::int64_t n) { return std::max<std::int64_t>(1, c / n); }

/// A stride of 2 now and then, where the map is large enough.
std::int64_t maybe_stride(Net& net, const Value& x, double probability = 0.35);

/// What a residual block adds: x itself, or brought to `out` channels and the stride.
Value shortcut(Net& net, const Value& x, std::int64_t out, std::int64_t stride);

Value add_act(Net& net, const Value& a, const Value& b, Act kind);

/// Two convolutions and the residual; se: with squeeze-excite.
Value basic_block(Net& net, const Value& x, std::int64_t out, std::int64_t stride, std::int64_t kernel, Act a, bool se);

}  // namespace latcast::carriers
