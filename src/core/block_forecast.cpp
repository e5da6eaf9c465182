#include "core/block_forecast.h"

#include <algorithm>
#include <array>

#include "core/module_rows.h"

namespace latcast::detail {
namespace {

/// Registers of all rows that are evaluated at a time: those of most types then fit the first-level cache.
constexpr std::size_t kRowNumbers = 3072;

std::size_t rows_at_once(const TypePlan& type) noexcept {
  const std::size_t fit = kRowNumbers / std::max<std::size_t>(type.registers, 1) / simd::kLanes * simd::kLanes;
  return std::min(fit, kMostRows);
}
static_assert(kRowNumbers / kMaxRegisters >= simd::kLanes);

/// Some of a few rows, in order.
class RowPick {
 public:
  /// Those of `count` rows, at most kMostRows, for which wanted(row) holds.
  template <class Wanted>
  RowPick(std::size_t count, Wanted wanted) noexcept {
    std::size_t size = 0;  // not size_, which a write to rows_ might change for all that the compiler knows
    for (std::size_t row = 0; row < count; ++row) {  // without a branch that would be mispredicted
      rows_[size] = static_cast<std::uint8_t>(row);
      size += static_cast<std::size_t>(wanted(row));
    }
    size_ = size;
  }

  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  [[nodiscard]] std::size_t operator[](std::size_t i) const noexcept { return rows_[i]; }
  [[nodiscard]] std::size_t padded() const noexcept { return simd::padded(size_, simd::kLanes); }

  /// Their numbers, the last one again up to padded().
  void copy(const double* from, double* to) const noexcept {
    for (std::size_t i = 0; i < size_; ++i) to[i] = from[rows_[i]];
    std::fill(to + size_, to + padded(), from[rows_[size_ - 1]]);
  }

 private:
  std::array<std::uint8_t, kMostRows> rows_ = {};
  std::size_t size_ = 0;
};

/// Forecasts all rows of one kernel class that has a model, as RowEstimator does each.
class RowsEstimator {
 public:
  RowsEstimator(const KernelPlan& plan, const RowRegisters& registers, std::span<const Row> rows) noexcept
      : plan_(plan), registers_(registers), rows_(rows) {}

  void operator()() noexcept {
    std::array<std::int64_t, kMostRows> marks;
    std::fill_n(marks.begin(), registers_.rows, 0);
    for (std::size_t i = 0; i < plan_.features.size(); ++i) {
      plan_.model.mark_outside(i, registers_.column(plan_.features[i]), registers_.rows, marks.data());
    }
    const RowPick inside(rows_.size(), [&](std::size_t row) { return marks[row] == 0; });
    const RowPick outside(rows_.size(), [&](std::size_t row) { return marks[row] != 0; });
    if (outside.size() > 0) registers_.run(plan_.outside);
    if (inside.size() > 0) estimate(inside, false, marks);
    if (outside.size() == 0) return;
    std::fill_n(marks.begin(), registers_.rows, plan_.model.all_extrapolated(true) ? -1 : 0);
    for (std::size_t i = 0; i < plan_.features.size() && !plan_.model.all_extrapolated(true); ++i) {
      plan_.model.mark_far(i, registers_.column(plan_.features[i]), registers_.rows, marks.data());
    }
    estimate(outside, true, marks);
  }

 private:
  /// `far`: -1 for rows that are too far outside.
  void estimate(const RowPick& rows, bool outside, const std::array<std::int64_t, kMostRows>& far) noexcept {
    inputs_.rows = rows.padded();
    inputs_.count = rows.size();
    std::array<double, kMostRows> part;
    const auto column = [&](std::uint16_t index) -> const double* {
      if (rows.size() == rows_.size()) return registers_.column(index);
      rows.copy(registers_.column(index), part.data());
      return part.data();
    };
    for (const auto& [term, from] : outside ? plan_.outside_terms : plan_.inside_terms) {
      plan_.model.set_term(inputs_, term, column(from));
    }
    const std::uint64_t read = plan_.model.form(outside).features();
    for (std::size_t i = 0; i < plan_.features.size(); ++i) {
      if ((read >> i & 1U) != 0) plan_.model.set_feature(inputs_, i, column(plan_.features[i]));
    }
    std::array<double, kMostRows> ns;
    plan_.model.estimate_rows(inputs_, outside, ns.data());
    for (std::size_t i = 0; i < rows.size(); ++i) {
      const bool extrapolated = outside ? far[rows[i]] != 0 : plan_.model.all_extrapolated(false);
      set_estimate(*rows_[rows[i]].out, {ns[i], extrapolated});
    }
  }

  const KernelPlan& plan_;
  RowRegisters registers_;
  std::span<const Row> rows_;
  KernelRows inputs_;
};

/// Forecasts rows of one type, before calibration and anchor. A row that no model covers keeps the latency 0; where no
/// expression gives its multiply-accumulates, they are left as they are.
class BlockForecaster {
 public:
  BlockForecaster(const TypePlan& type, std::span<const double> conditions) noexcept
      : type_(type), conditions_(conditions), rows_(rows_at_once(type)) {}

  /// At least one row, at most kBlockRows.
  void operator()(std::span<const Row> block) noexcept {
    std::array<std::uint32_t, kBlockRows> kernels;
    for (std::size_t start = 0; start < block.size(); start += rows_) {
      choose({kernels.data() + start, std::min(rows_, block.size() - start)}, block.subspan(start));
    }
    for (std::size_t first = 0; first < block.size(); ++first) {
      if (kernels[first] != kDone) forecast_members(kernels[first], block.subspan(first), kernels.data() + first);
    }
  }

 private:
  static constexpr std::uint32_t kDone = kUnknownKernel - 1;
  /// Fewer rows are faster one by one.
  static constexpr std::size_t kFewRows = 3;

  /// The kernel class of each row; kDone where it is the same for all, which then have their forecasts.
  void choose(std::span<std::uint32_t> kernels, std::span<const Row> rows) noexcept {
    const RowRegisters registers = chosen(rows.first(kernels.size()));
    bool same = true;
    for (std::size_t row = 0; row < kernels.size(); ++row) {
      kernels[row] = choose_kernel(type_, registers, row);
      same &= kernels[row] == kernels[0];
    }
    if (!same) return;
    forecast_class(kernels[0], registers, rows.first(kernels.size()));
    std::ranges::fill(kernels, kDone);
  }

  /// The rows of one kernel class, which are done then.
  void forecast_members(std::uint32_t kernel, std::span<const Row> rows, std::uint32_t* kernels) noexcept {
    std::array<Row, kMostRows> members;
    std::size_t count = 0;
    const auto flush = [&] {
      const std::span<const Row> some(members.data(), count);
      if (count > 0) forecast_class(kernel, chosen(some), some);
      count = 0;
    };
    for (std::size_t row = 0; row < rows.size(); ++row) {  // without a branch that would be mispredicted
      const bool member = kernels[row] == kernel;
      members[count] = rows[row];
      count += static_cast<std::size_t>(member);
      kernels[row] = member ? kDone : kernels[row];
      if (count == rows_) flush();
    }
    flush();
  }

  /// Registers of some rows after TypePlan::choose, those of the last row again up to a whole group of lanes.
  [[nodiscard]] RowRegisters chosen(std::span<const Row> rows) noexcept {
    const RowRegisters out{numbers_.data(), simd::padded(rows.size(), simd::kLanes)};
    std::array<const double*, kMostRows> from;
    from[0] = rows[0].parameters;
    for (std::size_t i = 1; i < out.rows; ++i) from[i] = rows[std::min(i, rows.size() - 1)].parameters;
    simd::functions().to_columns(from.data(), type_.parameters, out.rows, out.numbers);
    double* next = out.numbers + type_.parameters * out.rows;
    for (const std::uint16_t place : type_.conditions) next = std::fill_n(next, out.rows, conditions_[place]);
    out.run(type_.choose);
    return out;
  }

  /// Rows that one kernel class runs, at most rows_at_once().
  void forecast_class(std::uint32_t kernel, const RowRegisters& registers, std::span<const Row> rows) const noexcept {
    const KernelPlan& plan = kernel_plan(type_, kernel);
    registers.run(plan.inside);
    for (std::size_t i = 0; i < rows.size(); ++i) {
      rows[i].out->kernel = kernel;
      if (plan.macs != kNoRegister) rows[i].out->macs = usable(registers.at(plan.macs, i));
    }
    if (plan.free) return set_free(rows);
    if (plan.model.empty()) return;
    if (rows.size() >= kFewRows) return RowsEstimator(plan, registers, rows)();
    RowEstimator estimator(plan, registers);
    for (std::size_t i = 0; i < rows.size(); ++i) set_estimate(*rows[i].out, estimator(i));
  }

  static void set_free(std::span<const Row> rows) noexcept {
    for (const Row& row : rows) set_estimate(*row.out, kFree);
  }

  const TypePlan& type_;
  std::span<const double> conditions_;
  std::size_t rows_;
  alignas(32) std::array<double, kRowNumbers> numbers_;
};

/// Modules of one type in a network from `first` on, a block at a time; out[i].latency < 0: still to do.
void forecast_type(const DecodedPack& pack, std::span<const double> conditions, std::span<const ModuleQuery> modules,
                   std::size_t first, std::span<ModuleForecast> out) noexcept {
  const std::uint32_t type = modules[first].type;
  BlockForecaster forecast(pack.types[type].plan, conditions);
  std::array<Row, kBlockRows> block;
  std::size_t count = 0;
  const auto flush = [&] {
    if (count > 0) forecast({block.data(), count});
    count = 0;
  };
  for (std::size_t i = first; i < modules.size(); ++i) {
    if (modules[i].type != type) continue;
    out[i] = {.macs = usable(modules[i].macs)};
    block[count++] = {modules[i].parameters.data(), &out[i]};
    if (count == block.size()) flush();
  }
  flush();
}

}  // namespace

void forecast_block(const TypePlan& type, std::span<const double> conditions, std::span<const Row> rows) noexcept {
  BlockForecaster{type, conditions}(rows);
}

void raw_forecasts(const DecodedPack& pack, std::span<const double> conditions, std::span<const ModuleQuery> modules,
                   std::span<ModuleForecast> out) noexcept {
  for (ModuleForecast& one : out) one.latency = Nanos(-1);
  for (std::size_t i = 0; i < modules.size(); ++i) {
    if (modules[i].type >= pack.types.size()) {
      out[i] = {.macs = usable(modules[i].macs)};
    } else if (out[i].latency.count() < 0) {
      forecast_type(pack, conditions, modules, i, out);
    }
    if (out[i].status == ForecastStatus::unknown) {
      out[i].latency = Nanos(unknown_ns(pack.info.fallback, modules[i], out[i].macs));
    }
  }
}

}  // namespace latcast::detail
