#include "experiments/graph_agreement.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <functional>
#include <span>
#include <utility>

#include "engine/worker/worker.h"
#include "measure/carriers/carrier.h"
#include "measure/model_file.h"
#include "rules/executed_graph.h"
#include "rules/probes.h"
#include "session/forecaster.h"

namespace latcast::experiments {
namespace {

/// As a reader would see it: weights that are too large to be kept are not known.
Result<LoadedModel> load_skeleton(const std::string& name, const onnx::Model& skeleton) {
  auto inputs = plan_inputs(skeleton, {});
  if (!inputs) return fail_in(name, inputs.error());
  auto bytes = onnx::write_model(skeleton, onnx::Weights::skeleton);
  if (!bytes) return fail_in(name, bytes.error());
  auto model = onnx::read_model(std::as_bytes(std::span(*bytes)));
  if (!model) return fail_in(name, model.error());
  inputs->bytes = std::move(*bytes);
  return LoadedModel{name, std::move(*model), std::move(*inputs)};
}

/// A network to compare: where it comes from, and how it is had.
struct Source {
  std::string name;
  std::function<Result<LoadedModel>()> load;
  DimBindings dims;
  bool probe = false;
};

std::vector<Source> sources_of(const GraphOptions& options) {
  std::vector<Source> out;
  const DimBindings& dims = options.dims;
  for (const std::string& file : options.models) {
    out.push_back({file, [file, dims] { return load_model_file(file, dims); }, dims});
  }
  for (const PlannedCarrier& planned : plan_carriers(options.carriers)) {
    const std::string name = planned.family + "/" + std::to_string(planned.seed);
    out.push_back({name, [=] { return load_skeleton(name, make_carrier(planned.family, planned.seed).model); }, {}});
  }
  if (!options.probes) return out;
  for (rules::Probe& probe : rules::onnxruntime_probes()) {
    out.push_back({probe.name, [=] { return load_skeleton(probe.name, probe.model); }, {}, true});
  }
  return out;
}

/// What the pack makes of both graphs.
Result<void> forecast_both(session::Forecaster& forecaster, ExecutedGraph& engine, ExecutedGraph& rules,
                           ComparedGraph& out) {
  const auto forecast = [&](ExecutedGraph& graph, std::vector<double>& nodes) -> Result<double> {
    const auto found = forecast_network(forecaster.open_pack(), match_modules(graph, forecaster.catalogue(), nullptr));
    if (!found) return tl::unexpected(found.error());
    for (const ModuleForecast& one : found->modules) nodes.push_back(one.latency.count());
    return found->total.quiet.count();
  };
  std::vector<double> nodes, unused;
  const auto first = forecast(engine, nodes);
  if (!first) return tl::unexpected(first.error());
  const auto second = forecast(rules, unused);
  if (!second) return tl::unexpected(second.error());
  out.engine_forecast_ns = *first;
  out.rule_forecast_ns = *second;
  double all = 0, common = 0;
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    all += nodes[i];
    common += out.agreement.matched[i] ? nodes[i] : 0.0;
  }
  out.common_share = all > 0 ? common / all : 1.0;
  return {};
}

Result<ComparedGraph> compare(session::Forecaster& forecaster, const Result<LoadedModel>& loaded,
                              const DimBindings& dims, const rules::EngineTarget& target, bool forecasts) {
  if (!loaded) return tl::unexpected(loaded.error());
  const std::string& path = loaded->path;
  auto executed = forecaster.worker().executed_graph(loaded->engine_model);
  if (!executed) return fail_in(path, executed.error());
  ComparedGraph out;
  out.model = path;
  const auto before = std::chrono::steady_clock::now();
  auto deduced =
      rules::executed_graph(loaded->model, dims, forecaster.pack().target().engine, target, nullptr, &out.applied);
  const auto after = std::chrono::steady_clock::now();
  if (!deduced) return fail_in(path, deduced.error());
  out.agreement = rules::compare_graphs(*executed, *deduced);
  out.rules_ns = std::chrono::duration<double, std::nano>(after - before).count();
  if (!forecasts) return out;
  if (auto ok = forecast_both(forecaster, *executed, *deduced, out); !ok) return fail_in(path, ok.error());
  return out;
}

void add(const ComparedGraph& one, GraphTotals& totals) {
  const rules::Agreement& a = one.agreement;
  ++totals.networks;
  totals.equal += a.equal ? 1 : 0;
  totals.nodes += a.engine_nodes;
  totals.common += a.common;
  if (one.engine_forecast_ns <= 0) return;
  totals.difference += std::abs(one.difference());
  totals.most = std::max(totals.most, std::abs(one.difference()));
  totals.time += one.engine_forecast_ns;
  totals.common_time += one.engine_forecast_ns * one.common_share;
}

void add(ComparedGraph one, GraphReport& out) {
  add(one, out.totals);
  for (const auto& [rule, count] : one.applied) {
    RuleUse& use = out.rules[rule];
    use.applied += count;
    ++use.networks;
    use.unequal += one.agreement.equal ? 0 : 1;
  }
  if (one.probe && !one.agreement.equal) out.broken.push_back(one.model);
  out.networks.push_back(std::move(one));
}

}  // namespace

Result<GraphReport> check_graphs(const GraphOptions& options, session::Listener& listener) {
  const bool forecasts = !options.pack.empty();
  auto forecaster = forecasts ? session::Forecaster::open(options.pack, options.settings)
                              : session::Forecaster::of_this_machine(options.settings);
  if (!forecaster) return tl::unexpected(forecaster.error());
  const auto info = forecaster->worker().info();
  if (!info) return tl::unexpected(info.error());
  if (!info->available) return fail(Errc::engine_unavailable, info->problem);
  const auto machine = forecaster->worker().machine();
  if (!machine) return tl::unexpected(machine.error());
  const auto target = rules::engine_target(info->name, info->version, machine->cpu_features);
  if (!target) return tl::unexpected(target.error());
  GraphReport out;
  out.engine_version = info->version;
  out.block = target->block;
  const std::vector<Source> sources = sources_of(options);
  for (std::size_t i = 0; i < sources.size() && !listener.cancelled(); ++i) {
    listener.progress(static_cast<double>(i) / static_cast<double>(sources.size()), sources[i].name);
    auto one = compare(*forecaster, sources[i].load(), sources[i].dims, *target, forecasts);
    if (!one) {
      out.failures.push_back(one.error());
      continue;
    }
    one->probe = sources[i].probe;
    add(std::move(*one), out);
  }
  std::ranges::sort(out.broken);
  return out;
}

}  // namespace latcast::experiments
