// latcast graph: what an engine executes of a file.
#include <algorithm>
#include <iostream>
#include <map>

#include "commands.h"
#include "engine/worker/worker.h"
#include "forecast_options.h"
#include "graph/describe.h"
#include "measure/machine.h"
#include "measure/model_file.h"
#include "render/json_output.h"
#include "rules/executed_graph.h"

namespace latcast::cli {
namespace {

struct Options {
  std::string model, pack, onnx;
  EngineOptions engine;
  DimOptions dims;
  OutputOptions output;
  session::GraphSource source = session::GraphSource::automatic;
};

/// An executed graph with what stands behind it, and forecasts where a pack was given.
struct Shown {
  session::ExecutedNetwork executed;
  std::vector<ModuleForecast> forecasts;
  std::string_view source;
};

std::string shapes_text(const std::vector<std::string>& names, const std::map<std::string, TensorInfo>& tensors) {
  std::string text;
  for (const std::string& name : names) {
    const auto found = tensors.find(name);
    if (found == tensors.end() || found->second.constant) continue;
    text += (text.empty() ? "" : ", ") + shape_text(found->second);
  }
  return text;
}

std::string joined(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : ", ") + name;
  return text.empty() ? "-" : text;
}

void print(const Shown& shown) {
  std::vector<std::string> heads = {"operator", "in", "out", "stands for"};
  if (!shown.forecasts.empty()) heads.insert(heads.begin() + 3, "forecast");
  Table table(heads);
  for (std::size_t i = 0; i < shown.executed.network.modules.size(); ++i) {
    const Module& module = shown.executed.network.modules[i];
    const onnx::Node& node = shown.executed.model.graph.nodes[module.node];
    std::vector<std::string> row = {module.op, shapes_text(node.inputs, shown.executed.tensors),
                                    shapes_text(node.outputs, shown.executed.tensors), joined(module.nodes)};
    if (!shown.forecasts.empty()) row.insert(row.begin() + 3, format_time(shown.forecasts[i].latency.count()));
    table.add(row);
  }
  std::cout << table.text() << shown.executed.network.modules.size() << " executed nodes, by " << shown.source << "\n";
}

Json to_json(const Shown& shown) {
  Json json = json_head();
  json["graph"] = shown.source;
  json["nodes"] = Json::array();
  for (std::size_t i = 0; i < shown.executed.network.modules.size(); ++i) {
    const Module& module = shown.executed.network.modules[i];
    const onnx::Node& node = shown.executed.model.graph.nodes[module.node];
    const auto list = [&](const std::vector<std::string>& names) {
      Json out = Json::array();
      for (const std::string& name : names) {
        const auto found = shown.executed.tensors.find(name);
        Json tensor = {{"name", name}};
        if (found != shown.executed.tensors.end() && found->second.known) tensor["shape"] = found->second.dims;
        if (found != shown.executed.tensors.end()) tensor["constant"] = found->second.constant;
        out.push_back(std::move(tensor));
      }
      return out;
    };
    Json one = {{"op", module.op},
                {"name", node.name},
                {"inputs", list(node.inputs)},
                {"outputs", list(node.outputs)},
                {"nodes", module.nodes}};
    if (!shown.forecasts.empty()) one["latency_ns"] = shown.forecasts[i].latency.count();
    json["nodes"].push_back(std::move(one));
  }
  return json;
}

/// A copy for graph viewers: forecasts are the nodes' doc strings.
Result<void> write_onnx(const Shown& shown, const std::string& file) {
  onnx::Model model = shown.executed.model;
  for (onnx::Tensor& tensor : model.graph.initializers) tensor.external_location.clear();  // weights are not there
  for (std::size_t i = 0; i < shown.forecasts.size(); ++i) {
    const Module& module = shown.executed.network.modules[i];
    model.graph.nodes[module.node].doc =
        "forecast " + format_time(shown.forecasts[i].latency.count()) + "; stands for " + joined(module.nodes);
  }
  auto bytes = onnx::write_model(model, onnx::Weights::skeleton);
  if (!bytes) return tl::unexpected(bytes.error());
  return write_output(file, *bytes);
}

/// Without a pack the rules are for the engine and the machine that are here, or for this machine alone.
Result<session::Forecaster> make_forecaster(const Options& options) {
  if (!options.pack.empty()) return session::Forecaster::open(options.pack, options.engine.settings);
  return session::Forecaster::of_this_machine(options.engine.settings);
}

int run(const Options& options, Console& console) {
  if (auto ok = check_outputs(options.output); !ok) return refuse(console, ok.error());
  auto forecaster = make_forecaster(options);
  if (!forecaster) return refuse(console, forecaster.error());
  if (auto ok = forecaster->choose_graph(options.source, console); !ok) return refuse(console, ok.error());
  const DimBindings dims = bindings(options.dims);
  const auto loaded = forecaster->load(options.model, dims);
  if (!loaded) return refuse(console, loaded.error());
  auto executed = forecaster->execute(*loaded, dims);
  if (!executed) return refuse(console, executed.error());
  Shown shown{std::move(*executed), {}, forecaster->graph_source()};
  if (!options.pack.empty()) {
    shown.forecasts.resize(shown.executed.network.modules.size());
    const auto queries = forecaster->queries(shown.executed.network);
    if (auto total = forecaster->predictor().forecast_network(queries, shown.forecasts); !total)
      return refuse(console, total.error());
  }
  if (!options.output.machine_readable_on_stdout()) print(shown);
  if (!options.output.json.empty()) {
    if (auto ok = write_json(options.output.json, to_json(shown)); !ok) return refuse(console, ok.error());
  }
  if (!options.onnx.empty()) {
    if (auto ok = write_onnx(shown, options.onnx); !ok) return refuse(console, ok.error());
  }
  return kOk;
}

}  // namespace

void add_graph(CLI::App& app, Context& context) {
  auto* command = app.add_subcommand("graph", "Show what an engine executes of an ONNX file");
  auto options = std::make_shared<Options>();
  command->add_option("MODEL", options->model, "ONNX file")->required();
  command->add_option("--pack", options->pack, "Pack whose engine and CPU it is for, and whose forecasts are shown")
      ->option_text("FILE");
  command
      ->add_option("--onnx", options->onnx,
                   "Write the executed graph, without weights, for viewers such as Netron; forecasts as doc strings")
      ->option_text("FILE");
  add_graph_option(*command, options->source);
  add_dim_options(*command, options->dims);
  add_output_options(*command, options->output, false);
  add_engine_options(*command, options->engine, false);
  command->callback(
      [options, &context] { context.action = [options, &context] { return run(*options, context.console); }; });
}

}  // namespace latcast::cli
