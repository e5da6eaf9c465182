#include "options.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <filesystem>

namespace latcast::cli {
namespace {

std::optional<double> leading_number(const std::string& text, std::string& rest) {
  double value = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (failure != std::errc() || !std::isfinite(value)) return std::nullopt;
  rest.assign(end, text.data() + text.size());
  return value;
}

/// "NAME=V" with V of at least 1.
std::optional<std::pair<std::string, std::int64_t>> split_dim(const std::string& text) {
  const std::size_t equals = text.rfind('=');
  if (equals == std::string::npos || equals == 0) return std::nullopt;
  std::int64_t value = 0;
  const char* end = text.data() + text.size();
  const auto read = std::from_chars(text.data() + equals + 1, end, value);
  if (read.ec != std::errc() || read.ptr != end || value < 1) return std::nullopt;
  return std::pair{text.substr(0, equals), value};
}

std::string plain_number(double value) {
  char buffer[40];
  return {buffer, std::to_chars(buffer, buffer + sizeof buffer, value).ptr};
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

CLI::Validator duration_option() {
  static const std::map<std::string, double> kUnits = {{"ns", 1},   {"us", 1e3},   {"ms", 1e6},  {"s", 1e9},
                                                       {"m", 60e9}, {"min", 60e9}, {"h", 3600e9}};
  return CLI::Validator(
      [](std::string& text) -> std::string {
        std::string unit;
        const auto value = leading_number(text, unit);
        const auto found = kUnits.find(unit);
        if (!value || found == kUnits.end())
          return "'" + text + "' is not a duration; write for example 250ms, 15s, 10m";
        if (*value <= 0) return "'" + text + "': a duration must be above 0";
        text = plain_number(*value * found->second);
        return {};
      },
      "DURATION");
}

CLI::Validator size_option() {
  static const std::map<std::string, double> kUnits = {{"", 1},    {"B", 1},    {"kB", 1e3}, {"KB", 1e3},
                                                       {"k", 1e3}, {"MB", 1e6}, {"M", 1e6}};
  return CLI::Validator(
      [](std::string& text) -> std::string {
        std::string unit;
        const auto value = leading_number(text, unit);
        const auto found = kUnits.find(unit);
        if (!value || found == kUnits.end()) return "'" + text + "' is not a size; write for example 200kB or 1.5MB";
        if (*value <= 0) return "'" + text + "': a size must be above 0";
        text = plain_number(*value * found->second);
        return {};
      },
      "SIZE");
}

CLI::Validator share_option() {
  return CLI::Validator(
      [](std::string& text) -> std::string {
        std::string unit;
        auto value = leading_number(text, unit);
        if (!value || (!unit.empty() && unit != "%") || *value < 0)
          return "'" + text + "' is not a share; write for example 5% or 0.05";
        text = plain_number(unit == "%" ? *value / 100 : *value);
        return {};
      },
      "SHARE");
}

CLI::Option* add_duration(CLI::App& command, const std::string& name, Nanos& value, const std::string& help) {
  return command.add_option_function<double>(
                    name, [&value](double ns) { value = Nanos(ns); }, help)
      ->option_text("TIME")
      ->transform(duration_option());
}

void add_engine_choice(CLI::App& command, std::string& engine, EngineSettings& settings) {
  command.add_option("--engine", engine, "Inference engine to measure ('latcast engines' lists them)")
      ->option_text("NAME")
      ->capture_default_str()
      ->check(CLI::IsMember(engine_ids()));
  command.add_option("--threads", settings.threads, "Threads the engine may use for one operator")
      ->option_text("N")
      ->capture_default_str()
      ->check(CLI::Range(1, 1024));
  command
      .add_option_function<std::vector<std::string>>(
          "--session",
          [&settings](const std::vector<std::string>& texts) {
            for (const std::string& text : texts)
              settings.session[text.substr(0, text.find('='))] = text.substr(text.find('=') + 1);
          },
          "Session option that changes latency, such as optimization_level=basic; repeatable. A pack keeps those of "
          "its "
          "campaign")
      ->allow_extra_args(false)
      ->option_text("KEY=VALUE")
      ->check([](const std::string& text) -> std::string {
        const std::size_t equals = text.find('=');
        if (equals != std::string::npos && equals > 0 && equals + 1 < text.size()) return {};
        return text + ": write KEY=VALUE, for example --session optimization_level=basic";
      });
  add_engine_path(command, settings);
}

void add_engine_path(CLI::App& command, EngineSettings& settings) {
  command
      .add_option("--engine-path", settings.library,
                  "The engine's library to use (default: $LATCAST_ONNXRUNTIME, the project's Python environment, the "
                  "system's)")
      ->option_text("FILE");
  command
      .add_option("--worker", settings.worker,
                  "Command that runs 'latcast worker' where the engine is, such as 'ssh board latcast worker'; what it "
                  "measures is that machine (default: this one)")
      ->option_text("COMMAND");
}

void add_dim_options(CLI::App& command, DimBindings& dims) {
  command.add_option("--batch", dims.batch, "Value of free first axes of the inputs: short for --at batch=N")
      ->option_text("N")
      ->check(CLI::Range(std::int64_t{1}, std::int64_t{1} << 20));
  command
      .add_option_function<std::vector<std::string>>(
          "--dim",
          [&dims](const std::vector<std::string>& texts) {
            for (const std::string& text : texts) {
              if (const auto dim = split_dim(text)) dims.named[dim->first] = dim->second;
            }
          },
          "Value of a free dimension, by name (seq=128) or place (input_ids:1=128); repeatable")
      ->allow_extra_args(false)
      ->option_text("NAME=V")
      ->check([](const std::string& text) -> std::string {
        if (split_dim(text)) return {};
        return text + ": write NAME=V with V of at least 1, for example --dim seq=128";
      });
}

void add_at_option(CLI::App& command, std::string& at, const std::string& help) {
  command
      .add_option_function<std::vector<std::string>>(
          "--at",
          [&at](const std::vector<std::string>& texts) {
            for (const std::string& text : texts) at += (at.empty() ? "" : ",") + text;
          },
          help)
      ->allow_extra_args(false)
      ->option_text("NAME=V,...");
}

void add_model_option(CLI::App& command, std::vector<std::string>& models) {
  command.add_option("MODEL", models, "ONNX files")->required();
}

void add_pack_option(CLI::App& command, std::string& pack) {
  command.add_option("--pack", pack, "Pack made by 'latcast train'")->option_text("FILE")->required();
}

void add_catalogue_option(CLI::App& command, std::vector<std::string>& folders) {
  command.add_option("--catalogue", folders, "Folder of module types on top of the built-in ones; repeatable")
      ->option_text("DIR")
      ->allow_extra_args(false);
}

void add_round_options(CLI::App& command, int& rounds, Nanos& burst, int fewest) {
  command.add_option("--rounds", rounds, "Rounds in which every network gets a burst")
      ->option_text("N")
      ->capture_default_str()
      ->check(CLI::Range(fewest, 10000));
  add_duration(command, "--burst", burst, "Length of a burst")->default_str("250ms");
}

void add_output_options(CLI::App& command, OutputOptions& options, bool with_csv) {
  command.add_option("--json", options.json, "Write JSON, to a file or (bare --json) to stdout")
      ->option_text("[=FILE]");
  if (with_csv)
    command.add_option("--csv", options.csv, "Write CSV, to a file or (bare --csv) to stdout")->option_text("[=FILE]");
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
  const std::filesystem::path folder = std::filesystem::absolute(file).parent_path();
  if (access(folder.c_str(), W_OK) == 0) return {};
  return fail(Errc::io, "cannot write " + file + ": " + std::strerror(errno));
}

Result<void> check_outputs(const OutputOptions& options) {
  if (auto ok = check_output(options.json); !ok) return ok;
  return check_output(options.csv);
}

Result<void> write_output(const std::string& file, const std::string& text) {
  if (file == "-") {
    const bool written = std::fwrite(text.data(), 1, text.size(), stdout) == text.size() && std::fflush(stdout) == 0;
    return written ? Result<void>() : fail(Errc::io, "cannot write to stdout: " + std::string(std::strerror(errno)));
  }
  const std::string temporary = file + ".tmp" + std::to_string(getpid());
  std::FILE* stream = std::fopen(temporary.c_str(), "wb");
  if (stream == nullptr) return fail(Errc::io, "cannot write " + temporary + ": " + std::strerror(errno));
  const bool written = std::fwrite(text.data(), 1, text.size(), stream) == text.size();
  const bool closed = std::fclose(stream) == 0;
  if (written && closed && std::rename(temporary.c_str(), file.c_str()) == 0) return {};
  const std::string why = std::strerror(errno);
  std::remove(temporary.c_str());
  return fail(Errc::io, "cannot write " + file + ": " + why);
}

std::string csv_field(const std::string& text) {
  if (text.find_first_of(",\"\n\r") == std::string::npos) return text;
  std::string quoted = "\"";
  for (const char c : text) quoted += c == '"' ? std::string("\"\"") : std::string(1, c);
  return quoted + "\"";
}

}  // namespace latcast::cli
