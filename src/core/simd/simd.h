// Arithmetic on many numbers at once: compiled for every CPU and, on x86, for AVX2 with FMA; the CPU decides when a
// program starts. In double precision both give the same bits: the same operations in the same order, none fused. In
// single precision ("..._single", silu) they agree within a few units in the last place.
#pragma once

#include <cstddef>
#include <cstdint>

#include "core/register_program.h"

namespace latcast::simd {

/// Numbers that go together; arrays are padded to a multiple of it.
inline constexpr std::size_t kLanes = 4;
/// Rows that a layout keeps together: two groups of lanes, so that their latencies overlap.
inline constexpr std::size_t kTile = 8;

[[nodiscard]] constexpr std::size_t padded(std::size_t count, std::size_t to) noexcept {
  return (count + to - 1) / to * to;
}

/// Points of a space: tiles of kTile points, in each the coordinates one after another, kTile numbers per coordinate.
struct Points {
  const double* numbers = nullptr;
  std::size_t tiles = 0, dimensions = 0;
};

/// The same in single precision.
struct Points32 {
  const float* numbers = nullptr;
  std::size_t tiles = 0, dimensions = 0;
};

inline constexpr std::uint32_t kMaxTreeDepth = 6;

/// Complete trees of one depth, a multiple of kTile of them, each with 2^depth numbers per array: inner nodes from 1
/// on, the children of i at 2 i and 2 i + 1; then the leaves. feature < threshold goes left.
struct CompleteTrees {
  const std::uint8_t* features = nullptr;
  const float* thresholds = nullptr;
  const float* leaves = nullptr;
  std::size_t groups = 0;  // of kTile
  std::uint32_t depth = 0;
};

struct Functions {
  /// out = log2(1 + max(in, 0)), `count` a multiple of kLanes.
  void (*log_features)(const double* in, double* out, std::size_t count) noexcept;
  /// In place; arguments are kept within +-708. `count` a multiple of kLanes.
  void (*exponentials)(double* numbers, std::size_t count) noexcept;
  /// exponentials() of one number.
  double (*exponential)(double number) noexcept;
  /// Whether a number lies outside its range. `count` a multiple of kLanes.
  bool (*any_outside)(const double* numbers, const double* low, const double* high, std::size_t count) noexcept;
  bool (*all_finite)(const double* numbers, std::size_t count) noexcept;
  bool (*all_finite32)(const float* numbers, std::size_t count) noexcept;
  /// Sum of products; `count` a multiple of kTile.
  double (*dot)(const double* a, const double* b, std::size_t count) noexcept;
  /// Sum of weight x exp(-distance^2 / 2), or of the Matern 5/2 kernel.
  double (*squared_exponential)(const Points& centres, const double* weights, const double* point) noexcept;
  double (*matern52)(const Points& centres, const double* weights, const double* point) noexcept;
  /// The same with distances and kernel in single precision: each kernel within about 1e-6.
  double (*squared_exponential_single)(const Points32& centres, const double* weights, const float* point) noexcept;
  double (*matern52_single)(const Points32& centres, const double* weights, const float* point) noexcept;
  /// Squared distances from the points of one tile.
  void (*distances)(const Points& points, std::size_t tile, const double* point, double* out) noexcept;
  /// out = columns x in + bias: `columns` is one run of `outputs` (a multiple of kTile) numbers per input.
  void (*layer)(const double* columns, const double* bias, const double* in, std::size_t inputs, std::size_t outputs,
                double* out) noexcept;
  /// As layer(), in single precision.
  void (*layer_single)(const float* columns, const float* bias, const float* in, std::size_t inputs,
                       std::size_t outputs, float* out) noexcept;
  /// To single precision; `count` a multiple of kLanes.
  void (*rounded)(const double* in, float* out, std::size_t count) noexcept;
  /// x / (1 + exp(-x)), in place; `count` a multiple of kTile.
  void (*silu)(float* numbers, std::size_t count) noexcept;
  /// Sum of products, rounded to single precision, added up in double; `count` a multiple of kTile.
  double (*dot_single)(const float* a, const float* b, std::size_t count) noexcept;
  double (*trees)(const CompleteTrees& trees, const float* features, double sum) noexcept;
  // Columns: one number per row, `rows` a multiple of kLanes; the same bits as the functions for one row.
  /// Rows of `count` numbers as columns: number i of all rows from out + i x rows on.
  void (*to_columns)(const double* const* from, std::size_t count, std::size_t rows, double* out) noexcept;
  /// log_features() of a column, kept within [low, high], in both precisions.
  void (*log_rows)(const double* in, double low, double high, std::size_t rows, double* out, float* out32) noexcept;
  /// Sets the marks of rows whose number lies outside to -1, and leaves the others.
  void (*mark_outside)(const double* in, double low, double high, std::size_t rows, std::int64_t* marks) noexcept;
  /// sums += weight x in.
  void (*add_scaled)(const double* in, double weight, std::size_t rows, double* sums) noexcept;
  /// dot() of each row's `features` numbers and, unless `squares` is null, of their squares: column j from
  /// columns + j x rows on.
  void (*dot_rows)(const double* weights, const double* squares, const double* columns, std::size_t features,
                   std::size_t rows, double* out) noexcept;
  /// sums += the trees of each row, columns as those of dot_rows().
  void (*trees_rows)(const CompleteTrees& trees, const float* columns, std::size_t rows, double* sums) noexcept;
  /// One row: registers are numbers.
  void (*run)(const RegisterProgram& program, double* registers) noexcept;
  /// `rows` (a multiple of kLanes) at once: a register is that many numbers.
  void (*run_rows)(const RegisterProgram& program, double* registers, std::size_t rows) noexcept;
};

/// Those for every CPU.
extern const Functions kPlain;
namespace detail {
extern const Functions* best;  // kPlain until the program has started
}
[[nodiscard]] inline const Functions& functions() noexcept { return *detail::best; }

}  // namespace latcast::simd
