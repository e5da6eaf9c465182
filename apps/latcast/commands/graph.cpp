// latcast graph: what an engine executes of a file.
#include <algorithm>
#include <map>

#include "commands.h"
#include "forecast_options.h"
#include "graph/describe.h"
#include "graph/onnx_model.h"
#include "render/json_output.h"
#include "session/execution.h"

namespace latcast::cli {
namespace {

using session::Execution;

struct Options : session::ExecutionOptions {
  std::string onnx;
  OutputOptions output;
};

std::string shapes_text(const ir::Graph& graph, const ir::Ids& ids) {
  std::string text;
  for (const ir::ValueId id : ids) {
    if (id != ir::kNothing && !graph.info(id).constant) text += (text.empty() ? "" : ", ") + shape_text(graph.info(id));
  }
  return text;
}

std::string joined(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : ", ") + name;
  return text.empty() ? "-" : text;
}

std::string to_text(const Execution& shown) {
  const ExecutedGraph& executed = shown.executed.graph;
  std::vector<std::string> heads = {"operator", "in", "out", "stands for"};
  if (!shown.forecasts.empty()) heads.insert(heads.begin() + 3, "forecast");
  Table table(heads);
  for (std::size_t i = 0; i < shown.executed.network.modules.size(); ++i) {
    const Module& module = shown.executed.network.modules[i];
    const ir::Node& node = executed.node(module.node);
    std::vector<std::string> row = {module.op, shapes_text(executed.graph, node.inputs),
                                    shapes_text(executed.graph, node.outputs), joined(module.nodes)};
    if (!shown.forecasts.empty()) row.insert(row.begin() + 3, format_time(shown.forecasts[i].latency.count()));
    table.add(row);
  }
  return table.text() + std::to_string(shown.executed.network.modules.size()) + " executed nodes, by " + shown.graph +
         "\n";
}

Json to_json(const Execution& shown) {
  const ExecutedGraph& executed = shown.executed.graph;
  Json json = json_head();
  json["graph"] = shown.graph;
  json["nodes"] = Json::array();
  for (std::size_t i = 0; i < shown.executed.network.modules.size(); ++i) {
    const Module& module = shown.executed.network.modules[i];
    const ir::Node& node = executed.node(module.node);
    const auto list = [&](const ir::Ids& ids) {
      Json out = Json::array();
      for (const ir::ValueId id : ids) {
        Json& tensor = out.emplace_back(Json{{"name", id == ir::kNothing ? "" : executed.graph.name(id)}});
        if (id == ir::kNothing) continue;
        const TensorInfo& info = executed.graph.info(id);
        if (info.known) tensor["shape"] = info.dims;
        tensor["constant"] = info.constant;
        if (const auto layout = executed.layouts.find(id); layout != executed.layouts.end())
          tensor["layout"] = layout->second;
      }
      return out;
    };
    Json one = {{"op", module.op},
                {"name", node.name},
                {"inputs", list(node.inputs)},
                {"outputs", list(node.outputs)},
                {"nodes", module.nodes}};
    if (module.node < executed.kernels.size() && !executed.kernels[module.node].empty())
      one["kernel"] = executed.kernels[module.node];
    if (!shown.forecasts.empty()) one["latency_ns"] = shown.forecasts[i].latency.count();
    json["nodes"].push_back(std::move(one));
  }
  return json;
}

/// A copy for graph viewers: forecasts are the nodes' doc strings.
Result<void> write_onnx(const Execution& shown, const std::string& file) {
  onnx::Model model = to_model(shown.executed.graph, shown.file);
  for (std::size_t i = 0; i < shown.forecasts.size(); ++i) {
    const Module& module = shown.executed.network.modules[i];
    model.graph.nodes[module.node].doc =
        "forecast " + format_time(shown.forecasts[i].latency.count()) + "; stands for " + joined(module.nodes);
  }
  auto bytes = onnx::write_model(model, onnx::Weights::skeleton);
  if (!bytes) return tl::unexpected(bytes.error());
  return write_output(file, *bytes);
}

int run(const Options& options, Console& console) {
  if (auto ok = check_outputs(options.output); !ok) return refuse(console, ok.error());
  if (auto ok = check_output(options.onnx); !ok) return refuse(console, ok.error());
  const auto found = session::execution(options, console);
  if (!found) return refuse(console, found.error());
  if (!options.onnx.empty()) {
    if (auto ok = write_onnx(*found, options.onnx); !ok) return refuse(console, ok.error());
  }
  return write_results(console, options.output, to_text(*found), to_json(*found));
}

}  // namespace

void add_graph(Command app, Context& context) {
  const Command command = app.subcommand("graph", "Show what an engine executes of an ONNX file");
  auto options = std::make_shared<Options>();
  command.option("MODEL", "", options->model, "ONNX file").required();
  command.option("--pack", "FILE", options->pack, "Pack whose engine and CPU it is for, and whose forecasts are shown");
  command.option("--onnx", "FILE", options->onnx,
                 "Write the executed graph, without weights, for viewers such as Netron; forecasts as doc strings");
  add_graph_option(command, options->graph);
  add_dim_options(command, options->dims);
  add_output_options(command, options->output, false);
  add_engine_path(command, options->settings);
  on_chosen(command, context, options, run);
}

}  // namespace latcast::cli
