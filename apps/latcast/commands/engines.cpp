// latcast engines: what can be measured here.
#include "session/engines.h"

#include <algorithm>
#include <iostream>

#include "commands.h"
#include "render/json_output.h"

namespace latcast::cli {
namespace {

struct Options {
  EngineOptions engine;
  OutputOptions output;
};

int run(const Options& options, Console& console) {
  if (auto ok = check_outputs(options.output); !ok) return refuse(console, ok.error());
  const std::vector<EngineInfo> engines = session::engines(options.engine.settings);
  Json list = Json::array();
  std::string text;
  for (const EngineInfo& one : engines) {
    list.push_back({{"name", one.name},
                    {"available", one.available},
                    {"version", one.version},
                    {"library", one.library},
                    {"problem", one.problem}});
    text +=
        one.name + "  " + (one.available ? one.version + "  " + one.library : "not available: " + one.problem) + "\n";
  }
  if (!options.output.machine_readable_on_stdout()) std::cout << text << std::flush;
  Json json = json_head();
  json["engines"] = std::move(list);
  if (auto ok = write_json(options.output.json, json); !ok) return refuse(console, ok.error());
  return std::ranges::any_of(engines, &EngineInfo::available) ? kOk : kEngineUnavailable;
}

}  // namespace

void add_engines(CLI::App& app, Context& context) {
  auto* command =
      app.add_subcommand("engines", "Show which inference engines can be measured here, or what to install");
  auto options = std::make_shared<Options>();
  add_engine_options(*command, options->engine, false);
  add_output_options(*command, options->output, false);
  command->callback(
      [options, &context] { context.action = [options, &context] { return run(*options, context.console); }; });
}

}  // namespace latcast::cli
