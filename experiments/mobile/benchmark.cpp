#include "experiments/mobile/benchmark.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <iterator>
#include <mutex>
#include <optional>
#include <span>
#include <tuple>
#include <utility>

#include "learn/math/parallel.h"

namespace latcast::experiments {
namespace {

constexpr int kThreads = 2;
constexpr std::array<std::string_view, 4> kReferences = {"lasso", "mlp", "forest", "gbdt"};

// clang-format off
constexpr Protocol kProtocols[] = {
    {.name = "GPU, by network", .scope = Scope::gpu, .quick = "mi8se", .run = leave_parts_out, .few_models = false, .references = true, .quick_references = true, .plotted = true},
    {.name = "GPU, by family", .scope = Scope::gpu, .run = leave_parts_out, .held = Held::families, .plotted = true},
    {.name = "10 networks at random", .scope = Scope::gpu, .quick = "mi8se", .run = draw_few, .count = 10},
    {.name = "20 networks at random", .scope = Scope::gpu, .run = draw_few, .count = 20},
    {.name = "30 networks at random", .scope = Scope::gpu, .quick = "mi8se", .run = draw_few, .count = 30},
    {.name = "50 networks at random", .scope = Scope::gpu, .run = draw_few, .count = 50},
    {.name = "10 networks by design", .scope = Scope::gpu, .quick = "mi8se", .run = design_few, .count = 10},
    {.name = "20 networks by design", .scope = Scope::gpu, .run = design_few, .count = 20},
    {.name = "30 networks by design", .scope = Scope::gpu, .quick = "mi8se", .run = design_few, .count = 30},
    {.name = "50 networks by design", .scope = Scope::gpu, .run = design_few, .count = 50},
    {.name = "few networks and another device's pack", .scope = Scope::related_gpu, .run = few_and_related},
    {.name = "MEDN, each GPU alone, operations", .scope = Scope::all_gpus, .run = medn_alone},
    {.name = "MEDN, GPUs as tasks, operations", .scope = Scope::all_gpus, .run = medn_together},
    {.name = "CPU, n cores from one", .scope = Scope::several_cores, .run = several_from_one},
    {.name = "CPU, one core, by network", .scope = Scope::one_core, .quick = "pixel4", .run = leave_parts_out, .few_models = false, .plotted = true},
    {.name = "CPU, one core, by family", .scope = Scope::one_core, .quick = "pixel4", .run = leave_parts_out, .held = Held::families, .few_models = false, .plotted = true},
    {.name = "CPU, several cores, by network", .scope = Scope::several_cores, .run = leave_parts_out, .few_models = false},
    {.name = "CPU, one core, int8, by network", .scope = Scope::one_core, .precision = "quant", .run = leave_parts_out, .few_models = false},
    {.name = "CPU, several cores, int8, by network", .scope = Scope::several_cores, .precision = "quant", .run = leave_parts_out, .few_models = false},
    {.name = "Vulkan, by network", .scope = Scope::vulkan, .quick = "onefusion", .run = leave_parts_out, .few_models = false, .references = true, .plotted = true},
};
// clang-format on

bool in_scope(Scope scope, const MobileTarget& target, const MobileTables& tables) {
  const int cores = target.processor->cores;
  if (scope == Scope::one_core) return target.engine == "tflite" && cores == 1;
  if (scope == Scope::several_cores) return target.engine == "tflite" && cores > 1;
  const auto phone = std::ranges::find(phones(), target.device, &Phone::name);
  if (cores > 0 || phone == phones().end()) return false;
  if (scope == Scope::vulkan) return target.engine == "torch" && phone->vulkan;
  if (target.engine != "tflite" || !phone->mobile_gpu) return false;
  if (scope != Scope::related_gpu) return true;
  return !phone->related_gpu.empty() &&
         tables.find(target.engine, phone->related_gpu, target.processor->name, target.precision) != nullptr;
}

/// What one thread does at a time.
std::vector<Case> plan(const MobileTables& tables, const MobileOptions& options, const session::Listener& listener) {
  std::vector<Case> out;
  const auto stop = [&listener] { return listener.cancelled(); };
  const bool quick = options.quick;
  for (const Protocol& protocol : kProtocols) {
    if (protocol.name.find(options.only) == std::string_view::npos) continue;
    if (quick && protocol.quick.empty()) continue;
    for (const MobileTarget& target : tables.targets) {
      if (target.precision != protocol.precision || !in_scope(protocol.scope, target, tables)) continue;
      if (quick && target.device != protocol.quick) continue;
      out.push_back({protocol, tables, target, kOurs, quick, stop});
      if (protocol.scope == Scope::all_gpus) break;  // it asks for all of them itself
      if (quick ? !protocol.quick_references : !protocol.references) continue;
      for (const std::string_view model : kReferences) out.push_back({protocol, tables, target, model, quick, stop});
    }
  }
  return out;
}

std::string describe(const Case& one) {
  return std::string(one.protocol.name) + ", " + one.target.name + ", " + std::string(one.method);
}

/// Works on the cases with a few threads; the first failure counts.
Result<MobileFigures> run(std::span<const Case> cases, session::Listener& listener) {
  MobileFigures out;
  std::mutex lock;
  std::size_t done = 0;
  std::optional<Error> problem;
  learn::parallel_for(cases.size(), kThreads, [&](std::size_t i) {
    if (listener.cancelled()) return;
    auto outcome = cases[i].protocol.run(cases[i]);
    const std::scoped_lock guard(lock);
    if (!outcome) {
      if (!problem) problem = Error{outcome.error().code, describe(cases[i]) + ": " + outcome.error().context};
      return;
    }
    std::ranges::move(outcome->figures, std::back_inserter(out.all));
    std::ranges::move(outcome->plots, std::back_inserter(out.plots));
    listener.progress(static_cast<double>(++done) / static_cast<double>(cases.size()), describe(cases[i]));
  });
  if (listener.cancelled()) return fail(Errc::interrupted, "interrupted");
  if (problem) return tl::unexpected(*problem);
  std::ranges::sort(out.all, {}, [](const Figure& one) { return std::tie(one.protocol, one.target, one.method); });
  std::ranges::sort(out.plots, {}, [](const ForecastPlot& one) { return std::tie(one.protocol, one.target); });
  return out;
}

}  // namespace

double MobileFigures::mean(std::string_view protocol, std::string_view method) const {
  double sum = 0, count = 0;
  for (const Figure& one : all) {
    if (one.protocol != protocol || one.method != method) continue;
    sum += one.error;
    count += 1;
  }
  return count > 0 ? sum / count : std::nan("");
}

Result<MobileFigures> run_mobile_benchmark(const MobileOptions& options, session::Listener& listener) {
  const auto tables = load_mobile_tables(options.data, options.maps, listener);
  if (!tables) return tl::unexpected(tables.error());
  const std::vector<Case> cases = plan(*tables, options, listener);
  if (cases.empty()) {
    return fail(Errc::not_found,
                options.data + ": no table has a target that a protocol " +
                    (options.only.empty() ? "is about" : "with '" + options.only + "' in its name is about"));
  }
  auto out = run(cases, listener);
  if (!out) return out;
  bool first = true;
  for (const MobileTarget& target : tables->targets) {
    if (!in_scope(Scope::gpu, target, *tables)) continue;
    if (std::exchange(first, false)) out->twins = twin_share(target.networks);
    const auto agreement = learn::check_rules(target.networks, tables->catalogue);
    out->rules.push_back({target.name, agreement.recorded - agreement.other, agreement.recorded});
  }
  return out;
}

}  // namespace latcast::experiments
