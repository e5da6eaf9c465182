#include "latcast/predictor.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <limits>
#include <string>

#include "core/block_forecast.h"
#include "core/loaded_pack.h"
#include "core/module_rows.h"
#include "core/network_sum.h"
#include "core/row_forecast.h"
#include "core/unknown_cost.h"

namespace latcast {
namespace {

std::int64_t system_seconds() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::seconds>(now).count();
}

/// No model and no bytes: nothing to estimate from.
constexpr Nanos kNotEstimated{std::numeric_limits<double>::quiet_NaN()};

Nanos estimate(const detail::DecodedPack& pack, const ModuleBytes& bytes, double macs) noexcept {
  const ModuleQuery query{.input_bytes = bytes.input, .output_bytes = bytes.output, .weight_bytes = bytes.weight};
  return Nanos(unknown_ns(pack.info.fallback, query, macs));
}

/// Under conditions that nobody measured no forecast is better than a guess.
void doubt(ModuleForecast& module) noexcept {
  if (module.status == ForecastStatus::ok) module.status = ForecastStatus::extrapolated;
}

/// The interval of a module whose latency is final.
void add_interval(const detail::DecodedPack& pack, std::uint32_t type, ModuleForecast& module) noexcept {
  if (module.status == ForecastStatus::unknown) {
    const CostFactors& factors = cost_factors(pack.info.fallback, module.macs);
    module.lower = module.latency * (factors.lower / factors.middle);
    module.upper = module.latency * (factors.upper / factors.middle);
    return;
  }
  const double factor = pack.types[type].plan.kernels[module.kernel].interval_factor;
  module.lower = module.latency / factor;
  module.upper = module.latency * factor;
}

/// What a network's modules add to its interval and coverage; their own intervals are final.
class Certainty {
 public:
  explicit Certainty(const detail::DecodedPack& pack) noexcept : pack_(pack) {}

  void add(std::uint32_t type, const ModuleForecast& module) noexcept {
    if (module.status == ForecastStatus::unknown) {
      const CostFactors& factors = cost_factors(pack_.info.fallback, module.macs);
      lower_ += module.lower;
      upper_ += module.upper;
      others_most_ += module.latency * (factors.most / factors.middle);
      return;
    }
    const bool covered = module.status == ForecastStatus::ok;
    const auto& kernel = pack_.types[type].kernels[module.kernel];
    modelled_ += module.latency;
    doubts_.add(module.latency.count(), kernel.error, covered);
    if (kernel.samples < pack_.info.interval.familiar_samples)
      rare_ += module.latency * std::log(pack_.types[type].plan.kernels[module.kernel].interval_factor);
    (covered ? covered_ : others_most_) += covered ? module.latency : module.upper;
  }

  /// Unknown modules are taken to be off all to the same side.
  void tell(double age_s, NetworkForecast& total) const noexcept {
    const PackInfo& info = pack_.info;
    const LogInterval bounds = interval(info.interval, info.anchor, modelled_.count(), doubts_.doubt(), age_s);
    // Modules of rare kernel classes are taken to be off all to the same side, too.
    const double rare = modelled_.count() > 0 ? std::min(rare_ / modelled_, kMostHalfWidth) : 0.0;
    total.lower = modelled_ * std::exp(-std::hypot(bounds.lower, rare)) + lower_;
    total.upper = modelled_ * std::exp(std::hypot(bounds.upper, rare)) + upper_;
    total.level = info.interval.level;
    const Nanos most = covered_ + others_most_;
    total.time_share = most.count() > 0 ? covered_ / most : 0.0;
  }

 private:
  const detail::DecodedPack& pack_;
  DoubtSum doubts_;
  Nanos modelled_{0}, covered_{0}, others_most_{0}, lower_{0}, upper_{0};
  Nanos rare_{0};  // of rare kernel classes, latency times half-width of the module's interval
};

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
    const ShareIndex share =
        shared ? detail::kernel_plan(pack.types[queries[i].type].plan, modules[i].kernel).share : kNoShare;
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

Predictor::Predictor(const Pack& pack, std::optional<std::int64_t> now_unix_s)
    : pack_(pack.loaded()), now_unix_s_(now_unix_s.value_or(0)), clock_(now_unix_s ? nullptr : system_seconds) {
  for (const ConditionRange& one : pack.info().conditions) conditions_.push_back(one.usual);
}

Result<Predictor> Predictor::at(const Conditions& conditions) const {
  const std::vector<ConditionRange>& known = pack_->decoded.info.conditions;
  Predictor out = *this;
  for (const auto& [name, value] : conditions) {
    const auto found = std::ranges::find(known, name, &ConditionRange::name);
    if (found == known.end()) {
      std::string names;
      for (const ConditionRange& one : known) names += (names.empty() ? "" : ", ") + one.name;
      return fail(Errc::invalid_input,
                  "the pack has no condition '" + name + "'; it has " + (names.empty() ? "none" : names));
    }
    if (!std::isfinite(value)) return fail(Errc::invalid_input, "the condition " + name + " is not a finite number");
    out.conditions_[static_cast<std::size_t>(found - known.begin())] = value;
  }
  out.out_of_range_ = false;
  for (std::size_t i = 0; i < known.size(); ++i) {
    out.out_of_range_ |= out.conditions_[i] < known[i].low || out.conditions_[i] > known[i].high;
  }
  return out;
}

Conditions Predictor::conditions() const {
  Conditions out;
  for (std::size_t i = 0; i < conditions_.size(); ++i) out[pack_->decoded.info.conditions[i].name] = conditions_[i];
  return out;
}

Predictor Predictor::with_clock(const Pack& pack, std::int64_t (*unix_s)()) {
  Predictor out(pack);
  out.clock_ = unix_s;
  return out;
}

double Predictor::anchor_age_s() const noexcept {
  const std::int64_t now = clock_ == nullptr ? now_unix_s_ : clock_();
  return std::max(static_cast<double>(now) - static_cast<double>(pack_->decoded.info.anchor.unix_s), 0.0);
}

Result<ModuleForecast> Predictor::forecast_module(const ModuleQuery& module) const {
  const detail::DecodedPack& pack = pack_->decoded;
  if (auto ok = check_query(pack, module); !ok) return tl::unexpected<Error>(ok.error());
  ModuleForecast out = detail::raw_forecast(pack, module, conditions_);
  if (out_of_range_) doubt(out);
  out.latency *= pack.info.anchor.scale;
  add_interval(pack, module.type, out);
  return out;
}

Result<void> Predictor::forecast_modules(std::uint32_t type, std::span<const double> parameters,
                                         std::span<ModuleForecast> out, std::span<const ModuleBytes> bytes) const {
  const detail::DecodedPack& pack = pack_->decoded;
  if (type >= pack.types.size()) return fail(Errc::invalid_input, "there is no such module type");
  const std::size_t width = pack.types[type].plan.parameters;
  if (parameters.size() != out.size() * width) {
    return fail(Errc::invalid_input, "as many rows of parameters as forecasts are needed");
  }
  if (!bytes.empty() && bytes.size() != out.size()) {
    return fail(Errc::invalid_input, "as many rows of bytes as forecasts are needed, or none");
  }
  if (!simd::functions().all_finite(parameters.data(), parameters.size())) return bad_row(pack, type, parameters);
  std::array<detail::Row, detail::kBlockRows> block;
  for (std::size_t start = 0; start < out.size(); start += block.size()) {
    const std::span<ModuleForecast> some = out.subspan(start, std::min(block.size(), out.size() - start));
    for (std::size_t i = 0; i < some.size(); ++i) {
      some[i] = {};
      block[i] = {parameters.data() + (start + i) * width, &some[i]};
    }
    detail::forecast_block(pack.types[type].plan, conditions_, {block.data(), some.size()});
    for (std::size_t i = 0; i < some.size(); ++i) {
      ModuleForecast& one = some[i];
      if (one.status == ForecastStatus::unknown) {
        one.latency = bytes.empty() ? kNotEstimated : estimate(pack, bytes[start + i], one.macs);
      }
      one.latency *= pack.info.anchor.scale;
      if (out_of_range_) doubt(one);
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
  detail::raw_forecasts(pack, conditions_, modules, out);
  if (out_of_range_) std::ranges::for_each(out, doubt);
  NetworkForecast total;
  total.quiet = calibrate_modules(pack, modules, out);
  Certainty certainty(pack);
  for (std::size_t i = 0; i < out.size(); ++i) {
    add_interval(pack, modules[i].type, out[i]);
    total.macs += out[i].macs;
    certainty.add(modules[i].type, out[i]);
  }
  certainty.tell(anchor_age_s(), total);
  return total;
}

}  // namespace latcast
