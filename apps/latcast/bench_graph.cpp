// latcast bench graph: the executed graph by rules against the engine's own.
#include <algorithm>
#include <chrono>
#include <iostream>

#include "commands.h"
#include "engine/worker/worker.h"
#include "forecaster.h"
#include "json_output.h"
#include "measure/carriers/carrier.h"
#include "measure/machine.h"
#include "measure/model_file.h"
#include "rules/agreement.h"
#include "rules/executed_graph.h"

namespace latcast::cli {
namespace {

struct Options {
  std::vector<std::string> models;
  EngineOptions engine;
  DimOptions dims;
  OutputOptions output;
  bool differences = false;
  std::size_t carriers = 0;
};

struct Compared {
  std::string model;
  rules::Agreement agreement;
  std::map<std::string, int> applied;
  double rules_ns = 0;
};

Result<LoadedModel> load_carrier(const PlannedCarrier& planned) {
  Carrier carrier = make_carrier(planned.family, planned.seed);
  auto inputs = plan_inputs(carrier.model, {});
  if (!inputs) return fail_in(carrier.name, inputs.error());
  auto bytes = onnx::write_model(carrier.model, onnx::Weights::skeleton);
  if (!bytes) return fail_in(carrier.name, bytes.error());
  // As a reader would see it: what is too large to be kept is not known.
  auto model = onnx::read_model(std::as_bytes(std::span(*bytes)));
  if (!model) return fail_in(carrier.name, model.error());
  inputs->bytes = std::move(*bytes);
  return LoadedModel{carrier.name, std::move(*model), std::move(*inputs)};
}

Result<Compared> compare(Worker& worker, const Result<LoadedModel>& loaded, const DimBindings& dims,
                         const rules::EngineTarget& target, std::string_view engine) {
  if (!loaded) return tl::unexpected(loaded.error());
  const std::string& path = loaded->path;
  auto bytes = worker.executed_graph(loaded->engine_model);
  if (!bytes) return fail_in(path, bytes.error());
  const auto executed = onnx::read_model(std::as_bytes(std::span(*bytes)));
  if (!executed) return fail_in(path + " (as the engine optimized it)", executed.error());
  const auto before = std::chrono::steady_clock::now();
  const auto deduced = rules::executed_graph(loaded->model, dims, engine, target);
  const auto after = std::chrono::steady_clock::now();
  if (!deduced) return fail_in(path, deduced.error());
  auto agreement = rules::compare_graphs(*executed, deduced->model, dims, nullptr);
  if (!agreement) return fail_in(path, agreement.error());
  return Compared{path, std::move(*agreement), deduced->applied,
                  std::chrono::duration<double, std::nano>(after - before).count()};
}

void print_differences(const Compared& one) {
  for (const auto& [what, count] : one.agreement.missing) std::cout << "  engine " << count << "x " << what << "\n";
  for (const auto& [what, count] : one.agreement.surplus) std::cout << "  rules  " << count << "x " << what << "\n";
}

int run(const Options& options, Console& console) {
  if (auto ok = check_outputs(options.output); !ok) return refuse(console, ok.error());
  const std::string engine = "onnxruntime";
  Worker worker(engine, options.engine.settings, interactive_limits());
  const auto info = worker.info();
  if (!info) return refuse(console, info.error());
  if (!info->available) return refuse(console, Error{Errc::engine_unavailable, info->problem});
  const auto target = rules::engine_target(info->version, read_machine().cpu_features);
  if (!target) return refuse(console, target.error());
  Table table({"model", "engine's nodes", "rules' nodes", "in common", "equal", "deduced in"});
  Json list = Json::array();
  std::size_t networks = 0, equal = 0, nodes = 0, common = 0;
  int code = kOk;
  const std::vector<PlannedCarrier> carriers = plan_carriers(options.carriers);
  const std::size_t all = options.models.size() + carriers.size();
  for (std::size_t i = 0; i < all && !interrupted(); ++i) {
    const bool file = i < options.models.size();
    const auto loaded = file ? load_model_file(options.models[i], bindings(options.dims))
                             : load_carrier(carriers[i - options.models.size()]);
    console.progress(static_cast<double>(i) / static_cast<double>(all), loaded ? loaded->path : std::string());
    const auto one = compare(worker, loaded, file ? bindings(options.dims) : DimBindings{}, *target, engine);
    if (!one) {
      code = std::max(code, refuse(console, one.error()));
      continue;
    }
    const rules::Agreement& a = one->agreement;
    ++networks;
    equal += a.equal ? 1 : 0;
    nodes += a.engine_nodes;
    common += a.common;
    table.add({one->model, std::to_string(a.engine_nodes), std::to_string(a.rule_nodes), std::to_string(a.common),
               a.equal ? "yes" : "no", format_time(one->rules_ns)});
    list.push_back({{"model", one->model},
                    {"engine_nodes", a.engine_nodes},
                    {"rule_nodes", a.rule_nodes},
                    {"common", a.common},
                    {"equal", a.equal},
                    {"missing", a.missing},
                    {"surplus", a.surplus},
                    {"applied", one->applied},
                    {"rules_ns", one->rules_ns}});
    if (options.differences && !a.equal && !options.output.machine_readable_on_stdout()) {
      console.clear_progress();
      std::cout << one->model << "\n";
      print_differences(*one);
    }
  }
  console.clear_progress();
  if (!options.output.machine_readable_on_stdout()) {
    std::cout << table.text() << equal << " of " << networks << " networks equal, " << common << " of " << nodes
              << " nodes in common\n";
  }
  Json json = json_head();
  json["engine_version"] = info->version;
  json["block"] = target->block;
  json["networks"] = std::move(list);
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
  command->add_option("--carriers", options->carriers, "So many generated networks as well")->option_text("N");
  command->add_flag("--differences", options->differences, "List the nodes that only one of the two has");
  command->callback(
      [options, &context] { context.action = [options, &context] { return run(*options, context.console); }; });
}

}  // namespace latcast::cli
