// latcast: how long a neural network takes on a device, before it is run there.
#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <exception>
#include <string>

#include "commands.h"
#include "engine/worker/worker.h"

namespace latcast::cli {
namespace {

/// A standard stream that is closed would be the next file that is opened.
void hold_standard_streams() {
  int descriptor = STDIN_FILENO;
  while (descriptor >= STDIN_FILENO && descriptor <= STDERR_FILENO) descriptor = open("/dev/null", O_RDONLY);
  close(descriptor);
}

/// The exit code, where stdout has taken everything. Whoever has closed it need not be told.
int finish(Console& console, int code) {
  const int why = std::fflush(stdout) == 0 ? 0 : errno;
  if (why == 0 && std::ferror(stdout) == 0) return code;
  // Where the reader went away earlier, the library forgets why.
  pollfd reader{.fd = STDOUT_FILENO, .events = POLLOUT, .revents = 0};
  const bool closed = why == EPIPE || (poll(&reader, 1, 0) == 1 && (reader.revents & POLLERR) != 0);
  const std::string reason = why == 0 ? " (is the disk full?)" : std::string(": ") + std::strerror(why);
  if (!closed) console.error("cannot write to stdout" + reason);
  return code == kInterrupted ? code : kFailed;
}

}  // namespace
}  // namespace latcast::cli

int main(int argc, char** argv) {
  using namespace latcast::cli;
  hold_standard_streams();
  CommandLine command_line("latcast", "latcast: how long a neural network takes on a device, before it is run there",
                           "latcast " LATCAST_VERSION);
  const Command program = command_line.program();
  program.needs_subcommand();
  program.footer(
      "Every command also takes -q (errors only) and --progress auto|always|never.\n"
      "Exit codes: 0 ok, 1 failed, 2 usage, 3 a required condition is not met, 4 noise target missed, 5 engine "
      "unavailable, 130 interrupted");
  Context context;
  const std::vector<std::pair<std::string, ProgressMode>> modes = {
      {"auto", ProgressMode::automatic}, {"always", ProgressMode::always}, {"never", ProgressMode::never}};
  program.flag("-q,--quiet", context.console.quiet, "Errors only on stderr");
  program
      .option("--progress", "MODE", one_of(modes, context.console.progress_mode),
              "Progress on stderr: auto, always or never")
      .by_default("auto");
  for (const auto add : {add_engines, add_profile, add_import, add_targets, add_train, add_select, add_rms, add_predict,
                         add_graph, add_measure, add_recalibrate, add_eval, add_inspect, add_worker, add_bench}) {
    add(program, context);
  }
  const auto parsed = command_line.parse(with_explicit_values(argc, argv));
  if (!parsed || !*parsed) return finish(context.console, parsed ? kUsage : kOk);
  catch_interrupt();
  latcast::set_interrupt_check(interrupted);
  try {
    const int code = context.action();
    context.console.clear_progress();
    return finish(context.console, interrupted() ? kInterrupted : code);
  } catch (const std::exception& problem) {
    context.console.error(std::string("internal error: ") + problem.what());
    return kFailed;
  }
}
