#include "render/json_output.h"

#include <charconv>
#include <cmath>
#include <iostream>

namespace latcast::cli {
namespace {

Json value_of(const std::string& text) {
  double number = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (failure != std::errc() || end != text.data() + text.size()) return text;
  return number == std::floor(number) ? Json(static_cast<std::int64_t>(number)) : Json(number);
}

}  // namespace

Json json_head() { return {{"schema_version", 2}, {"tool", {{"name", "latcast"}, {"version", LATCAST_VERSION}}}}; }

Json json_pairs(const std::vector<KeyValue>& pairs) {
  Json json = Json::object();
  for (const KeyValue& pair : pairs) json[pair.key] = value_of(pair.value);
  return json;
}

Json json_target(const Target& target) {
  Json json = {{"name", target.name},
               {"device", target.device},
               {"cpu_features", target.cpu_features},
               {"engine", target.engine},
               {"engine_version", target.engine_version},
               {"conditions", json_pairs(target.conditions)},
               {"settings", json_pairs(target.settings)}};
  if (!target.facts.empty()) json["facts"] = target.facts;
  return json;
}

Json json_machine(const session::MachineReport& machine) {
  return {{"load", machine.use.load},
          {"cpus", machine.use.cpus},
          {"other_cpus", machine.use.other_cpus()},
          {"stolen_cpus", machine.use.stolen_cpus()},
          {"scatter", json_number(machine.scatter)},
          {"busy", machine.busy()}};
}

Json json_error(const Error& error) { return {{"code", to_string(error.code)}, {"message", error.context}}; }

Json json_forecast(const NetworkForecast& forecast) {
  return {{"quiet", forecast.quiet.count()},
          {"lower", forecast.lower.count()},
          {"upper", forecast.upper.count()},
          {"level", forecast.level}};
}

Result<void> write_json(const std::string& file, const Json& json) {
  if (file.empty()) return {};
  return write_output(file, json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n");
}

int write_results(Console& console, const OutputOptions& options, const std::string& text, const Json& json, int code) {
  if (!options.machine_readable_on_stdout()) std::cout << text;
  if (auto ok = write_json(options.json, json); !ok) return refuse(console, ok.error());
  return code;
}

int judge_noise(Console& console, const std::string& model, const QuietLatency& latency, double most) {
  if (most < 0 || latency.noise <= most * latency.quiet) return kOk;  // NaN (one round) is not within any target
  console.error(model + ": noise " +
                (std::isfinite(latency.noise) ? format_percent(latency.noise / latency.quiet) : "unknown") +
                " is above --max-noise " + format_percent(most) + "; more --rounds or a quieter machine would help");
  return kNoiseTargetMissed;
}

Json json_number(double value) { return std::isfinite(value) ? Json(value) : Json(nullptr); }

}  // namespace latcast::cli
