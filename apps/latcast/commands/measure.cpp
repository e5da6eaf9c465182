// latcast measure: what networks take here, by the protocol of docs/measuring.md.
#include <algorithm>
#include <cmath>
#include <sstream>

#include "commands.h"
#include "render/json_output.h"
#include "session/measuring.h"

namespace latcast::cli {
namespace {

using session::MeasuredModel;

struct Options : session::MeasureOptions {
  OutputOptions output;
};

Json json_answer(const MeasuredModel& answer, int rounds, bool with_modules) {
  if (!answer.measurement) return {{"model", answer.model}, {"error", json_error(answer.measurement.error())}};
  const NetworkMeasurement& m = *answer.measurement;
  const double minimum = *std::ranges::min_element(m.runs_ns);
  Json json = {{"model", answer.model},
               {"latency_ns",
                {{"quiet", m.quiet.quiet},
                 {"noise", json_number(m.quiet.noise)},
                 {"min", minimum},
                 {"p50", quantile(m.runs_ns, 0.5)},
                 {"p90", quantile(m.runs_ns, 0.9)},
                 {"p99", quantile(m.runs_ns, 0.99)}}},
               {"conditions", json_pairs(answer.conditions)},
               {"rounds", m.quiet.rounds},
               {"runs", m.runs_ns.size()}};
  if (m.quiet.rounds < rounds) json["rounds_asked"] = rounds;
  if (with_modules) {
    json["modules"] = Json::array();
    const std::vector<double> latencies = node_latencies(m);
    for (std::size_t i = 0; i < m.profile.nodes.size(); ++i) {
      json["modules"].push_back({{"index", i},
                                 {"node", m.profile.nodes[i].name},
                                 {"op", m.profile.nodes[i].op},
                                 {"latency_ns", latencies[i]},
                                 {"profiled_ns", m.profile.nodes[i].mean_ns}});
    }
  }
  return json;
}

std::string csv(const std::vector<MeasuredModel>& answers) {
  std::ostringstream text;
  text.precision(17);
  text << "model,quiet_ns,noise_ns,min_ns,p50_ns,p90_ns,p99_ns,rounds,runs\n";
  for (const MeasuredModel& answer : answers) {
    text << csv_field(answer.model);
    if (!answer.measurement) {
      text << ",,,,,,,,\n";
      continue;
    }
    const NetworkMeasurement& m = *answer.measurement;
    text << ',' << m.quiet.quiet << ',';
    if (std::isfinite(m.quiet.noise)) text << m.quiet.noise;
    for (const double q : {0.0, 0.5, 0.9, 0.99}) text << ',' << quantile(m.runs_ns, q);
    text << ',' << m.quiet.rounds << ',' << m.runs_ns.size() << '\n';
  }
  return text.str();
}

std::string to_text(const std::vector<MeasuredModel>& answers, bool with_modules) {
  Table table({"model", "quiet", "noise", "min", "p50", "p90", "p99", "rounds", "runs"});
  for (const MeasuredModel& answer : answers) {
    if (!answer.measurement) continue;
    const NetworkMeasurement& m = *answer.measurement;
    table.add({answer.model, format_time(m.quiet.quiet),
               std::isfinite(m.quiet.noise) ? "+-" + format_percent(m.quiet.noise / m.quiet.quiet) : "?",
               format_time(quantile(m.runs_ns, 0)), format_time(quantile(m.runs_ns, 0.5)),
               format_time(quantile(m.runs_ns, 0.9)), format_time(quantile(m.runs_ns, 0.99)),
               std::to_string(m.quiet.rounds), std::to_string(m.runs_ns.size())});
  }
  std::string text = table.text();
  for (const MeasuredModel& answer : answers) {
    if (!with_modules || !answer.measurement) continue;
    Table modules({"node (" + answer.model + ")", "op", "latency", "share"});
    const std::vector<double> latencies = node_latencies(*answer.measurement);
    for (std::size_t i = 0; i < latencies.size(); ++i) {
      const NodeTime& node = answer.measurement->profile.nodes[i];
      modules.add({node.name, node.op, format_time(latencies[i]),
                   format_percent(latencies[i] / answer.measurement->quiet.quiet)});
    }
    text += modules.text();
  }
  return text;
}

int judge(const std::vector<MeasuredModel>& answers, const Options& options, Console& console) {
  int code = kOk;
  for (const MeasuredModel& answer : answers) {
    if (answer.measurement) continue;
    console.error(answer.measurement.error().context);
    code = std::max(code, exit_code(answer.measurement.error().code));
  }
  if (code != kOk || options.max_noise < 0) return code;
  for (const MeasuredModel& answer : answers)
    code = std::max(code, judge_noise(console, answer.model, answer.measurement->quiet, options.max_noise));
  return code;
}

int run(const Options& options, Console& console) {
  if (auto ok = check_outputs(options.output); !ok) return refuse(console, ok.error());
  const auto measured = session::measure(options, console);
  if (!measured) return refuse(console, measured.error());
  console.clear_progress();
  Json json = json_head();
  json["target"] = json_target(measured->target);
  json["machine"] = json_machine(measured->machine);
  json["measurements"] = Json::array();
  for (const MeasuredModel& one : measured->models)
    json["measurements"].push_back(json_answer(one, options.rounds, options.modules));
  if (!options.output.csv.empty()) {
    if (auto ok = write_output(options.output.csv, csv(measured->models)); !ok) return refuse(console, ok.error());
  }
  const int written = write_results(console, options.output, to_text(measured->models, options.modules), json);
  return written != kOk ? written : judge(measured->models, options, console);
}

}  // namespace

void add_measure(Command app, Context& context) {
  const Command command = app.subcommand("measure", "Measure how long networks take here");
  auto options = std::make_shared<Options>();
  add_model_option(command, options->models);
  add_engine_choice(command, options->engine, options->settings);
  add_dim_options(command, options->dims);
  add_input_option(command, options->inputs);
  add_at_option(command, options->at,
                "Conditions to measure under, of those that the engine can set ('latcast engines --json'): threads=2");
  add_round_options(command, options->rounds, options->burst, 1);
  add_noise_option(command, options->max_noise, "exit with 4 where the noise of an unloaded latency is above this");
  add_patience_option(command, options->patience);
  command.flag("--modules", options->modules,
               "Break the unloaded latency down by executed node, in the shares of the engine's own profiler");
  add_output_options(command, options->output, true);
  on_chosen(command, context, options, run);
}

}  // namespace latcast::cli
