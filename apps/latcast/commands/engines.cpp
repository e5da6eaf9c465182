// latcast engines: what can be measured here.
#include "session/engines.h"

#include <algorithm>

#include "commands.h"
#include "engine/worker/serve.h"
#include "render/json_output.h"

namespace latcast::cli {
namespace {

struct Options {
  EngineSettings settings;
  OutputOptions output;
};

int run(const Options& options, Console& console) {
  if (auto ok = check_outputs(options.output); !ok) return refuse(console, ok.error());
  const std::vector<EngineInfo> engines = session::engines(options.settings);
  Json list = Json::array();
  std::string text;
  for (const EngineInfo& one : engines) {
    list.push_back({{"name", one.name},
                    {"available", one.available},
                    {"version", one.version},
                    {"library", one.library},
                    {"problem", one.problem},
                    {"capabilities", to_json(one.capabilities)}});
    text +=
        one.name + "  " + (one.available ? one.version + "  " + one.library : "not available: " + one.problem) + "\n";
  }
  Json json = json_head();
  json["engines"] = std::move(list);
  return write_results(console, options.output, text, json,
                       std::ranges::any_of(engines, &EngineInfo::available) ? kOk : kEngineUnavailable);
}

}  // namespace

void add_engines(Command app, Context& context) {
  const Command command =
      app.subcommand("engines", "Show which inference engines can be measured here, or what to install");
  auto options = std::make_shared<Options>();
  add_engine_path(command, options->settings);
  add_output_options(command, options->output, false);
  on_chosen(command, context, options, run);
}

}  // namespace latcast::cli
