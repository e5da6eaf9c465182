// latcast recalibrate: machines drift; measure a pack's reference carriers again and move its anchor.
#include <iostream>

#include "commands.h"
#include "core/output_file.h"
#include "session/recalibration.h"

namespace latcast::cli {
namespace {

using Options = session::RecalibrationOptions;

int run(const Options& options, Console& console) {
  if (auto ok = check_writable(options.pack); !ok) return refuse(console, ok.error());
  const auto done = session::recalibrate(options, console);
  if (!done) return refuse(console, done.error());
  console.clear_progress();
  std::cout << "anchor of " << options.pack << ": this machine takes " << format_percent(done->after.scale)
            << " of the time it took in training (was " << format_percent(done->before.scale) << "), scatter "
            << format_percent(done->after.scatter) << " over " << done->after.carriers << " carriers\n";
  return kOk;
}

}  // namespace

void add_recalibrate(Command app, Context& context) {
  const Command command = app.subcommand("recalibrate", "Re-anchor a pack to the speed the machine has now");
  auto options = std::make_shared<Options>();
  command.option("--pack", "FILE", options->pack, "Pack to re-anchor, in place").required();
  command.option("--budget", "TIME", quantity(Unit::ns, options->budget), "Wall-clock time to spend").by_default("15s");
  add_noise_option(command, options->max_noise,
                   "leave the pack as it is, with exit code 4, where bursts scatter by more; waiting is part of the "
                   "budget");
  add_engine_path(command, options->settings);
  on_chosen(command, context, options, run);
}

}  // namespace latcast::cli
