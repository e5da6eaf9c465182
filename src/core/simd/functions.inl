// The functions of simd.h, included once per kind of CPU: LATCAST_SIMD is the attribute of that kind, LATCAST_AVX2
// whether its intrinsics may be used. No lambdas here: they would not inherit the attribute.

LATCAST_SIMD inline Vec load(const double* from) {
  Vec out;
  __builtin_memcpy(&out, from, sizeof(out));
  return out;
}

/// As __builtin_convertvector, which compilers take apart.
LATCAST_SIMD inline Vec wide(Vec32 x) {
#if LATCAST_AVX2
  return __builtin_bit_cast(Vec, _mm256_cvtps_pd(__builtin_bit_cast(__m128, x)));
#else
  return __builtin_convertvector(x, Vec);
#endif
}

LATCAST_SIMD inline Vec32 narrow(Vec x) {
#if LATCAST_AVX2
  return __builtin_bit_cast(Vec32, _mm256_cvtpd_ps(__builtin_bit_cast(__m256d, x)));
#else
  return __builtin_convertvector(x, Vec32);
#endif
}

LATCAST_SIMD inline Vec load(const float* from) {
  Vec32 out;
  __builtin_memcpy(&out, from, sizeof(out));
  return wide(out);
}

LATCAST_SIMD inline void store(double* to, Vec value) { __builtin_memcpy(to, &value, sizeof(value)); }

LATCAST_SIMD inline Vec all(double x) { return Vec{x, x, x, x}; }

LATCAST_SIMD inline Vec choose(Mask mask, Vec yes, Vec no) {
#if LATCAST_AVX2
  return __builtin_bit_cast(Vec, _mm256_blendv_pd(__builtin_bit_cast(__m256d, no), __builtin_bit_cast(__m256d, yes),
                                                  __builtin_bit_cast(__m256d, mask)));
#else
  return __builtin_bit_cast(Vec, (__builtin_bit_cast(Mask, yes) & mask) | (__builtin_bit_cast(Mask, no) & ~mask));
#endif
}

/// `value`, or 0 where the mask is not set.
LATCAST_SIMD inline Vec only_where(Mask mask, Vec value) {
  return __builtin_bit_cast(Vec, __builtin_bit_cast(Mask, value) & mask);
}

LATCAST_SIMD inline Vec truth(Mask mask) { return only_where(mask, all(1.0)); }

/// b < a ? b : a, as std::min; the instruction gives its second operand where the comparison fails.
LATCAST_SIMD inline Vec minimum(Vec a, Vec b) {
#if LATCAST_AVX2
  return __builtin_bit_cast(Vec, _mm256_min_pd(__builtin_bit_cast(__m256d, b), __builtin_bit_cast(__m256d, a)));
#else
  return choose(b < a, b, a);
#endif
}

LATCAST_SIMD inline Vec maximum(Vec a, Vec b) {
#if LATCAST_AVX2
  return __builtin_bit_cast(Vec, _mm256_max_pd(__builtin_bit_cast(__m256d, b), __builtin_bit_cast(__m256d, a)));
#else
  return choose(a < b, b, a);
#endif
}

LATCAST_SIMD inline Vec absolute(Vec x) {
  return __builtin_bit_cast(Vec, __builtin_bit_cast(Mask, x) & 0x7fffffffffffffffLL);
}

LATCAST_SIMD inline Vec square_root(Vec x) {
#if LATCAST_AVX2
  return __builtin_bit_cast(Vec, _mm256_sqrt_pd(__builtin_bit_cast(__m256d, x)));
#else
  return Vec{__builtin_sqrt(x[0]), __builtin_sqrt(x[1]), __builtin_sqrt(x[2]), __builtin_sqrt(x[3])};
#endif
}

LATCAST_SIMD inline Vec ceiling(Vec x) {
#if LATCAST_AVX2
  return __builtin_bit_cast(Vec, _mm256_ceil_pd(__builtin_bit_cast(__m256d, x)));
#else
  return Vec{__builtin_ceil(x[0]), __builtin_ceil(x[1]), __builtin_ceil(x[2]), __builtin_ceil(x[3])};
#endif
}

LATCAST_SIMD inline Vec floor(Vec x) {
#if LATCAST_AVX2
  return __builtin_bit_cast(Vec, _mm256_floor_pd(__builtin_bit_cast(__m256d, x)));
#else
  return Vec{__builtin_floor(x[0]), __builtin_floor(x[1]), __builtin_floor(x[2]), __builtin_floor(x[3])};
#endif
}

/// In a fixed order.
LATCAST_SIMD inline double sum_of(Vec x) { return (x[0] + x[1]) + (x[2] + x[3]); }

LATCAST_SIMD inline Wide32 load_wide(const float* from) {
  Wide32 out;
  __builtin_memcpy(&out, from, sizeof(out));
  return out;
}

LATCAST_SIMD inline Wide32 all_wide(float x) { return Wide32{x, x, x, x, x, x, x, x}; }

LATCAST_SIMD inline Vec low_half(Wide32 x) { return wide(__builtin_shufflevector(x, x, 0, 1, 2, 3)); }
LATCAST_SIMD inline Vec high_half(Wide32 x) { return wide(__builtin_shufflevector(x, x, 4, 5, 6, 7)); }

/// b < a ? b : a.
LATCAST_SIMD inline Wide32 minimum(Wide32 a, Wide32 b) {
#if LATCAST_AVX2
  return __builtin_bit_cast(Wide32, _mm256_min_ps(__builtin_bit_cast(__m256, b), __builtin_bit_cast(__m256, a)));
#else
  const auto mask = b < a;
  using Mask32 = decltype(b < a);
  return __builtin_bit_cast(Wide32, (__builtin_bit_cast(Mask32, b) & mask) | (__builtin_bit_cast(Mask32, a) & ~mask));
#endif
}

LATCAST_SIMD inline Wide32 square_root(Wide32 x) {
#if LATCAST_AVX2
  return __builtin_bit_cast(Wide32, _mm256_sqrt_ps(__builtin_bit_cast(__m256, x)));
#else
  for (std::size_t i = 0; i < kTile; ++i) x[i] = __builtin_sqrtf(x[i]);
  return x;
#endif
}

/// a x b + c, rounded once where the CPU can.
LATCAST_SIMD inline Wide32 fused(Wide32 a, Wide32 b, Wide32 c) {
#if LATCAST_AVX2
  return __builtin_bit_cast(Wide32, _mm256_fmadd_ps(__builtin_bit_cast(__m256, a), __builtin_bit_cast(__m256, b),
                                                    __builtin_bit_cast(__m256, c)));
#else
  return a * b + c;
#endif
}

/// log2 of numbers >= 1: exponent, and the series of artanh for a mantissa in [sqrt(1/2), sqrt(2)).
LATCAST_SIMD inline Vec log2_from_one(Vec y) {
  const Bits bits = __builtin_bit_cast(Bits, y);
  const Bits exponent = (bits - 0x3fe6a09e667f3bcdULL) >> 52U;
  const Vec mantissa = __builtin_bit_cast(Vec, bits - (exponent << 52U));
  const Vec whole = __builtin_bit_cast(Vec, exponent | 0x4330000000000000ULL) - 0x1p52;
  const Vec s = (mantissa - 1.0) / (mantissa + 1.0);
  const Vec z = s * s, zz = z * z;
  constexpr double k = 2.8853900817779268;  // 2 / ln 2
  const Vec even = ((((k / 17) * zz + k / 13) * zz + k / 9) * zz + k / 5) * zz + k;
  const Vec odd = (((k / 15) * zz + k / 11) * zz + k / 7) * zz + k / 3;
  return whole + s * (even + z * odd);
}

/// exp within about 1e-15, for arguments in +-708: 2^k times the series of the rest.
LATCAST_SIMD inline Vec exponential(Vec x) {
  constexpr double kMagic = 0x1.8p52;  // adding it rounds to whole numbers and leaves them in the low bits
  const Vec shifted = x * 1.4426950408889634 + kMagic;
  const Vec k = shifted - kMagic;
  const Vec r = (x - k * 0x1.62e42feep-1) - k * 0x1.a39ef35793c76p-33;
  const Vec rr = r * r;
  const Vec even =
      ((((rr * (1.0 / 479001600) + 1.0 / 3628800) * rr + 1.0 / 40320) * rr + 1.0 / 720) * rr + 1.0 / 24) * rr + 0.5;
  const Vec odd =
      ((((rr * (1.0 / 39916800) + 1.0 / 362880) * rr + 1.0 / 5040) * rr + 1.0 / 120) * rr + 1.0 / 6) * rr + 1.0;
  const Vec power = __builtin_bit_cast(Vec, (__builtin_bit_cast(Bits, shifted) + 1023U) << 52U);
  return (1.0 + (rr * even + r * odd)) * power;
}

/// exp within about 2e-7, for arguments in +-87.
LATCAST_SIMD inline Wide32 exponential(Wide32 x) {
  constexpr float kMagic = 0x1.8p23F;
  const Wide32 shifted = fused(x, all_wide(1.44269504F), all_wide(kMagic));
  const Wide32 k = shifted - kMagic;
  const Wide32 r = fused(k, all_wide(-0x1.7f7d1cp-20F), fused(k, all_wide(-0x1.62e4p-1F), x));
  const Wide32 rr = r * r;
  const Wide32 even = fused(fused(rr, all_wide(1.0F / 720), all_wide(1.0F / 24)), rr, all_wide(0.5F));
  const Wide32 high = fused(fused(rr, all_wide(1.0F / 5040), all_wide(1.0F / 120)), rr, all_wide(1.0F / 6));
  const Wide32 odd = fused(high, rr, all_wide(1.0F));
  const Wide32 power = __builtin_bit_cast(Wide32, (__builtin_bit_cast(Bits32, shifted) + 127U) << 23U);
  return fused(fused(rr, even, r * odd), power, power);
}

LATCAST_SIMD void log_features(const double* in, double* out, std::size_t count) noexcept {
  for (std::size_t i = 0; i < count; i += kLanes) {
    store(out + i, log2_from_one(1.0 + maximum(all(0.0), load(in + i))));
  }
}

LATCAST_SIMD void exponentials(double* numbers, std::size_t count) noexcept {
  for (std::size_t i = 0; i < count; i += kLanes) {
    store(numbers + i, exponential(minimum(maximum(load(numbers + i), all(-708.0)), all(708.0))));
  }
}

LATCAST_SIMD double exponential(double number) noexcept {
  return exponential(minimum(maximum(all(number), all(-708.0)), all(708.0)))[0];
}

LATCAST_SIMD bool any_outside(const double* numbers, const double* low, const double* high,
                              std::size_t count) noexcept {
  Mask out = {};
  for (std::size_t i = 0; i < count; i += kLanes) {
    const Vec x = load(numbers + i);
    out |= (x < load(low + i)) | (x > load(high + i));
  }
  return (out[0] | out[1] | out[2] | out[3]) != 0;
}

LATCAST_SIMD bool all_finite(const double* numbers, std::size_t count) noexcept {
  std::size_t i = 0;
  Vec sum = {};  // x - x is 0, or NaN where x is not finite
  for (; i + kLanes <= count; i += kLanes) sum += load(numbers + i) - load(numbers + i);
  for (; i < count; ++i) sum[0] += numbers[i] - numbers[i];
  return sum_of(sum) == 0.0;
}

LATCAST_SIMD bool all_finite32(const float* numbers, std::size_t count) noexcept {
  std::size_t i = 0;
  Wide32 sum = {};
  for (; i + kTile <= count; i += kTile) {
    Wide32 x;
    __builtin_memcpy(&x, numbers + i, sizeof(x));
    sum += x - x;
  }
  float rest = 0.0F;
  for (; i < count; ++i) rest += numbers[i] - numbers[i];
  for (std::size_t lane = 0; lane < kTile; ++lane) rest += sum[lane];
  return rest == 0.0F;
}

/// The squared distances of one tile.
LATCAST_SIMD inline void tile_distances(const double* tile, std::size_t dimensions, const double* point, Vec& first,
                                        Vec& second) {
  first = second = Vec{};
  for (std::size_t j = 0; j < dimensions; ++j, tile += kTile) {
    const Vec x = all(point[j]);
    const Vec a = x - load(tile), b = x - load(tile + kLanes);
    first += a * a;
    second += b * b;
  }
}

LATCAST_SIMD void distances(const Points& points, std::size_t tile, const double* point, double* out) noexcept {
  Vec first, second;
  tile_distances(points.numbers + tile * kTile * points.dimensions, points.dimensions, point, first, second);
  store(out, first);
  store(out + kLanes, second);
}

/// The squared distances of a few tiles, in single precision.
template <std::size_t Tiles>
LATCAST_SIMD inline void tile_distances(const float* tile, std::size_t dimensions, const float* point, Wide32* out) {
#pragma GCC unroll 4
  for (std::size_t t = 0; t < Tiles; ++t) out[t] = Wide32{};
  for (std::size_t j = 0; j < dimensions; ++j, tile += kTile) {
    const Wide32 x = all_wide(point[j]);
#pragma GCC unroll 4
    for (std::size_t t = 0; t < Tiles; ++t) {
      const Wide32 apart = x - load_wide(tile + t * kTile * dimensions);
      out[t] = fused(apart, apart, out[t]);
    }
  }
}

LATCAST_SIMD inline Vec squared_exponential_of(Vec squared) {
  return exponential(maximum(-0.5 * squared, all(-708.0)));
}
LATCAST_SIMD inline Wide32 squared_exponential_of(Wide32 squared) {
  return exponential(-0.5F * minimum(squared, all_wide(174.0F)));
}

LATCAST_SIMD inline Vec matern52_of(Vec squared) {
  const Vec r = square_root(5.0 * squared);
  return (1.0 + r + r * r * (1.0 / 3.0)) * exponential(maximum(-r, all(-708.0)));
}
LATCAST_SIMD inline Wide32 matern52_of(Wide32 squared) {
  const Wide32 r = square_root(minimum(5.0F * squared, all_wide(87.0F * 87.0F)));
  return fused(r, fused(r, all_wide(1.0F / 3.0F), all_wide(1.0F)), all_wide(1.0F)) * exponential(-r);
}

#define LATCAST_KERNEL_SUM(name)                                                                                   \
  LATCAST_SIMD double name(const Points& centres, const double* weights, const double* point) noexcept {           \
    Vec sum = {};                                                                                                  \
    const double* tile = centres.numbers;                                                                          \
    for (std::size_t t = 0; t < centres.tiles; ++t, tile += kTile * centres.dimensions, weights += kTile) {        \
      Vec first, second;                                                                                           \
      tile_distances(tile, centres.dimensions, point, first, second);                                              \
      sum += load(weights) * name##_of(first) + load(weights + kLanes) * name##_of(second);                        \
    }                                                                                                              \
    return sum_of(sum);                                                                                            \
  }                                                                                                                \
  template <std::size_t Tiles>                                                                                     \
  LATCAST_SIMD inline Vec name##_of_tiles(const float* tile, std::size_t dimensions, const double* weights,        \
                                          const float* point) {                                                    \
    Wide32 squared[Tiles];                                                                                         \
    tile_distances<Tiles>(tile, dimensions, point, squared);                                                       \
    Vec sum = {};                                                                                                  \
    for (std::size_t t = 0; t < Tiles; ++t, weights += kTile) {                                                    \
      const Wide32 kernel = name##_of(squared[t]);                                                                 \
      sum += load(weights) * low_half(kernel) + load(weights + kLanes) * high_half(kernel);                        \
    }                                                                                                              \
    return sum;                                                                                                    \
  }                                                                                                                \
  LATCAST_SIMD double name##_single(const Points32& centres, const double* weights, const float* point) noexcept { \
    const std::size_t d = centres.dimensions, size = kTile * d;                                                    \
    const float* tile = centres.numbers;                                                                           \
    Vec sum = {};                                                                                                  \
    std::size_t t = 0;                                                                                             \
    for (; t + 4 <= centres.tiles; t += 4) {                                                                       \
      sum += name##_of_tiles<4>(tile + t * size, d, weights + t * kTile, point);                                   \
    }                                                                                                              \
    for (; t + 2 <= centres.tiles; t += 2) {                                                                       \
      sum += name##_of_tiles<2>(tile + t * size, d, weights + t * kTile, point);                                   \
    }                                                                                                              \
    if (t < centres.tiles) sum += name##_of_tiles<1>(tile + t * size, d, weights + t * kTile, point);              \
    return sum_of(sum);                                                                                            \
  }
LATCAST_KERNEL_SUM(squared_exponential)
LATCAST_KERNEL_SUM(matern52)
#undef LATCAST_KERNEL_SUM

LATCAST_SIMD void rounded(const double* in, float* out, std::size_t count) noexcept {
  for (std::size_t i = 0; i < count; i += kLanes) {
    const Vec32 some = narrow(load(in + i));
    __builtin_memcpy(out + i, &some, sizeof(some));
  }
}

LATCAST_SIMD void silu(float* numbers, std::size_t count) noexcept {
  for (std::size_t i = 0; i < count; i += kTile) {
    const Wide32 x = load_wide(numbers + i);
    const Wide32 kept = -minimum(-minimum(x, all_wide(87.0F)), all_wide(87.0F));
    const Wide32 out = x / (1.0F + exponential(-kept));
    __builtin_memcpy(numbers + i, &out, sizeof(out));
  }
}

LATCAST_SIMD double dot_single(const float* a, const float* b, std::size_t count) noexcept {
  Vec sum = {};
  for (std::size_t i = 0; i < count; i += kTile) {
    const Wide32 products = load_wide(a + i) * load_wide(b + i);
    sum += low_half(products) + high_half(products);
  }
  return sum_of(sum);
}

LATCAST_SIMD inline Vec fused(Vec a, Vec b, Vec c) { return a * b + c; }

/// Vectors of outputs of a layer: as many as `Vectors` says at once, so that additions do not wait for each other.
template <std::size_t Vectors, class Floats, class Number>
LATCAST_SIMD inline void some_outputs(const Number* columns, const Number* bias, const Number* in, std::size_t inputs,
                                      std::size_t outputs, Number* out) {
  constexpr std::size_t kWidth = sizeof(Floats) / sizeof(Number);
  Floats sums[Vectors], column;
  __builtin_memcpy(sums, bias, sizeof(sums));
  for (std::size_t i = 0; i < inputs; ++i, columns += outputs) {
    const Floats x = in[i] - Floats{};
#pragma GCC unroll 6
    for (std::size_t v = 0; v < Vectors; ++v) {
      __builtin_memcpy(&column, columns + v * kWidth, sizeof(column));
      sums[v] = fused(column, x, sums[v]);
    }
  }
  __builtin_memcpy(out, sums, sizeof(sums));
}

template <class Floats, class Number>
LATCAST_SIMD inline void layer_of(const Number* columns, const Number* bias, const Number* in, std::size_t inputs,
                                  std::size_t outputs, Number* out) {
  constexpr std::size_t kWidth = sizeof(Floats) / sizeof(Number);
  for (std::size_t o = 0; o < outputs;) {
    const std::size_t left = (outputs - o) / kWidth;
    const Number* const column = columns + o;
    if (left == 6) {  // a usual width: 48
      some_outputs<6, Floats>(column, bias + o, in, inputs, outputs, out + o);
      o += 6 * kWidth;
    } else if (left >= 4) {
      some_outputs<4, Floats>(column, bias + o, in, inputs, outputs, out + o);
      o += 4 * kWidth;
    } else {
      some_outputs<1, Floats>(column, bias + o, in, inputs, outputs, out + o);
      o += kWidth;
    }
  }
}

LATCAST_SIMD void layer(const double* columns, const double* bias, const double* in, std::size_t inputs,
                        std::size_t outputs, double* out) noexcept {
  layer_of<Vec>(columns, bias, in, inputs, outputs, out);
}

LATCAST_SIMD void layer_single(const float* columns, const float* bias, const float* in, std::size_t inputs,
                               std::size_t outputs, float* out) noexcept {
  layer_of<Wide32>(columns, bias, in, inputs, outputs, out);
}

LATCAST_SIMD double dot(const double* a, const double* b, std::size_t count) noexcept {
  Vec first = {}, second = {};
  for (std::size_t i = 0; i < count; i += kTile) {
    first += load(a + i) * load(b + i);
    second += load(a + i + kLanes) * load(b + i + kLanes);
  }
  return sum_of(first + second);
}

/// Complete trees of one depth from their roots to their leaves, kTile interleaved: each step waits for the one before.
template <std::uint32_t Depth>
LATCAST_SIMD inline double walk_all(const CompleteTrees& trees, const float* features, double sum) {
  constexpr std::size_t kSize = std::size_t{1} << Depth;
  const std::uint8_t* tested = trees.features;
  const float* thresholds = trees.thresholds;
  const float* leaves = trees.leaves;
  const std::uint8_t* const end = tested + trees.groups * kTile * kSize;
  for (; tested != end; tested += kTile * kSize, thresholds += kTile * kSize, leaves += kTile * kSize) {
    std::size_t at[kTile] = {1, 1, 1, 1, 1, 1, 1, 1};
#pragma GCC unroll 8
    for (std::uint32_t step = 0; step < Depth; ++step) {
#pragma GCC unroll 8
      for (std::size_t lane = 0; lane < kTile; ++lane) {
        const float x = features[(tested + lane * kSize)[at[lane]]];
        at[lane] = 2 * at[lane] + static_cast<std::size_t>(!(x < (thresholds + lane * kSize)[at[lane]]));
      }
    }
#pragma GCC unroll 8
    for (std::size_t lane = 0; lane < kTile; ++lane) {
      sum += static_cast<double>((leaves + lane * kSize)[at[lane] - kSize]);
    }
  }
  return sum;
}

LATCAST_SIMD double trees(const CompleteTrees& trees, const float* features, double sum) noexcept {
  switch (trees.depth) {
    case 0:
      return walk_all<0>(trees, features, sum);
    case 1:
      return walk_all<1>(trees, features, sum);
    case 2:
      return walk_all<2>(trees, features, sum);
    case 3:
      return walk_all<3>(trees, features, sum);
    case 4:
      return walk_all<4>(trees, features, sum);
    case 5:
      return walk_all<5>(trees, features, sum);
    default:
      return walk_all<6>(trees, features, sum);
  }
}
static_assert(kMaxTreeDepth == 6);

LATCAST_SIMD void to_columns(const double* const* from, std::size_t count, std::size_t rows, double* out) noexcept {
  for (std::size_t row = 0; row < rows; row += kLanes, from += kLanes, out += kLanes) {
    std::size_t i = 0;
    for (; i + kLanes <= count; i += kLanes) {
      const Vec a = load(from[0] + i), b = load(from[1] + i), c = load(from[2] + i), d = load(from[3] + i);
      const Vec ab = __builtin_shufflevector(a, b, 0, 4, 2, 6), ab_next = __builtin_shufflevector(a, b, 1, 5, 3, 7);
      const Vec cd = __builtin_shufflevector(c, d, 0, 4, 2, 6), cd_next = __builtin_shufflevector(c, d, 1, 5, 3, 7);
      store(out + i * rows, __builtin_shufflevector(ab, cd, 0, 1, 4, 5));
      store(out + (i + 1) * rows, __builtin_shufflevector(ab_next, cd_next, 0, 1, 4, 5));
      store(out + (i + 2) * rows, __builtin_shufflevector(ab, cd, 2, 3, 6, 7));
      store(out + (i + 3) * rows, __builtin_shufflevector(ab_next, cd_next, 2, 3, 6, 7));
    }
    for (; i < count; ++i) store(out + i * rows, Vec{from[0][i], from[1][i], from[2][i], from[3][i]});
  }
}

LATCAST_SIMD void log_rows(const double* in, double low, double high, std::size_t rows, double* out,
                           float* out32) noexcept {
  for (std::size_t i = 0; i < rows; i += kLanes) {
    const Vec log = log2_from_one(1.0 + maximum(all(0.0), load(in + i)));
    const Vec kept = minimum(maximum(log, all(low)), all(high));
    store(out + i, kept);
    const Vec32 rounded = narrow(kept);
    __builtin_memcpy(out32 + i, &rounded, sizeof(rounded));
  }
}

LATCAST_SIMD void mark_outside(const double* in, double low, double high, std::size_t rows,
                               std::int64_t* marks) noexcept {
  for (std::size_t i = 0; i < rows; i += kLanes) {
    const Vec x = load(in + i);
    Mask mask;
    __builtin_memcpy(&mask, marks + i, sizeof(mask));
    mask |= (x < all(low)) | (x > all(high));
    __builtin_memcpy(marks + i, &mask, sizeof(mask));
  }
}

LATCAST_SIMD void add_scaled(const double* in, double weight, std::size_t rows, double* sums) noexcept {
  for (std::size_t i = 0; i < rows; i += kLanes) store(sums + i, load(sums + i) + all(weight) * load(in + i));
}

/// What dot() adds up in one of its kTile places, for a few rows; it adds zeros where there are no more features.
LATCAST_SIMD inline Vec dot_place(const double* weights, const double* squares, const double* columns,
                                  std::size_t features, std::size_t rows, std::size_t place) {
  Vec sum = {};
  for (std::size_t j = place; j < features; j += kTile) sum += all(weights[j]) * load(columns + j * rows);
  if (squares == nullptr) return sum;
  for (std::size_t j = place; j < features; j += kTile) {
    const Vec x = load(columns + j * rows);
    sum += all(squares[j]) * (x * x);
  }
  return sum;
}

LATCAST_SIMD void dot_rows(const double* weights, const double* squares, const double* columns, std::size_t features,
                           std::size_t rows, double* out) noexcept {
  for (std::size_t i = 0; i < rows; i += kLanes) {
    Vec lanes[kLanes];
    for (std::size_t lane = 0; lane < kLanes; ++lane) {
      lanes[lane] = dot_place(weights, squares, columns + i, features, rows, lane) +
                    dot_place(weights, squares, columns + i, features, rows, lane + kLanes);
    }
    store(out + i, (lanes[0] + lanes[1]) + (lanes[2] + lanes[3]));
  }
}

LATCAST_SIMD inline Vec32 below(Vec32 x, float threshold, Vec32 yes, Vec32 no) {
  const Vec32 than = {threshold, threshold, threshold, threshold};
#if LATCAST_AVX2
  return __builtin_bit_cast(Vec32, _mm_blendv_ps(__builtin_bit_cast(__m128, no), __builtin_bit_cast(__m128, yes),
                                                 __builtin_bit_cast(__m128, x < than)));
#else
  const auto mask = x < than;
  using Mask32 = decltype(x < than);
  return __builtin_bit_cast(Vec32, (__builtin_bit_cast(Mask32, yes) & mask) | (__builtin_bit_cast(Mask32, no) & ~mask));
#endif
}

LATCAST_SIMD inline void add(Vec32 values, double* sums) { store(sums, load(sums) + wide(values)); }

#if LATCAST_AVX2
LATCAST_SIMD inline Wide32 below(Wide32 x, float threshold, Wide32 yes, Wide32 no) {
  const __m256 less = _mm256_cmp_ps(__builtin_bit_cast(__m256, x), _mm256_set1_ps(threshold), _CMP_LT_OQ);
  return __builtin_bit_cast(Wide32,
                            _mm256_blendv_ps(__builtin_bit_cast(__m256, no), __builtin_bit_cast(__m256, yes), less));
}

LATCAST_SIMD inline void add(Wide32 values, double* sums) {
  store(sums, load(sums) + low_half(values));
  store(sums + kLanes, load(sums + kLanes) + high_half(values));
}
#endif

/// One complete tree, where its arrays lie.
struct Tree {
  const std::uint8_t* features;
  const float* thresholds;
  const float* leaves;
};

/// The value of the subtree at `Node` for as many rows as `first` and, where Twice, `second` have places: every test is
/// done and every value chosen, which needs no gathering and no step that waits for the one before.
template <std::uint32_t Depth, std::size_t Node, bool Twice, class Floats>
[[gnu::always_inline]] LATCAST_SIMD inline void subtree(const Tree& tree, const float* columns, std::size_t rows,
                                                        Floats& first, Floats& second) {
  if constexpr (Node >= std::size_t{1} << Depth) {
    first = tree.leaves[Node - (std::size_t{1} << Depth)] - Floats{};  // in every place
    if constexpr (Twice) second = first;
  } else {
    Floats left[2], right[2], x;
    subtree<Depth, 2 * Node, Twice>(tree, columns, rows, left[0], left[1]);
    subtree<Depth, 2 * Node + 1, Twice>(tree, columns, rows, right[0], right[1]);
    const float* column = columns + tree.features[Node] * rows;
    __builtin_memcpy(&x, column, sizeof(x));
    first = below(x, tree.thresholds[Node], left[0], right[0]);
    if constexpr (!Twice) return;
    __builtin_memcpy(&x, column + sizeof(x) / sizeof(float), sizeof(x));
    second = below(x, tree.thresholds[Node], left[1], right[1]);
  }
}

/// Adds the tree's values to the sums of some rows.
template <std::uint32_t Depth, bool Twice, class Floats>
LATCAST_SIMD inline void add_tree(const Tree& tree, const float* columns, std::size_t rows, double* sums) {
  Floats first, second;
  subtree<Depth, 1, Twice>(tree, columns, rows, first, second);
  add(first, sums);
  if constexpr (Twice) add(second, sums + sizeof(first) / sizeof(float));
}

template <std::uint32_t Depth>
LATCAST_SIMD void every_row(const CompleteTrees& trees, const float* columns, std::size_t rows, double* sums) {
  constexpr std::size_t kSize = std::size_t{1} << Depth;
  for (std::size_t at = 0; at < trees.groups * kTile * kSize; at += kSize) {
    const Tree tree{trees.features + at, trees.thresholds + at, trees.leaves + at};
    std::size_t row = 0;
#if LATCAST_AVX2
    for (; row + 2 * kTile <= rows; row += 2 * kTile) {
      add_tree<Depth, true, Wide32>(tree, columns + row, rows, sums + row);
    }
    for (; row + kTile <= rows; row += kTile) add_tree<Depth, false, Wide32>(tree, columns + row, rows, sums + row);
#endif
    for (; row < rows; row += kLanes) add_tree<Depth, false, Vec32>(tree, columns + row, rows, sums + row);
  }
}

LATCAST_SIMD void trees_rows(const CompleteTrees& trees, const float* columns, std::size_t rows,
                             double* sums) noexcept {
  switch (trees.depth) {
    case 0:
      return every_row<0>(trees, columns, rows, sums);
    case 1:
      return every_row<1>(trees, columns, rows, sums);
    case 2:
      return every_row<2>(trees, columns, rows, sums);
    case 3:
      return every_row<3>(trees, columns, rows, sums);
    case 4:
      return every_row<4>(trees, columns, rows, sums);
    case 5:
      return every_row<5>(trees, columns, rows, sums);
    default:
      return every_row<6>(trees, columns, rows, sums);
  }
}

/// The operations of register programs: once for one number, once for a group of lanes.
LATCAST_SIMD inline Vec finite(Vec x) { return only_where(x == x, minimum(maximum(x, all(-kMost)), all(kMost))); }
LATCAST_SIMD inline double finite(double x) {
  if (__builtin_expect(__builtin_fabs(x) <= kMost, 1)) return x;
  return x != x ? 0.0 : (x < 0 ? -kMost : kMost);
}

LATCAST_SIMD inline Vec finite_if(Vec x, std::uint16_t wanted) { return wanted != 0 ? finite(x) : x; }
/// What it looks at first almost never holds.
LATCAST_SIMD inline double finite_if(double x, std::uint16_t wanted) {
  if (__builtin_expect(__builtin_fabs(x) <= kMost, 1)) return x;
  return wanted != 0 ? finite(x) : x;
}

LATCAST_SIMD inline double minimum(double a, double b) { return b < a ? b : a; }
LATCAST_SIMD inline double maximum(double a, double b) { return a < b ? b : a; }
LATCAST_SIMD inline double choose(bool yes, double a, double b) { return yes ? a : b; }
LATCAST_SIMD inline double truth(bool yes) { return yes ? 1.0 : 0.0; }
LATCAST_SIMD inline double absolute(double x) { return __builtin_fabs(x); }
LATCAST_SIMD inline double square_root(double x) { return __builtin_sqrt(x); }
LATCAST_SIMD inline double ceiling(double x) { return __builtin_ceil(x); }
LATCAST_SIMD inline double floor(double x) { return __builtin_floor(x); }
LATCAST_SIMD inline double log2_of(double x) { return x > 0.0 ? std::log2(x) : 0.0; }
LATCAST_SIMD inline Vec log2_of(Vec x) { return Vec{log2_of(x[0]), log2_of(x[1]), log2_of(x[2]), log2_of(x[3])}; }
LATCAST_SIMD inline double remainder(double a, double b) { return b == 0.0 ? 0.0 : std::fmod(a, b); }
LATCAST_SIMD inline Vec remainder(Vec a, Vec b) {
  return Vec{remainder(a[0], b[0]), remainder(a[1], b[1]), remainder(a[2], b[2]), remainder(a[3], b[3])};
}
LATCAST_SIMD inline double quotient(double a, double b) { return b == 0.0 ? 0.0 : a / b; }
LATCAST_SIMD inline Vec quotient(Vec a, Vec b) { return only_where(b != 0.0, a / b); }
LATCAST_SIMD inline double root_of(double x) { return x > 0.0 ? square_root(x) : 0.0; }
LATCAST_SIMD inline Vec root_of(Vec x) { return only_where(x > 0.0, square_root(x)); }

LATCAST_SIMD inline double zero_of(double) { return 0.0; }
LATCAST_SIMD inline Vec zero_of(Vec) { return Vec{}; }

/// Number: double, or Vec with `width` of them per register.
template <class Number>
LATCAST_SIMD inline void run_all(const RegisterProgram& program, Number* registers, std::size_t width) {
  const RegisterInstruction* in = program.code.data();
  for (const RegisterRun& run : program.runs) {
    const RegisterInstruction* const end = in + run.count;
    switch (run.op) {
#define LATCAST_OP(name, expression)                                       \
  case RegisterOp::name:                                                   \
    for (; in != end; ++in) {                                              \
      const Number* const a_ = registers + in->a * width;                  \
      [[maybe_unused]] const Number* const b_ = registers + in->b * width; \
      [[maybe_unused]] const Number* const c_ = registers + in->c * width; \
      Number* const result = registers + in->result * width;               \
      for (std::size_t i = 0; i < width; ++i) {                            \
        [[maybe_unused]] const Number a = a_[i];                           \
        [[maybe_unused]] const Number b = b_[i];                           \
        [[maybe_unused]] const Number c = c_[i];                           \
        result[i] = (expression);                                          \
      }                                                                    \
    }                                                                      \
    break;
// May overflow: c says whether the result is made finite.
#define LATCAST_ARITHMETIC(name, expression)                 \
  case RegisterOp::name:                                     \
    for (; in != end; ++in) {                                \
      const Number* const a_ = registers + in->a * width;    \
      const Number* const b_ = registers + in->b * width;    \
      Number* const result = registers + in->result * width; \
      for (std::size_t i = 0; i < width; ++i) {              \
        const Number a = a_[i];                              \
        const Number b = b_[i];                              \
        result[i] = finite_if((expression), in->c);          \
      }                                                      \
    }                                                        \
    break;
      LATCAST_ARITHMETIC(add, a + b)
      LATCAST_ARITHMETIC(subtract, a - b)
      LATCAST_ARITHMETIC(multiply, a * b)
      LATCAST_ARITHMETIC(divide, quotient(a, b))
      LATCAST_OP(finite, finite(a))
      LATCAST_OP(negate, -a)
      LATCAST_OP(less, truth(a < b))
      LATCAST_OP(less_equal, truth(a <= b))
      LATCAST_OP(equal, truth(a == b))
      LATCAST_OP(not_equal, truth(a != b))
      LATCAST_OP(logical_and, truth((a != 0.0) & (b != 0.0)))
      LATCAST_OP(logical_or, truth((a != 0.0) | (b != 0.0)))
      LATCAST_OP(logical_not, truth(a == 0.0))
      LATCAST_OP(select, choose(a != 0.0, b, c))
      LATCAST_OP(minimum, minimum(a, b))
      LATCAST_OP(maximum, maximum(a, b))
      LATCAST_OP(ceiling, ceiling(a))
      LATCAST_OP(floor, floor(a))
      LATCAST_OP(log2, log2_of(a))
      LATCAST_OP(square_root, root_of(a))
      LATCAST_OP(absolute, absolute(a))
      LATCAST_OP(modulo, remainder(a, b))
#undef LATCAST_OP
#undef LATCAST_ARITHMETIC
    }
  }
}

LATCAST_SIMD void run(const RegisterProgram& program, double* registers) noexcept {
  for (const RegisterConstant& constant : program.constants) registers[constant.result] = constant.value;
  run_all<double>(program, registers, 1);
}

LATCAST_SIMD void run_rows(const RegisterProgram& program, double* registers, std::size_t rows) noexcept {
  for (const RegisterConstant& constant : program.constants) {
    for (std::size_t i = 0; i < rows; ++i) registers[constant.result * rows + i] = constant.value;
  }
  run_all<Vec>(program, reinterpret_cast<Vec*>(registers), rows / kLanes);
}

constexpr Functions kFunctions = {
    .log_features = log_features,
    .exponentials = exponentials,
    .exponential = exponential,
    .any_outside = any_outside,
    .all_finite = all_finite,
    .all_finite32 = all_finite32,
    .dot = dot,
    .squared_exponential = squared_exponential,
    .matern52 = matern52,
    .squared_exponential_single = squared_exponential_single,
    .matern52_single = matern52_single,
    .distances = distances,
    .layer = layer,
    .layer_single = layer_single,
    .rounded = rounded,
    .silu = silu,
    .dot_single = dot_single,
    .trees = trees,
    .to_columns = to_columns,
    .log_rows = log_rows,
    .mark_outside = mark_outside,
    .add_scaled = add_scaled,
    .dot_rows = dot_rows,
    .trees_rows = trees_rows,
    .run = run,
    .run_rows = run_rows,
};
