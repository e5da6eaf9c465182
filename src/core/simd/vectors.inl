// Part of functions.inl: the vectors' arithmetic.

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
