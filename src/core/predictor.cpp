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

using Slots = std::array<double, kMaxSlots>;

/// Parameters, then derived values.
std::span<const double> fill_slots(const TypeModel& type, std::span<const double> parameters, Slots& slots) noexcept {
  std::ranges::copy(parameters, slots.begin());
  std::size_t count = parameters.size();
  for (const NamedProgram& derived : type.derived) {
    slots[count] = evaluate(derived.program, {slots.data(), count});
    ++count;
  }
  return {slots.data(), count};
}

std::uint32_t choose_kernel(const TypeModel& type, std::span<const double> slots) noexcept {
  for (std::uint32_t k = 0; k < type.kernels.size(); ++k) {
    const Program& when = type.kernels[k].when;
    if (when.empty() || evaluate(when, slots) != 0.0) return k;
  }
  return kUnknownKernel;
}

KernelEstimate estimate_kernel(const KernelModel& kernel, const detail::DecodedKernel& forms,
                               std::span<const double> slots) noexcept {
  std::array<double, kMaxTerms> terms;
  std::array<double, kMaxFeatures> features;
  for (std::size_t i = 0; i < kernel.terms.size(); ++i) {
    terms[i] = std::max(evaluate(kernel.terms[i].program, slots), 0.0);
  }
  for (std::size_t i = 0; i < kernel.features.size(); ++i) {
    features[i] = evaluate(kernel.features[i].program, slots);
  }
  const KernelView view{forms.form, forms.extrapolation, kernel.low, kernel.high, kernel.samples};
  return estimate(view, {terms.data(), kernel.terms.size()}, {features.data(), kernel.features.size()});
}

/// Before calibration and anchor. Parameters are known to be right.
ModuleForecast raw_forecast(const detail::DecodedPack& pack, const ModuleQuery& module) noexcept {
  ModuleForecast out;
  out.macs = usable(module.macs);
  if (module.type < pack.content.types.size()) {
    const TypeModel& type = pack.content.types[module.type];
    Slots buffer;
    const std::span<const double> slots = fill_slots(type, module.parameters, buffer);
    if (!type.macs.empty()) out.macs = usable(evaluate(type.macs, slots));
    out.kernel = choose_kernel(type, slots);
    if (out.kernel != kUnknownKernel && !pack.forms[module.type][out.kernel].form.empty()) {
      const auto found = estimate_kernel(type.kernels[out.kernel], pack.forms[module.type][out.kernel], slots);
      out.latency = Nanos(found.latency_ns);
      out.status = found.extrapolated ? ForecastStatus::extrapolated : ForecastStatus::ok;
      return out;
    }
  }
  out.latency = Nanos(physical_ns(pack.content.info.fallback, module, out.macs));
  return out;
}

/// The interval of a module whose latency is final.
void add_interval(const detail::DecodedPack& pack, std::uint32_t type, ModuleForecast& module) noexcept {
  const bool known = module.status != ForecastStatus::unknown;
  const double own = known ? pack.content.types[type].kernels[module.kernel].spread : 0.0;
  const double factor = std::exp(own > 0 ? own : pack.content.info.interval.module_spread);
  module.lower = module.latency / factor;
  module.upper = module.latency * factor;
}

Result<void> check_query(const detail::DecodedPack& pack, const ModuleQuery& module) {
  if (module.type >= pack.content.types.size()) return {};
  const TypeModel& type = pack.content.types[module.type];
  if (module.parameters.size() != type.parameters.size()) {
    return fail(Errc::invalid_input, type.name + " has " + std::to_string(type.parameters.size()) +
                                         " parameters, got " + std::to_string(module.parameters.size()));
  }
  for (std::size_t i = 0; i < module.parameters.size(); ++i) {
    if (!std::isfinite(module.parameters[i])) {
      return fail(Errc::invalid_input, type.name + "." + type.parameters[i] + " is not a finite number");
    }
  }
  return {};
}

/// Rewrites the latencies in place so that they sum to the calibrated, anchored total, which is returned.
Nanos calibrate_modules(std::span<ModuleForecast> modules, const PackInfo& info) noexcept {
  double raw = 0.0, shifted = 0.0;
  for (const ModuleForecast& module : modules) raw += module.latency.count();
  const CalibrationPlan plan = plan_calibration(info.calibration, raw, modules.size());
  for (const ModuleForecast& module : modules) shifted += plan.shift(module.latency.count());
  const double factor = shifted > 0.0 ? info.anchor.scale * plan.wanted_ns / shifted : 0.0;
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
  out.latency *= pack.content.info.anchor.scale;
  add_interval(pack, module.type, out);
  return out;
}

Result<NetworkForecast> Predictor::forecast_network(std::span<const ModuleQuery> modules,
                                                    std::span<ModuleForecast> out) const {
  const detail::DecodedPack& pack = pack_->decoded;
  if (modules.size() != out.size()) return fail(Errc::invalid_input, "as many forecasts as modules are needed");
  for (std::size_t i = 0; i < modules.size(); ++i) {
    if (auto ok = check_query(pack, modules[i]); !ok) return fail_in("module " + std::to_string(i), ok.error());
    out[i] = raw_forecast(pack, modules[i]);
  }
  const PackInfo& info = pack.content.info;
  NetworkForecast total;
  total.quiet = calibrate_modules(out, info);
  DoubtSum doubts;
  for (std::size_t i = 0; i < out.size(); ++i) {
    add_interval(pack, modules[i].type, out[i]);
    total.macs += out[i].macs;
    const bool known = out[i].status != ForecastStatus::unknown;
    const double error = known ? pack.content.types[modules[i].type].kernels[out[i].kernel].error : kUnknownError;
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
