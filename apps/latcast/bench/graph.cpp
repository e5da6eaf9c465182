// latcast bench graph: the executed graph by rules against the engine's own.
#include <algorithm>
#include <chrono>
#include <cmath>
#include <functional>
#include <iostream>
#include <map>
#include <set>

#include "commands.h"
#include "engine/worker/worker.h"
#include "measure/carriers/carrier.h"
#include "measure/machine.h"
#include "measure/model_file.h"
#include "render/json_output.h"
#include "rules/agreement.h"
#include "rules/executed_graph.h"
#include "rules/probes.h"
#include "session/forecaster.h"

namespace latcast::cli {
namespace {

struct Options {
  std::vector<std::string> models;
  std::string pack;
  EngineOptions engine;
  DimOptions dims;
  OutputOptions output;
  bool differences = false;
  std::size_t carriers = 0;
  bool probes = false;
};

struct Compared {
  std::string model;
  rules::Agreement agreement;
  std::map<std::string, int> applied;
  double rules_ns = 0;
  double engine_forecast_ns = 0, rule_forecast_ns = 0;  // 0: no pack
  double common_share = 0;                              // of the forecast: nodes in common

  [[nodiscard]] double difference() const { return rule_forecast_ns / engine_forecast_ns - 1.0; }
};

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

std::vector<Source> sources_of(const Options& options) {
  std::vector<Source> out;
  const DimBindings dims = bindings(options.dims);
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
Result<void> forecast_both(session::Forecaster& forecaster, const onnx::Model& engine, const onnx::Model& rules,
                           const DimBindings& dims, Compared& out) {
  const auto forecast = [&](const onnx::Model& model, std::vector<double>& nodes) -> Result<double> {
    const auto network = make_network(model, dims, forecaster.catalogue(), nullptr);
    if (!network) return tl::unexpected(network.error());
    std::vector<ModuleForecast> modules(network->modules.size());
    const auto total = forecaster.predictor().forecast_network(forecaster.queries(*network), modules);
    if (!total) return tl::unexpected(total.error());
    for (const ModuleForecast& one : modules) nodes.push_back(one.latency.count());
    return total->quiet.count();
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

Result<Compared> compare(session::Forecaster& forecaster, const Result<LoadedModel>& loaded, const DimBindings& dims,
                         const rules::EngineTarget& target, bool forecasts) {
  if (!loaded) return tl::unexpected(loaded.error());
  const std::string& path = loaded->path;
  auto bytes = forecaster.worker().executed_graph(loaded->engine_model);
  if (!bytes) return fail_in(path, bytes.error());
  const auto executed = onnx::read_model(std::as_bytes(std::span(*bytes)));
  if (!executed) return fail_in(path + " (as the engine optimized it)", executed.error());
  const auto before = std::chrono::steady_clock::now();
  const auto deduced = rules::executed_graph(loaded->model, dims, forecaster.pack().target().engine, target);
  const auto after = std::chrono::steady_clock::now();
  if (!deduced) return fail_in(path, deduced.error());
  auto agreement = rules::compare_graphs(*executed, deduced->model, dims, nullptr);
  if (!agreement) return fail_in(path, agreement.error());
  Compared out{path, std::move(*agreement), deduced->applied,
               std::chrono::duration<double, std::nano>(after - before).count()};
  if (!forecasts) return out;
  if (auto ok = forecast_both(forecaster, *executed, deduced->model, dims, out); !ok) return fail_in(path, ok.error());
  return out;
}

void print_differences(const Compared& one) {
  for (const auto& [what, count] : one.agreement.missing) std::cout << "  engine " << count << "x " << what << "\n";
  for (const auto& [what, count] : one.agreement.surplus) std::cout << "  rules  " << count << "x " << what << "\n";
}

/// Sums over all networks.
struct Totals {
  std::size_t networks = 0, equal = 0, nodes = 0, common = 0;
  double difference = 0, most = 0, time = 0, common_time = 0;

  void add(const Compared& one) {
    const rules::Agreement& a = one.agreement;
    ++networks;
    equal += a.equal ? 1 : 0;
    nodes += a.engine_nodes;
    common += a.common;
    if (one.engine_forecast_ns <= 0) return;
    difference += std::abs(one.difference());
    most = std::max(most, std::abs(one.difference()));
    time += one.engine_forecast_ns;
    common_time += one.engine_forecast_ns * one.common_share;
  }

  [[nodiscard]] std::string text(bool forecasts) const {
    std::string out = std::to_string(equal) + " of " + std::to_string(networks) + " networks equal, " +
                      std::to_string(common) + " of " + std::to_string(nodes) + " nodes in common\n";
    if (!forecasts || networks == 0) return out;
    return out + "weighted by forecast time " + format_percent(common_time / time, 2) +
           " in common; forecasts differ by " + format_percent(difference / static_cast<double>(networks), 2) +
           " on average, at most " + format_percent(most, 2) + "\n";
  }
};

/// What rules did, and whether the networks came out as the engine's.
class RuleUses {
 public:
  void add(const Compared& one) {
    for (const auto& [rule, count] : one.applied) {
      Use& use = uses_[rule];
      use.applied += count;
      ++use.networks;
      use.unequal += one.agreement.equal ? 0 : 1;
    }
  }

  [[nodiscard]] std::string text() const {
    Table table({"rule", "applied", "networks", "of them not equal"});
    for (const auto& [rule, use] : uses_)
      table.add({rule, std::to_string(use.applied), std::to_string(use.networks), std::to_string(use.unequal)});
    return table.text();
  }

  [[nodiscard]] Json json() const {
    Json out = Json::object();
    for (const auto& [rule, use] : uses_)
      out[rule] = {{"applied", use.applied}, {"networks", use.networks}, {"unequal", use.unequal}};
    return out;
  }

 private:
  struct Use {
    std::int64_t applied = 0;
    std::size_t networks = 0, unequal = 0;
  };
  std::map<std::string, Use> uses_;
};

/// A probe is called after its rule: "rule", "rule: what is special" or "rule, where".
std::string rule_of(const std::string& probe) { return probe.substr(0, probe.find_first_of(":,")); }

std::string what_holds(const std::set<std::string>& broken, const std::string& version) {
  if (broken.empty()) return "every probe is equal: the rules hold for " + version + "\n";
  std::string out;
  for (const std::string& probe : broken) out += (out.empty() ? "" : "; ") + rule_of(probe) + " (" + probe + ")";
  return "rules that do not hold for " + version + ": " + out + "\n";
}

Json to_json(const Compared& one) {
  const rules::Agreement& a = one.agreement;
  Json json = {{"model", one.model},         {"engine_nodes", a.engine_nodes},
               {"rule_nodes", a.rule_nodes}, {"common", a.common},
               {"equal", a.equal},           {"missing", a.missing},
               {"surplus", a.surplus},       {"applied", one.applied},
               {"rules_ns", one.rules_ns}};
  if (one.engine_forecast_ns <= 0) return json;
  json["engine_forecast_ns"] = one.engine_forecast_ns;
  json["rule_forecast_ns"] = one.rule_forecast_ns;
  json["common_time_share"] = one.common_share;
  return json;
}

int run(const Options& options, Console& console) {
  if (auto ok = check_outputs(options.output); !ok) return refuse(console, ok.error());
  const bool forecasts = !options.pack.empty();
  auto forecaster = forecasts ? session::Forecaster::open(options.pack, options.engine.settings)
                              : session::Forecaster::of_this_machine(options.engine.settings);
  if (!forecaster) return refuse(console, forecaster.error());
  const auto info = forecaster->worker().info();
  if (!info) return refuse(console, info.error());
  if (!info->available) return refuse(console, Error{Errc::engine_unavailable, info->problem});
  const auto target = rules::engine_target(info->version, read_machine().cpu_features);
  if (!target) return refuse(console, target.error());
  Table table({"model", "engine's nodes", "rules' nodes", "in common", "equal", "deduced in", "forecast differs"});
  Json list = Json::array();
  Totals totals;
  RuleUses uses;
  std::set<std::string> broken;  // probes
  int code = kOk;
  const std::vector<Source> sources = sources_of(options);
  for (std::size_t i = 0; i < sources.size() && !interrupted(); ++i) {
    console.progress(static_cast<double>(i) / static_cast<double>(sources.size()), sources[i].name);
    const auto one = compare(*forecaster, sources[i].load(), sources[i].dims, *target, forecasts);
    if (!one) {
      code = std::max(code, refuse(console, one.error()));
      continue;
    }
    totals.add(*one);
    uses.add(*one);
    const rules::Agreement& a = one->agreement;
    if (sources[i].probe && !a.equal) broken.insert(one->model);
    table.add({one->model, std::to_string(a.engine_nodes), std::to_string(a.rule_nodes), std::to_string(a.common),
               a.equal ? "yes" : "no", format_time(one->rules_ns),
               forecasts ? format_percent(one->difference(), 2) : "-"});
    list.push_back(to_json(*one));
    if (options.differences && !a.equal && !options.output.machine_readable_on_stdout()) {
      console.clear_progress();
      std::cout << one->model << "\n";
      print_differences(*one);
    }
  }
  console.clear_progress();
  if (!options.output.machine_readable_on_stdout()) {
    std::cout << table.text() << "\n" << uses.text() << "\n" << totals.text(forecasts);
    if (options.probes) std::cout << what_holds(broken, info->version);
  }
  Json json = json_head();
  json["engine_version"] = info->version;
  json["block"] = target->block;
  json["networks"] = std::move(list);
  json["rules"] = uses.json();
  if (auto ok = write_json(options.output.json, json); !ok) return refuse(console, ok.error());
  return code;
}

}  // namespace

void add_bench_graph(CLI::App& bench, Context& context) {
  auto* command = bench.add_subcommand("graph", "The executed graph deduced by rules against the engine's own");
  auto options = std::make_shared<Options>();
  add_model_option(*command, options->models);
  add_dim_options(*command, options->dims);
  add_output_options(*command, options->output, false);
  add_engine_options(*command, options->engine, false);
  command->get_option("MODEL")->required(false);
  command->add_option("--pack", options->pack, "Compare forecasts as well, by this pack of this machine")
      ->option_text("FILE");
  command->add_option("--carriers", options->carriers, "So many generated networks as well")->option_text("N");
  command->add_flag("--probes", options->probes,
                    "A small graph for each rule as well: those that are not equal no longer hold");
  command->add_flag("--differences", options->differences, "List the nodes that only one of the two has");
  command->callback(
      [options, &context] { context.action = [options, &context] { return run(*options, context.console); }; });
}

}  // namespace latcast::cli
