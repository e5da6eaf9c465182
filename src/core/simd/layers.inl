// Part of functions.inl: sums of products, layers of neural networks.

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
