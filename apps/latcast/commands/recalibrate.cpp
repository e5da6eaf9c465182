// latcast recalibrate: machines drift; measure a pack's reference carriers again and move its anchor.
#include <iostream>

#include "commands.h"
#include "session/recalibration.h"

namespace latcast::cli {
namespace {

struct Options {
  std::string pack;
  EngineOptions engine;
  double budget_ns = 15e9;
};

int run(const Options& options, Console& console) {
  if (auto ok = check_output(options.pack); !ok) return refuse(console, ok.error());
  const auto done = session::recalibrate({options.pack, options.engine.settings, Nanos(options.budget_ns)}, console);
  if (!done) return refuse(console, done.error());
  console.clear_progress();
  std::cout << "anchor of " << options.pack << ": this machine takes " << format_percent(done->after.scale)
            << " of the time it took in training (was " << format_percent(done->before.scale) << "), scatter "
            << format_percent(done->after.scatter) << " over " << done->after.carriers << " carriers\n";
  return kOk;
}

}  // namespace

void add_recalibrate(CLI::App& app, Context& context) {
  auto* command = app.add_subcommand("recalibrate", "Re-anchor a pack to the speed the machine has now");
  auto options = std::make_shared<Options>();
  command->add_option("--pack", options->pack, "Pack to re-anchor, in place")->option_text("FILE")->required();
  command->add_option("--budget", options->budget_ns, "Wall-clock time to spend")
      ->option_text("TIME")
      ->transform(duration_option())
      ->default_str("15s");
  add_engine_options(*command, options->engine, false);
  command->callback(
      [options, &context] { context.action = [options, &context] { return run(*options, context.console); }; });
}

}  // namespace latcast::cli
