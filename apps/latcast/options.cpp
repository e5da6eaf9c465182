#include "options.h"

#include <sys/stat.h>
#include <unistd.h>

#include <charconv>
#include <iostream>

#include "core/output_file.h"

namespace latcast::cli {
namespace {

/// "NAME=V"; a length may be 0.
std::optional<std::pair<std::string, std::int64_t>> split_dim(const std::string& text) {
  const std::size_t equals = text.rfind('=');
  if (equals == std::string::npos || equals == 0) return std::nullopt;
  std::int64_t value = 0;
  const char* end = text.data() + text.size();
  const auto read = std::from_chars(text.data() + equals + 1, end, value);
  if (read.ec != std::errc() || read.ptr != end || value < 0) return std::nullopt;
  return std::pair{text.substr(0, equals), value};
}

/// Whether the file is standard output by another name, such as /dev/stdout.
bool is_stdout(const std::string& file) {
  struct stat named{}, out{};
  return stat(file.c_str(), &named) == 0 && fstat(STDOUT_FILENO, &out) == 0 && named.st_dev == out.st_dev &&
         named.st_ino == out.st_ino;
}

/// `other`: where something else goes, which cannot share its place.
Reader output(std::string& file, const std::string& other, const std::string& its_name) {
  return [&file, &other, its_name](const std::string& text) -> std::string {
    file = is_stdout(text) ? "-" : text;
    if (file != other) return {};
    return "goes to " + (file == "-" ? "stdout" : file) + " as " + its_name + " does; give one of them another file";
  };
}

}  // namespace

int exit_code(Errc code) {
  switch (code) {
    case Errc::engine_unavailable:
      return kEngineUnavailable;
    case Errc::interrupted:
      return kInterrupted;
    case Errc::unstable:
      return kNoiseTargetMissed;
    case Errc::budget:
      return kConditionNotMet;
    default:
      return kFailed;
  }
}

int refuse(Console& console, const Error& error) {
  console.clear_progress();
  console.error(error.context);
  return exit_code(error.code);
}

void add_engine_choice(Command command, std::string& engine, EngineSettings& settings) {
  const std::vector<std::string> ids = engine_ids();
  command
      .option("--engine", "NAME", one_of(ids, [&engine, ids](std::size_t i) { engine = ids[i]; }),
              "Inference engine to measure ('latcast engines' lists them)")
      .by_default(engine);
  command
      .option("--threads", "N", whole_number(settings.threads, 1, 1024), "Threads the engine may use for one operator")
      .by_default(std::to_string(settings.threads));
  const auto session = [&settings](const std::string& text) -> std::string {
    const std::size_t equals = text.find('=');
    if (equals == std::string::npos || equals == 0 || equals + 1 == text.size())
      return text + ": write KEY=VALUE, for example --session optimization_level=basic";
    settings.session[text.substr(0, equals)] = text.substr(equals + 1);
    return {};
  };
  command
      .option("--session", "KEY=VALUE", session,
              "Session option that changes latency, such as optimization_level=basic; repeatable. A pack keeps those "
              "of its campaign")
      .repeatable();
  add_engine_path(command, settings);
}

void add_engine_path(Command command, EngineSettings& settings) {
  command.option("--engine-path", "FILE", settings.library,
                 "The engine's library to use (default: $LATCAST_ONNXRUNTIME, the project's Python environment, the "
                 "system's)");
  command.option("--worker", "COMMAND", settings.worker,
                 "Command that runs 'latcast worker' where the engine is, such as 'ssh board latcast worker'; what it "
                 "measures is that machine (default: this one)");
}

void add_dim_options(Command command, DimBindings& dims) {
  command.option(
      "--batch", "N", whole_number(dims.batch, 1, 1 << 20),
      "Value of free first axes of the inputs: short for --at batch=N. A file that fixes them at 1 is rebound by rules "
      "(predict, graph)");
  const auto dim = [&dims](const std::string& text) -> std::string {
    const auto read = split_dim(text);
    if (!read) return text + ": write NAME=V with a whole number V, for example --dim seq=128";
    dims.named[read->first] = read->second;
    return {};
  };
  command
      .option("--dim", "NAME=V", dim,
              "Value of a free dimension, by name (seq=128) or place (input_ids:1=128); repeatable")
      .repeatable();
}

void add_input_option(Command command, std::map<std::string, std::string>& inputs) {
  const auto add = [&inputs](const std::string& text) -> std::string {
    const std::size_t equals = text.find('=');
    if (equals == std::string::npos || equals == 0 || equals + 1 == text.size())
      return text + ": write NAME=FILE.npy, NAME=constant:V or NAME=range:A..B";
    inputs[text.substr(0, equals)] = text.substr(equals + 1);
    return {};
  };
  command
      .option("--input", "NAME=VALUES", add,
              "What is in an input: FILE.npy, constant:V or range:A..B; repeatable (default: made up, indices and "
              "lengths as the graph allows)")
      .repeatable();
}

void add_at_option(Command command, std::string& at, const std::string& help) {
  const auto add = [&at](const std::string& text) {
    at += (at.empty() ? "" : ",") + text;
    return std::string();
  };
  command.option("--at", "NAME=V,...", add, help).repeatable();
}

void add_model_option(Command command, std::vector<std::string>& models) {
  command.several("MODEL", models, "ONNX files").required();
}

void add_pack_option(Command command, std::string& pack) {
  command.option("--pack", "FILE", pack, "Pack made by 'latcast train'").required();
}

void add_catalogue_option(Command command, std::vector<std::string>& folders) {
  command.option("--catalogue", "DIR", list(folders), "Folder of module types on top of the built-in ones; repeatable")
      .repeatable();
}

void add_target_option(Command command, std::string& target, const std::string& store) {
  command.option("--target", "NAME", target, "Target in the " + store + " (a part of its name will do when unique)");
}

void add_round_options(Command command, int& rounds, Nanos& burst, int fewest) {
  command
      .option("--rounds", "N", whole_number(rounds, static_cast<std::uint64_t>(fewest), 10000),
              "Rounds in which every network gets a burst")
      .by_default(std::to_string(rounds));
  command.option("--burst", "TIME", quantity(Unit::ns, burst), "Length of a burst").by_default("250ms");
}

void add_noise_option(Command command, double& max_noise, const std::string& does) {
  command.option("--max-noise", "SHARE", quantity(Unit::share, max_noise),
                 "Wait while other programs keep the machine busy, and " + does);
}

void add_patience_option(Command command, Nanos& patience) {
  command.option("--patience", "TIME", quantity(Unit::ns, patience), "How long --max-noise waits in all")
      .by_default("2m");
}

void add_output_options(Command command, OutputOptions& options, bool with_csv) {
  command.option("--json", "[=FILE]", output(options.json, options.csv, "--csv"),
                 "Write JSON, to a file or (bare --json) to stdout");
  if (!with_csv) return;
  command.option("--csv", "[=FILE]", output(options.csv, options.json, "--json"),
                 "Write CSV, to a file or (bare --csv) to stdout");
}

std::vector<std::string> with_explicit_values(int argc, const char* const* argv) {
  std::vector<std::string> result;
  bool options_ended = false;
  for (int i = 1; i < argc; ++i) {
    std::string argument = argv[i];
    options_ended = options_ended || argument == "--";
    if (!options_ended && (argument == "--json" || argument == "--csv")) argument += "=-";
    result.push_back(std::move(argument));
  }
  return result;
}

Result<void> check_output(const std::string& file) {
  if (file.empty() || file == "-") return {};
  return check_writable(file);
}

Result<void> check_outputs(const OutputOptions& options) {
  if (auto ok = check_output(options.json); !ok) return ok;
  return check_output(options.csv);
}

Result<void> write_output(const std::string& file, const std::string& text) {
  if (file != "-") return write_file(file, std::as_bytes(std::span(text)));
  std::cout << text;  // main() looks whether that went well
  return {};
}

std::string csv_field(const std::string& field) {
  std::string text = printable(field);
  if (text.find_first_of(",\"") == std::string::npos) return text;
  std::string quoted = "\"";
  for (const char c : text) quoted += c == '"' ? std::string("\"\"") : std::string(1, c);
  return quoted + "\"";
}

}  // namespace latcast::cli
