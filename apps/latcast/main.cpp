// latcast: how long a neural network takes on a device, before it is run there.
#include <algorithm>
#include <cstdio>
#include <exception>

#include "commands.h"
#include "engine/worker/worker.h"
#include "help.h"

namespace {

void add_shared_options(CLI::App& app, latcast::cli::Context& context) {
  using latcast::cli::ProgressMode;
  static const std::map<std::string, ProgressMode> kModes = {
      {"auto", ProgressMode::automatic}, {"always", ProgressMode::always}, {"never", ProgressMode::never}};
  app.add_flag("-q,--quiet", context.console.quiet, "Errors only on stderr");
  app.add_option("--progress", context.console.progress_mode, "Progress on stderr: auto, always or never")
      ->transform(CLI::CheckedTransformer(kModes))
      ->option_text("MODE")
      ->default_str("auto");
}

}  // namespace

int main(int argc, char** argv) {
  using namespace latcast::cli;
  CLI::App app{"latcast: how long a neural network takes on a device, before it is run there", "latcast"};
  app.formatter(std::make_shared<HelpFormatter>());
  app.set_version_flag("--version", "latcast " LATCAST_VERSION);
  app.require_subcommand(1);
  app.fallthrough();
  app.footer(
      "Every command also takes -q (errors only) and --progress auto|always|never.\n"
      "Exit codes: 0 ok, 1 failed, 2 usage, 3 a required condition is not met, 4 noise target missed, 5 engine "
      "unavailable, 130 interrupted");
  Context context;
  add_shared_options(app, context);
  for (const auto add : {add_engines, add_profile, add_import, add_targets, add_train, add_select, add_rms, add_predict,
                         add_graph, add_measure, add_recalibrate, add_eval, add_inspect, add_worker, add_bench}) {
    add(app, context);
  }
  try {
    std::vector<std::string> arguments = with_explicit_values(argc, argv);
    std::reverse(arguments.begin(), arguments.end());  // CLI11 takes them last first
    app.parse(arguments);
  } catch (const CLI::ParseError& problem) {
    return app.exit(problem) == 0 ? kOk : kUsage;
  }
  catch_interrupt();
  latcast::set_interrupt_check(interrupted);
  try {
    const int code = context.action();
    context.console.clear_progress();
    return interrupted() ? kInterrupted : code;
  } catch (const std::exception& problem) {
    context.console.error(std::string("internal error: ") + problem.what());
    return kFailed;
  }
}
