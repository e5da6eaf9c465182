// The parts that JSON results share (docs/formats.md): head, target, context.
#pragma once

#include <nlohmann/json.hpp>

#include "latcast/pack.h"
#include "latcast/predictor.h"
#include "latcast/result.h"
#include "options.h"
#include "session/machine_watch.h"

namespace latcast::cli {

/// Keeps the order in which keys are written.
using Json = nlohmann::ordered_json;

/// {"schema_version", "tool"}
[[nodiscard]] Json json_head();
[[nodiscard]] Json json_target(const Target& target);
/// An object; numbers where the values are.
[[nodiscard]] Json json_pairs(const std::vector<KeyValue>& pairs);
[[nodiscard]] Json json_machine(const session::MachineReport& machine);
[[nodiscard]] Json json_forecast(const NetworkForecast& forecast);
[[nodiscard]] Json json_error(const Error& error);
/// To a file or stdout as write_output does; nothing where `file` is empty.
[[nodiscard]] Result<void> write_json(const std::string& file, const Json& json);
/// What a command ends with: the text on stdout, but where JSON or CSV goes there, and JSON where it was asked for.
/// Gives `code`, or that of what could not be written.
int write_results(Console& console, const OutputOptions& options, const std::string& text, const Json& json,
                  int code = kOk);
/// kNoiseTargetMissed, said on stderr, where the latency is noisier than `most` (a share; below 0: anything will do).
int judge_noise(Console& console, const std::string& model, const QuietLatency& latency, double most);
/// A number, or null where it is not finite.
[[nodiscard]] Json json_number(double value);

}  // namespace latcast::cli
