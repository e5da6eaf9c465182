// Part of functions.inl: walks through complete trees, for one row and for many.

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
