// What commands share: option types, their parsing, and the exit codes.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "console.h"
#include "engine/engine.h"
#include "graph/network.h"
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

/// "90s", "10m", "250ms", "1h", "30us": a CLI11 validator that leaves nanoseconds in the text.
[[nodiscard]] CLI::Validator duration_option();
/// The positional MODEL...
void add_model_option(CLI::App& command, std::vector<std::string>& models);
/// --pack, of commands that read one.
void add_pack_option(CLI::App& command, std::string& pack);
/// --catalogue, repeatable.
void add_catalogue_option(CLI::App& command, std::vector<std::string>& folders);
/// --rounds and --burst.
void add_round_options(CLI::App& command, int& rounds, double& burst_ns, int fewest);

/// "200kB", "1.5MB", "4096": a CLI11 validator that leaves bytes in the text (powers of 1000).
[[nodiscard]] CLI::Validator size_option();

/// "5%" or "0.05" -> a share.
[[nodiscard]] CLI::Validator share_option();

struct EngineOptions {
  std::string engine = "onnxruntime";
  EngineSettings settings;
};
void add_engine_options(CLI::App& command, EngineOptions& options, bool choose_engine);

struct DimOptions {
  std::int64_t batch = 0;
  std::vector<std::string> dims;  // NAME=V
};
void add_dim_options(CLI::App& command, DimOptions& options);
[[nodiscard]] DimBindings bindings(const DimOptions& options);

/// --json[=F] and --csv[=F]. The value is optional and comes only after `=`, so a model behind a bare --json stays a
/// model.
struct OutputOptions {
  std::string json;  // empty: not asked; "-": stdout
  std::string csv;
  [[nodiscard]] bool machine_readable_on_stdout() const { return json == "-" || csv == "-"; }
};
void add_output_options(CLI::App& command, OutputOptions& options, bool with_csv);
/// argv with bare --json / --csv given their default value.
[[nodiscard]] std::vector<std::string> with_explicit_values(int argc, const char* const* argv);

/// Checks that an output file can be written before work starts.
[[nodiscard]] Result<void> check_output(const std::string& file);
[[nodiscard]] Result<void> check_outputs(const OutputOptions& options);
/// Writes to a file through a temporary one and a rename; "-" is stdout.
[[nodiscard]] Result<void> write_output(const std::string& file, const std::string& text);

/// A field of a CSV line, quoted where it must be.
[[nodiscard]] std::string csv_field(const std::string& text);

}  // namespace latcast::cli
