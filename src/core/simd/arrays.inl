// Part of functions.inl: whole arrays, and columns with one number per row.

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
    const Wide32 x = load_wide(numbers + i);
    sum += x - x;
  }
  float rest = 0.0F;
  for (; i < count; ++i) rest += numbers[i] - numbers[i];
  for (std::size_t lane = 0; lane < kTile; ++lane) rest += sum[lane];
  return rest == 0.0F;
}

LATCAST_SIMD void rounded(const double* in, float* out, std::size_t count) noexcept {
  for (std::size_t i = 0; i < count; i += kLanes) {
    const Vec32 some = narrow(load(in + i));
    __builtin_memcpy(out + i, &some, sizeof(some));
  }
}

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
