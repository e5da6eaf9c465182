// latcast worker: the engine's side of --worker, at the other end of a pipe.
#include "engine/worker/worker.h"

#include <unistd.h>

#include "commands.h"

namespace latcast::cli {
namespace {

int run(Console& console) {
  if (isatty(STDIN_FILENO) != 0) {
    console.error(
        "worker: this is the other end of --worker; give the command that starts it to another one, for example "
        "latcast profile --worker 'ssh board latcast worker' ...");
    return kUsage;
  }
  serve_standard_streams();
  return kOk;
}

}  // namespace

void add_worker(Command app, Context& context) {
  const Command command = app.subcommand("worker", "Serve an engine to a command on another machine, over a pipe");
  command.footer("Example, on that machine: latcast profile --worker 'ssh board latcast worker' --db board.db");
  command.on_chosen([&context] { context.action = [&context] { return run(context.console); }; });
}

}  // namespace latcast::cli
