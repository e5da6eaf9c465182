// latcast bench field: networks as they are found, forecast and measured; are the forecasts honest?
#include "experiments/field.h"

#include <algorithm>
#include <array>

#include "commands.h"
#include "render/json_output.h"

namespace latcast::cli {
namespace {

using namespace latcast::experiments;

struct Options : FieldOptions {
  OutputOptions output;
};

constexpr std::array kVerdicts = {Verdict::honest, Verdict::not_honest, Verdict::refused_alike, Verdict::refused,
                                  Verdict::not_judged};

void join(std::string& list, const std::string& one) { list += (list.empty() ? "" : ", ") + one; }

std::vector<std::string> cells(const FieldNetwork& one, const FieldForecast& by) {
  std::vector<std::string> out = {one.file, by.graph, one.measured ? format_time(one.measured->quiet) : "-"};
  std::string unknown;
  if (by.network) {
    const NetworkForecast& total = by.network->total;
    out.insert(out.end(), {format_time(total.quiet.count()),
                           format_time(total.lower.count()) + " .. " + format_time(total.upper.count()),
                           format_percent(total.time_share)});
    for (const UnknownOperator& each : by.network->unknown) join(unknown, each.op);
  } else {
    out.insert(out.end(), {"-", "-", "-"});
  }
  out.insert(out.end(), {std::string(to_string(by.verdict)), unknown});
  return out;
}

/// Its dimensions, and why it was not measured or not forecast.
std::string notes(const FieldNetwork& one) {
  std::string dims, out;
  const auto say = [&out](const std::string& text) { out.append(printable(text)).append("\n"); };
  for (const auto& [name, value] : one.dims.named) join(dims, name + "=" + std::to_string(value));
  if (!dims.empty()) say(one.file + ": " + dims);
  if (!one.measured) say(one.measured.error().context);
  for (const FieldForecast& by : one.forecasts)
    if (one.measured && !by.network) say(by.network.error().context);
  return out;
}

std::string to_text(const FieldReport& report) {
  Table table({"model", "graph", "measured", "forecast", "interval", "coverage", "verdict", "unknown"});
  std::string text, counts;
  for (const FieldNetwork& one : report.networks) {
    for (const FieldForecast& by : one.forecasts) table.add(cells(one, by));
    text += notes(one);
  }
  for (const Verdict verdict : kVerdicts)
    join(counts, std::to_string(report.count(verdict)) + " " + std::string(to_string(verdict)));
  return table.text() + "\n" + text + std::to_string(report.networks.size()) + " networks, " +
         std::to_string(report.skipped) + " other files skipped; forecasts: " + counts + "\n";
}

Json to_json(const FieldForecast& by) {
  Json json = {{"graph", by.graph}, {"verdict", to_string(by.verdict)}};
  if (by.network) {
    json["forecast_ns"] = json_forecast(by.network->total);
    json["coverage"] = {{"time_share", by.network->total.time_share}, {"unknown", Json::array()}};
    for (const UnknownOperator& one : by.network->unknown) json["coverage"]["unknown"].push_back(one.op);
  } else {
    json["error"] = json_error(by.network.error());
  }
  return json;
}

Json to_json(const FieldReport& report) {
  Json json = json_head();
  json["target"] = json_target(report.target);
  json["machine"] = json_machine(report.machine);
  json["summary"] = {{"networks", report.networks.size()}, {"skipped", report.skipped}};
  for (const Verdict verdict : kVerdicts) json["summary"][std::string(to_string(verdict))] = report.count(verdict);
  json["networks"] = Json::array();
  for (const FieldNetwork& one : report.networks) {
    Json network = {{"model", one.file}, {"dimensions", one.dims.named}, {"forecasts", Json::array()}};
    if (one.measured) {
      network["measured_ns"] = {{"quiet", one.measured->quiet}, {"noise", json_number(one.measured->noise)}};
    } else {
      network["error"] = json_error(one.measured.error());
    }
    for (const FieldForecast& by : one.forecasts) network["forecasts"].push_back(to_json(by));
    json["networks"].push_back(std::move(network));
  }
  return json;
}

int run(const Options& options, Console& console) {
  if (auto ok = check_outputs(options.output); !ok) return refuse(console, ok.error());
  const auto report = judge_field(options, console);
  if (!report) return refuse(console, report.error());
  console.clear_progress();
  int code = report->count(Verdict::not_honest) > 0 ? kConditionNotMet : kOk;
  code = write_results(console, options.output, to_text(*report), to_json(*report), code);
  for (const FieldNetwork& one : report->networks)
    if (code == kOk && one.measured) code = judge_noise(console, one.file, *one.measured, options.max_noise);
  return code;
}

}  // namespace

void add_bench_field(Command bench, Context& context) {
  const Command command = bench.subcommand(
      "field", "Whether forecasts of networks as they are found are right, or say that they may not be");
  auto options = std::make_shared<Options>();
  command.option("DIR", "", options->folder, "Folder with *.onnx files, also in folders of its own").required();
  add_pack_option(command, options->pack);
  add_dim_options(command, options->dims);
  add_round_options(command, options->rounds, options->burst, 1);
  add_noise_option(command, options->max_noise, "exit with 4 where the noise of a measurement is above this");
  add_patience_option(command, options->patience);
  command.flag("--force", options->foreign, "Judge even where CPU or engine version differ from the pack's");
  add_output_options(command, options->output, false);
  add_engine_path(command, options->settings);
  command.footer(
      "Each network is forecast by the engine's graph and by rules, and measured. Dimensions that are asked for go to "
      "those that have them; of others a batch is 1, all else 16. A forecast is honest within 25 %, where the interval "
      "holds, or with a coverage below 95 %; never so below a tenth or above ten times of what is measured unless the "
      "interval holds, nor with more coverage where the engine refuses the network. Exit code 3: one is not.");
  on_chosen(command, context, options, run);
}

}  // namespace latcast::cli
