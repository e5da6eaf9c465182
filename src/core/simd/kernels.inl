// Part of functions.inl: distances between points, sums of kernels.

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
