#include "latcast/predictor.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <string>

#include "core/kernel_forecast.h"
#include "core/limits.h"
#include "core/loaded_pack.h"
#include "core/network_sum.h"
#include "core/plan.h"
#include "core/simd/simd.h"

namespace latcast {
namespace {

constexpr double kMost_ns = 1e15;

std::int64_t system_seconds() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::seconds>(now).count();
}

double usable(double value) noexcept { return std::isfinite(value) && value > 0.0 ? value : 0.0; }

/// Bytes moved and arithmetic done: for modules that no model covers.
double physical_ns(const Fallback& weights, const ModuleQuery& module, double macs) noexcept {
  const double sum = weights.module_ns + weights.input_byte_ns * usable(module.input_bytes) +
                     weights.output_byte_ns * usable(module.output_bytes) +
                     weights.weight_byte_ns * usable(module.weight_bytes) + weights.mac_ns * macs;
  return std::clamp(sum, 1.0, kMost_ns);
}

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
std::uint32_t choose_kernel(const detail::TypePlan& plan, const RowRegisters& registers, std::size_t row) noexcept {
  for (std::uint32_t k = 0; k < plan.when.size(); ++k) {
    if (plan.when[k] == detail::kNoRegister || registers.at(plan.when[k], row) != 0.0) return k;
  }
  return kUnknownKernel;
}

/// The terms of one row that its form reads, from their registers.
void gather_terms(std::span<const detail::TermRegister> places, const RowRegisters& registers, std::size_t row,
                  std::array<double, kMaxTerms>& terms) noexcept {
  for (const auto& [term, from] : places) terms[term] = std::max(registers.at(from, row), 0.0);
}

/// Forecasts rows of one kernel class that has a model.
class RowEstimator {
 public:
  RowEstimator(const detail::KernelPlan& plan, const RowRegisters& registers) noexcept
      : plan_(plan), registers_(registers) {}

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
  const detail::KernelPlan& plan_;
  RowRegisters registers_;
  bool outside_done_ = false;  // for all rows at once, when the first one needs it
};

/// The plan of a kernel class, or of none.
const detail::KernelPlan& kernel_plan(const detail::TypePlan& type, std::uint32_t kernel) noexcept {
  return kernel == kUnknownKernel ? type.none : type.kernels[kernel];
}

void set_estimate(ModuleForecast& out, const KernelEstimate& found) noexcept {
  out.latency = Nanos(found.latency_ns);
  out.status = found.extrapolated ? ForecastStatus::extrapolated : ForecastStatus::ok;
}

/// That its time is in another module is all there is to know.
constexpr KernelEstimate kFree{.latency_ns = 0.0, .extrapolated = false};

/// Before calibration and anchor. Parameters are known to be right.
ModuleForecast raw_forecast(const detail::DecodedPack& pack, const ModuleQuery& module) noexcept {
  ModuleForecast out;
  out.macs = usable(module.macs);
  if (module.type < pack.types.size()) {
    const detail::TypePlan& type = pack.types[module.type].plan;
    std::array<double, kMaxRegisters> numbers;
    const RowRegisters registers{numbers.data(), 1};
    std::ranges::copy(module.parameters, numbers.begin());
    registers.run(type.choose);
    out.kernel = choose_kernel(type, registers, 0);
    const detail::KernelPlan& plan = kernel_plan(type, out.kernel);
    registers.run(plan.inside);
    if (plan.macs != detail::kNoRegister) out.macs = usable(registers.at(plan.macs, 0));
    if (plan.free || !plan.model.empty()) {
      set_estimate(out, plan.free ? kFree : RowEstimator(plan, registers)(0));
      return out;
    }
  }
  out.latency = Nanos(physical_ns(pack.info.fallback, module, out.macs));
  return out;
}

/// Registers of all rows that are evaluated at a time: those of most types then fit the first-level cache.
constexpr std::size_t kRowNumbers = 3072;

std::size_t rows_at_once(const detail::TypePlan& type) noexcept {
  const std::size_t fit = kRowNumbers / std::max<std::size_t>(type.registers, 1) / simd::kLanes * simd::kLanes;
  return std::min(fit, kMostRows);
}
static_assert(kRowNumbers / kMaxRegisters >= simd::kLanes);

/// A module of a known type: where its parameters lie, and where its forecast goes.
struct Row {
  const double* parameters;
  ModuleForecast* out;
};

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
  RowsEstimator(const detail::KernelPlan& plan, const RowRegisters& registers, std::span<const Row> rows) noexcept
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
    if (inside.size() > 0) estimate(inside, false);
    if (outside.size() > 0) estimate(outside, true);
  }

 private:
  void estimate(const RowPick& rows, bool outside) noexcept {
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
    const bool extrapolated = plan_.model.extrapolated(outside);
    for (std::size_t i = 0; i < rows.size(); ++i) set_estimate(*rows_[rows[i]].out, {ns[i], extrapolated});
  }

  const detail::KernelPlan& plan_;
  RowRegisters registers_;
  std::span<const Row> rows_;
  KernelRows inputs_;
};

/// Forecasts rows of one type, before calibration and anchor. A row that no model covers keeps the latency 0; where no
/// expression gives its multiply-accumulates, they are left as they are.
class BlockForecaster {
 public:
  /// Rows of a block: enough for the rows of each kernel class to be forecast many together.
  static constexpr std::size_t kMost = 128;

  BlockForecaster(const detail::TypePlan& type) noexcept : type_(type), rows_(rows_at_once(type)) {}

  /// At least one row, at most kMost.
  void operator()(std::span<const Row> block) noexcept {
    std::array<std::uint32_t, kMost> kernels;
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
    out.run(type_.choose);
    return out;
  }

  /// Rows that one kernel class runs, at most rows_at_once().
  void forecast_class(std::uint32_t kernel, const RowRegisters& registers, std::span<const Row> rows) const noexcept {
    const detail::KernelPlan& plan = kernel_plan(type_, kernel);
    registers.run(plan.inside);
    for (std::size_t i = 0; i < rows.size(); ++i) {
      rows[i].out->kernel = kernel;
      if (plan.macs != detail::kNoRegister) rows[i].out->macs = usable(registers.at(plan.macs, i));
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

  const detail::TypePlan& type_;
  std::size_t rows_;
  alignas(32) std::array<double, kRowNumbers> numbers_;
};

/// Modules of one type in a network from `first` on, a block at a time; out[i].latency < 0: still to do.
void forecast_type(const detail::DecodedPack& pack, std::span<const ModuleQuery> modules, std::size_t first,
                   std::span<ModuleForecast> out) noexcept {
  const std::uint32_t type = modules[first].type;
  BlockForecaster forecast(pack.types[type].plan);
  std::array<Row, BlockForecaster::kMost> block;
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

/// Every module, as raw_forecast() would.
void raw_forecasts(const detail::DecodedPack& pack, std::span<const ModuleQuery> modules,
                   std::span<ModuleForecast> out) noexcept {
  for (ModuleForecast& one : out) one.latency = Nanos(-1);
  for (std::size_t i = 0; i < modules.size(); ++i) {
    if (modules[i].type >= pack.types.size()) {
      out[i] = {.macs = usable(modules[i].macs)};
    } else if (out[i].latency.count() < 0) {
      forecast_type(pack, modules, i, out);
    }
    if (out[i].status == ForecastStatus::unknown) {
      out[i].latency = Nanos(physical_ns(pack.info.fallback, modules[i], out[i].macs));
    }
  }
}

/// The interval of a module whose latency is final.
void add_interval(const detail::DecodedPack& pack, std::uint32_t type, ModuleForecast& module) noexcept {
  const bool known = module.status != ForecastStatus::unknown;
  const double factor = known ? pack.types[type].plan.kernels[module.kernel].interval_factor : pack.unknown_factor;
  module.lower = module.latency / factor;
  module.upper = module.latency * factor;
}

Result<void> check_query(const detail::DecodedPack& pack, const ModuleQuery& module) {
  if (module.type >= pack.types.size()) return {};
  const detail::DecodedType& type = pack.types[module.type];
  if (module.parameters.size() != type.parameters.size()) {
    return fail(Errc::invalid_input, std::string(type.name) + " has " + std::to_string(type.parameters.size()) +
                                         " parameters, got " + std::to_string(module.parameters.size()));
  }
  if (simd::functions().all_finite(module.parameters.data(), module.parameters.size())) return {};
  for (std::size_t i = 0; i < module.parameters.size(); ++i) {
    if (!std::isfinite(module.parameters[i])) {
      return fail(Errc::invalid_input, std::string(type.name) + "." + type.parameters[i] + " is not a finite number");
    }
  }
  return {};
}

/// The error of the first row with a number that is not finite.
Result<void> bad_row(const detail::DecodedPack& pack, std::uint32_t type, std::span<const double> parameters) {
  const std::size_t width = pack.types[type].plan.parameters;
  for (std::size_t row = 0; row * width < parameters.size(); ++row) {
    const ModuleQuery query{.type = type, .parameters = parameters.subspan(row * width, width)};
    if (auto ok = check_query(pack, query); !ok) return fail_in("row " + std::to_string(row), ok.error());
  }
  return {};
}

RawSum add_up(const detail::DecodedPack& pack, std::span<const ModuleQuery> queries,
              std::span<const ModuleForecast> modules) noexcept {
  RawSum sum;
  for (std::size_t i = 0; i < modules.size(); ++i) {
    const bool shared = !pack.network.empty() && queries[i].type < pack.types.size();
    const ShareIndex share = shared ? kernel_plan(pack.types[queries[i].type].plan, modules[i].kernel).share : kNoShare;
    sum.add(modules[i].latency.count(), share);
  }
  return sum;
}

/// Rewrites the latencies in place so that they sum to the calibrated, corrected, anchored total, which is returned.
Nanos calibrate_modules(const detail::DecodedPack& pack, std::span<const ModuleQuery> queries,
                        std::span<ModuleForecast> modules) noexcept {
  const RawSum raw = add_up(pack, queries, modules);
  CalibrationPlan plan = plan_calibration(pack.info.calibration, raw.sum_ns(), raw.modules());
  plan.wanted_ns *= pack.network.factor(raw);
  double shifted = 0.0;
  for (const ModuleForecast& module : modules) shifted += plan.shift(module.latency.count());
  const double factor = shifted > 0.0 ? pack.info.anchor.scale * plan.wanted_ns / shifted : 0.0;
  Nanos sum{0};
  for (ModuleForecast& module : modules) {
    module.latency = Nanos(factor * plan.shift(module.latency.count()));
    sum += module.latency;
  }
  return sum;
}

}  // namespace

std::string_view to_string(ForecastStatus status) noexcept {
  switch (status) {
    case ForecastStatus::ok:
      return "ok";
    case ForecastStatus::extrapolated:
      return "extrapolated";
    case ForecastStatus::unknown:
      break;
  }
  return "unknown";
}

Predictor::Predictor(const Pack& pack, std::optional<std::int64_t> now_unix_s) : pack_(pack.loaded()) {
  const std::int64_t now = now_unix_s ? *now_unix_s : system_seconds();
  anchor_age_s_ = std::max(static_cast<double>(now) - static_cast<double>(pack.info().anchor.unix_s), 0.0);
}

Result<ModuleForecast> Predictor::forecast_module(const ModuleQuery& module) const {
  const detail::DecodedPack& pack = pack_->decoded;
  if (auto ok = check_query(pack, module); !ok) return tl::unexpected<Error>(ok.error());
  ModuleForecast out = raw_forecast(pack, module);
  out.latency *= pack.info.anchor.scale;
  add_interval(pack, module.type, out);
  return out;
}

Result<void> Predictor::forecast_modules(std::uint32_t type, std::span<const double> parameters,
                                         std::span<ModuleForecast> out) const {
  const detail::DecodedPack& pack = pack_->decoded;
  if (type >= pack.types.size()) return fail(Errc::invalid_input, "there is no such module type");
  const std::size_t width = pack.types[type].plan.parameters;
  if (parameters.size() != out.size() * width) {
    return fail(Errc::invalid_input, "as many rows of parameters as forecasts are needed");
  }
  if (!simd::functions().all_finite(parameters.data(), parameters.size())) return bad_row(pack, type, parameters);
  BlockForecaster forecast(pack.types[type].plan);
  std::array<Row, BlockForecaster::kMost> block;
  for (std::size_t start = 0; start < out.size(); start += block.size()) {
    const std::span<ModuleForecast> some = out.subspan(start, std::min(block.size(), out.size() - start));
    for (std::size_t i = 0; i < some.size(); ++i) {
      some[i] = {};
      block[i] = {parameters.data() + (start + i) * width, &some[i]};
    }
    forecast({block.data(), some.size()});
    for (ModuleForecast& one : some) {
      if (one.status == ForecastStatus::unknown) one.latency = Nanos(physical_ns(pack.info.fallback, {}, one.macs));
      one.latency *= pack.info.anchor.scale;
      add_interval(pack, type, one);
    }
  }
  return {};
}

Result<NetworkForecast> Predictor::forecast_network(std::span<const ModuleQuery> modules,
                                                    std::span<ModuleForecast> out) const {
  const detail::DecodedPack& pack = pack_->decoded;
  if (modules.size() != out.size()) return fail(Errc::invalid_input, "as many forecasts as modules are needed");
  for (std::size_t i = 0; i < modules.size(); ++i) {
    if (auto ok = check_query(pack, modules[i]); !ok) return fail_in("module " + std::to_string(i), ok.error());
  }
  raw_forecasts(pack, modules, out);
  const PackInfo& info = pack.info;
  NetworkForecast total;
  total.quiet = calibrate_modules(pack, modules, out);
  DoubtSum doubts;
  for (std::size_t i = 0; i < out.size(); ++i) {
    add_interval(pack, modules[i].type, out[i]);
    total.macs += out[i].macs;
    const bool known = out[i].status != ForecastStatus::unknown;
    const double error = known ? pack.types[modules[i].type].kernels[out[i].kernel].error : kUnknownError;
    doubts.add(out[i].latency.count(), error, out[i].status == ForecastStatus::ok);
  }
  const Doubt doubt = doubts.doubt();
  total.time_share = 1.0 - doubt.uncovered;
  const LogInterval bounds = interval(info.interval, info.anchor, total.quiet.count(), doubt, anchor_age_s_);
  total.lower = total.quiet * std::exp(bounds.lower);
  total.upper = total.quiet * std::exp(bounds.upper);
  total.level = info.interval.level;
  return total;
}

}  // namespace latcast
