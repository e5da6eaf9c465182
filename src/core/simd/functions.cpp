#include <cmath>
#include <cstring>
#include <limits>

#include "core/simd/simd.h"

#if defined(__x86_64__) && (defined(__GNUC__) || defined(__clang__))
#define LATCAST_HAS_AVX2 1
#include <immintrin.h>
#else
#define LATCAST_HAS_AVX2 0
#endif

namespace latcast::simd {
namespace {

/// In memory they lie as their elements do, aligned like them.
using Vec = double __attribute__((vector_size(32), may_alias));
using Vec32 = float __attribute__((vector_size(16), may_alias));
using Wide32 = float __attribute__((vector_size(32), may_alias));
using Mask = decltype(Vec{} < Vec{});
using Bits = std::uint64_t __attribute__((vector_size(32), may_alias));
using Bits32 = std::uint32_t __attribute__((vector_size(32), may_alias));
static_assert(sizeof(Vec) == kLanes * sizeof(double) && sizeof(Wide32) == kTile * sizeof(float));

constexpr double kMost = std::numeric_limits<double>::max();

namespace plain {
#define LATCAST_SIMD
#define LATCAST_AVX2 0
#include "core/simd/functions.inl"
#undef LATCAST_SIMD
#undef LATCAST_AVX2
}  // namespace plain

#if LATCAST_HAS_AVX2
namespace avx2 {
#define LATCAST_SIMD __attribute__((target("avx2,fma")))
#define LATCAST_AVX2 1
#include "core/simd/functions.inl"
#undef LATCAST_SIMD
#undef LATCAST_AVX2
}  // namespace avx2
#endif

const Functions* for_this_cpu() noexcept {
#if LATCAST_HAS_AVX2
  __builtin_cpu_init();
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return &avx2::kFunctions;
#endif
  return &kPlain;
}

}  // namespace

constinit const Functions kPlain = plain::kFunctions;

namespace detail {
constinit const Functions* best = &kPlain;
}

namespace {
[[maybe_unused]] const bool kChosen = ((detail::best = for_this_cpu()), true);
}

}  // namespace latcast::simd
