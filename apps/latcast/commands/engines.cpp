// latcast engines: what can be measured here.
#include <iostream>

#include "commands.h"
#include "engine/worker/worker.h"
#include "render/json_output.h"
#include "session/forecaster.h"

namespace latcast::cli {
namespace {

struct Options {
  EngineOptions engine;
  OutputOptions output;
};

int run(const Options& options, Console& console) {
  Json list = Json::array();
  bool any = false;
  std::string text;
  for (const std::string& id : engine_ids()) {
    if (id == "fake") continue;  // for tests; nothing is measured with it
    Worker worker(id, options.engine.settings, session::interactive_limits());
    auto info = worker.info();
    if (!info) info = EngineInfo{id, false, "", "", info.error().context};
    any = any || info->available;
    list.push_back({{"name", id},
                    {"available", info->available},
                    {"version", info->version},
                    {"library", info->library},
                    {"problem", info->problem}});
    text += info->available ? id + "  " + info->version + "  " + info->library + "\n"
                            : id + "  not available: " + info->problem + "\n";
  }
  if (!options.output.machine_readable_on_stdout()) std::cout << text << std::flush;
  if (!options.output.json.empty()) {
    Json json = json_head();
    json["engines"] = std::move(list);
    if (auto ok = write_output(options.output.json, json.dump(2) + "\n"); !ok) {
      console.error(ok.error().context);
      return kFailed;
    }
  }
  return any ? kOk : kEngineUnavailable;
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
