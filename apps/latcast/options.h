// What commands share: option types, their parsing, and the exit codes.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "command_line.h"
#include "console.h"
#include "engine/engine.h"
#include "latcast/dim_bindings.h"
#include "latcast/result.h"
#include "latcast/units.h"

namespace latcast::cli {

/// Documented in docs/cli.md; scripts rely on them.
enum ExitCode : int {
  kOk = 0,
  kFailed = 1,
  kUsage = 2,
  kConditionNotMet = 3,
  kNoiseTargetMissed = 4,
  kEngineUnavailable = 5,
  kInterrupted = 130,
};

[[nodiscard]] int exit_code(Errc code);
/// Says what went wrong, and gives the exit code for it.
int refuse(Console& console, const Error& error);

/// A command's work, run after all options are parsed and checked.
using Action = std::function<int()>;

struct Context {
  Console console;
  Action action;  // set by the subcommand that was chosen
  std::vector<std::string> argv;
};

/// The command, when chosen, is run(options, console).
template <class Options>
void on_chosen(Command command, Context& context, const std::shared_ptr<Options>& options,
               int (*run)(const Options&, Console&)) {
  command.on_chosen([options, run, &context] {
    context.action = [options, run, &context] { return run(*options, context.console); };
  });
}

/// The positional MODEL...
void add_model_option(Command command, std::vector<std::string>& models);
/// --pack, of commands that read one.
void add_pack_option(Command command, std::string& pack);
/// --catalogue, repeatable.
void add_catalogue_option(Command command, std::vector<std::string>& folders);
/// --target, of commands that learn from a store.
void add_target_option(Command command, std::string& target, const std::string& store = "store");
/// --rounds and --burst.
void add_round_options(Command command, int& rounds, Nanos& burst, int fewest);

/// --max-noise, which waits for a quiet machine; `does`: what becomes of noisier figures.
void add_noise_option(Command command, double& max_noise, const std::string& does);
/// --patience, of commands without a budget.
void add_patience_option(Command command, Nanos& patience);

/// --engine and --threads, of commands that measure any engine.
void add_engine_choice(Command command, std::string& engine, EngineSettings& settings);
/// --engine-path and --worker.
void add_engine_path(Command command, EngineSettings& settings);
/// --batch and --dim.
void add_dim_options(Command command, DimBindings& dims);
/// --input, of commands that run networks.
void add_input_option(Command command, std::map<std::string, std::string>& inputs);
/// --at.
void add_at_option(Command command, std::string& at, const std::string& help);

/// --json[=F] and --csv[=F]. The value is optional and comes only after `=`, so a model behind a bare --json stays a
/// model.
struct OutputOptions {
  std::string json;  // empty: not asked; "-": stdout
  std::string csv;
  [[nodiscard]] bool machine_readable_on_stdout() const { return json == "-" || csv == "-"; }
};
void add_output_options(Command command, OutputOptions& options, bool with_csv);
/// argv with bare --json / --csv given their default value.
[[nodiscard]] std::vector<std::string> with_explicit_values(int argc, const char* const* argv);

/// Checks that an output file can be written before work starts.
[[nodiscard]] Result<void> check_output(const std::string& file);
[[nodiscard]] Result<void> check_outputs(const OutputOptions& options);
/// As write_file() does; "-" is stdout.
[[nodiscard]] Result<void> write_output(const std::string& file, const std::string& text);

/// A field of a CSV line, quoted where it must be.
[[nodiscard]] std::string csv_field(const std::string& field);

}  // namespace latcast::cli
