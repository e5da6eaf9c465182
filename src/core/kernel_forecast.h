// One kernel class: raw terms and features -> ns, and whether that is an extrapolation. Used by the predictor and, on
// held-out samples, by training: both see the same code.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "core/form.h"
#include "core/limits.h"

namespace latcast {

/// How far outside its training range (log2) a feature may lie before a forecast counts as extrapolated: beyond the
/// range the base model's physical terms carry on, which holds well over a factor of two in one feature.
inline constexpr double kExtrapolationMargin = 1.0;
/// The same for classes whose physical terms alone forecast as well as any model does: a law that was seen to hold is
/// carried a factor of eight on (matrix-vector products by their bytes, say).
inline constexpr double kLawMargin = 3.0;
/// Kernel classes with fewer samples never count as covered, nor do those with fewer than two for each base term.
inline constexpr std::uint32_t kCoveredSamples = 8;
inline constexpr std::uint32_t kCoveredSamplesPerTerm = 2;

/// What a learner sees of a raw feature.
[[nodiscard]] double log_feature(double raw) noexcept;

/// Views of a kernel class's trained model.
struct KernelView {
  std::span<const FormNodeView> form, extrapolation;
  std::span<const double> low, high;
  std::uint32_t samples = 0;
  double margin = kExtrapolationMargin;
};

struct KernelEstimate {
  double latency_ns = 0;  // > 0
  bool extrapolated = false;
};

/// Raw features; whatever lies after those that a kernel class has is finite.
using RawFeatures = std::array<double, kMaxFeatures>;

/// What the forms of a few modules read, as columns; `rows`, `count` and the columns as those of FormRows.
struct KernelRows {
  std::size_t rows = 0, count = 0;
  alignas(32) std::array<double, kMaxTerms * kMostRows> terms;
  alignas(32) std::array<double, kMaxFeatures * kMostRows> logs;
  alignas(32) std::array<float, kMaxFeatures * kMostRows> logs32;
};

/// A kernel class's model, prepared for evaluation. The arrays that the forms' views point to must outlive it.
class KernelForecaster {
 public:
  KernelForecaster() = default;
  /// Checked forms; as many ranges as features.
  KernelForecaster(const KernelView& kernel, FormShape shape);

  /// Nothing was measured: there are no estimates.
  [[nodiscard]] bool empty() const noexcept { return form_.empty(); }
  /// The form that answers inside or outside the range of training.
  [[nodiscard]] const Form& form(bool outside) const noexcept {
    return outside && !extrapolation_.empty() ? extrapolation_ : form_;
  }

  /// Whether a feature lies outside the range of training.
  [[nodiscard]] bool outside(const RawFeatures& features) const noexcept;
  /// `terms`: raw, as many as the shape says; those that form(outside) does not read may hold anything.
  [[nodiscard]] KernelEstimate estimate(std::span<const double> terms, const RawFeatures& features,
                                        bool outside) const noexcept;
  /// Whether forecasts for these features count as extrapolated.
  [[nodiscard]] bool extrapolated(const RawFeatures& features, bool outside) const noexcept;
  /// Both at once.
  [[nodiscard]] KernelEstimate estimate(std::span<const double> terms, std::span<const double> features) const noexcept;

  // Many modules at once, with the same bits: columns of raw numbers, one per row.
  /// Sets the marks of rows with that feature outside the range of training to -1.
  void mark_outside(std::size_t feature, const double* raw, std::size_t rows, std::int64_t* marks) const noexcept;
  void set_term(KernelRows& rows, std::size_t term, const double* raw) const noexcept;
  void set_feature(KernelRows& rows, std::size_t feature, const double* raw) const noexcept;
  /// Once the terms and features that form(outside) reads are set; all rows are outside or none is. Gives as many
  /// latencies as there are rows.
  void estimate_rows(const KernelRows& rows, bool outside, double* ns) const noexcept;
  /// Whether rows that are outside the range of training, or inside, are extrapolated: all or none.
  [[nodiscard]] bool all_extrapolated(bool outside) const noexcept { return !covered_ || (outside && !carries_); }
  /// What is left where not all are: sets the marks of rows with that feature too far outside to -1.
  void mark_far(std::size_t feature, const double* raw, std::size_t rows, std::int64_t* marks) const noexcept;

 private:
  Form form_, extrapolation_;
  FormShape shape_;                                         // without padding
  std::vector<double> low_, high_, lowest_raw_, most_raw_;  // padded: of logs, and of raw features with the margin
  std::vector<double> least_carried_, most_carried_;        // the same with the kernel class's own margin
  bool covered_ = false;
  bool carries_ = false;  // that margin is wider
};

}  // namespace latcast
