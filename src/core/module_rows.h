// A module's way through a pack's register programs: its kernel class, its terms and features, its estimate.
//
// Inlined into the two that walk it: one module at a time (row_forecast.cpp), and blocks of them (block_forecast.cpp).
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <span>

#include "core/kernel_forecast.h"
#include "core/limits.h"
#include "core/loaded_pack.h"
#include "core/plan.h"
#include "core/simd/simd.h"
#include "core/unknown_cost.h"
#include "latcast/predictor.h"

namespace latcast::detail {

/// Registers of a few rows (modules): register r of row i at r * rows + i. `rows` is 1 or a multiple of simd::kLanes.
struct RowRegisters {
  double* numbers;
  std::size_t rows;

  [[nodiscard]] double at(std::uint16_t index, std::size_t row) const noexcept { return numbers[index * rows + row]; }
  [[nodiscard]] const double* column(std::uint16_t index) const noexcept { return numbers + index * rows; }
  void run(const RegisterProgram& program) const noexcept {
    rows == 1 ? simd::functions().run(program, numbers) : simd::functions().run_rows(program, numbers, rows);
  }
};

/// Of the class `plan`, whose conditions were evaluated; unknown for kUnknownKernel.
inline std::uint32_t choose_kernel(const TypePlan& plan, const RowRegisters& registers, std::size_t row) noexcept {
  for (std::uint32_t k = 0; k < plan.when.size(); ++k) {
    if (plan.when[k] == kNoRegister || registers.at(plan.when[k], row) != 0.0) return k;
  }
  return kUnknownKernel;
}

/// The terms of one row that its form reads, from their registers.
inline void gather_terms(std::span<const TermRegister> places, const RowRegisters& registers, std::size_t row,
                         std::array<double, kMaxTerms>& terms) noexcept {
  for (const auto& [term, from] : places) terms[term] = std::max(registers.at(from, row), 0.0);
}

/// Forecasts rows of one kernel class that has a model.
class RowEstimator {
 public:
  RowEstimator(const KernelPlan& plan, const RowRegisters& registers) noexcept : plan_(plan), registers_(registers) {}

  KernelEstimate operator()(std::size_t row) noexcept {
    RawFeatures features;
    std::array<double, kMaxTerms> terms;
    const std::size_t count = plan_.features.size();
    for (std::size_t i = 0; i < count; ++i) features[i] = registers_.at(plan_.features[i], row);
    for (std::size_t i = count; i < simd::padded(count, simd::kLanes); ++i) features[i] = 0.0;
    const bool outside = plan_.model.outside(features);
    if (outside && !outside_done_) {
      registers_.run(plan_.outside);
      outside_done_ = true;
    }
    gather_terms(outside ? plan_.outside_terms : plan_.inside_terms, registers_, row, terms);
    return plan_.model.estimate({terms.data(), plan_.terms}, features, outside);
  }

 private:
  const KernelPlan& plan_;
  RowRegisters registers_;
  bool outside_done_ = false;  // for all rows at once, when the first one needs it
};

/// The plan of a kernel class, or of none.
inline const KernelPlan& kernel_plan(const TypePlan& type, std::uint32_t kernel) noexcept {
  return kernel == kUnknownKernel ? type.none : type.kernels[kernel];
}

inline void set_estimate(ModuleForecast& out, const KernelEstimate& found) noexcept {
  out.latency = Nanos(found.latency_ns);
  out.status = found.extrapolated ? ForecastStatus::extrapolated : ForecastStatus::ok;
}

/// That its time is in another module is all there is to know.
inline constexpr KernelEstimate kFree{.latency_ns = 0.0, .extrapolated = false};

}  // namespace latcast::detail
