// latcast eval: forecast beside measurement, for networks that the pack has never seen.
#include <algorithm>
#include <cmath>
#include <sstream>

#include "commands.h"
#include "forecast_options.h"
#include "render/json_output.h"
#include "session/evaluation.h"

namespace latcast::cli {
namespace {

struct Options : session::EvaluationOptions {
  OutputOptions output;
  bool by_latency = false;
};

Json json_row(const session::EvaluationRow& row) {
  return {{"model", row.model},
          {"forecast_ns", json_forecast(row.forecast)},
          {"measured_ns", {{"quiet", row.measured.quiet}, {"noise", json_number(row.measured.noise)}}},
          {"error", row.error()},
          {"coverage", {{"time_share", row.forecast.time_share}}}};
}

Json json_summary(const session::EvaluationSummary& summary, double level) {
  if (summary.networks == 0) return {{"networks", 0}};
  return {{"networks", summary.networks},
          {"mape", summary.mape},
          {"bias", summary.bias},
          {"within_5_percent", summary.within_5},
          {"within_10_percent", summary.within_10},
          {"interval", {{"level", level}, {"held", summary.interval_held}, {"mean_width", summary.interval_width}}},
          {"noise_floor",
           {{"split_half_mape", json_number(summary.split_half)}, {"mean_noise", json_number(summary.mean_noise)}}},
          {"low_coverage_share", summary.low_coverage},
          {"far_off_share", summary.far_off}};
}

std::string to_text(const std::vector<session::EvaluationRow>& rows, const session::EvaluationSummary& summary,
                    double level) {
  if (rows.empty()) return {};  // each model has had its error
  const std::string interval = format_percent(level, 0) + " interval";
  Table table({"model", "forecast", "measured", "error", interval, "held", "coverage", "noise"});
  for (const session::EvaluationRow& row : rows) {
    table.add(
        {row.model, format_time(row.forecast.quiet.count()), format_time(row.measured.quiet),
         (row.error() > 0 ? "+" : "") + format_percent(row.error()),
         format_time(row.forecast.lower.count()) + " .. " + format_time(row.forecast.upper.count()),
         row.held() ? "yes" : "no", format_percent(row.forecast.time_share),
         std::isfinite(row.measured.noise) ? "+-" + format_percent(row.measured.noise / row.measured.quiet) : "?"});
  }
  std::ostringstream text;
  text << table.text() << "\n"
       << summary.networks << " networks: MAPE " << format_percent(summary.mape)
       << ", within 5 %: " << format_percent(summary.within_5, 0)
       << ", within 10 %: " << format_percent(summary.within_10, 0) << ", bias " << format_percent(summary.bias) << "\n"
       << interval << " held " << format_percent(summary.interval_held, 0) << ", mean width "
       << format_percent(summary.interval_width, 0)
       << "; coverage below 95 %: " << format_percent(summary.low_coverage, 0)
       << "; off by more than 20 % with more: " << format_percent(summary.far_off, 0) << "\n"
       << "noise floor (one half of the rounds against the other): "
       << (std::isfinite(summary.split_half) ? format_percent(summary.split_half) : "?") << "\n";
  return text.str();
}

std::string band_name(const session::LatencyBand& band) {
  if (!std::isfinite(band.to_ns)) return "from " + format_time(band.from_ns);
  return band.from_ns > 0 ? format_time(band.from_ns) + " .. " + format_time(band.to_ns)
                          : "below " + format_time(band.to_ns);
}

/// `p`: how likely as few or as many intervals hold by chance alone.
std::string band_text(const std::vector<session::EvaluationRow>& rows, double level) {
  Table table({"measured", "networks", "MAPE", "bias", "within 5 %", "within 10 %",
               format_percent(level, 0) + " interval held", "p", "width"});
  for (const session::LatencyBand& band : session::by_latency(rows)) {
    const session::EvaluationSummary& one = band.summary;
    std::ostringstream p;
    p.precision(2);
    p << band.held_p;
    table.add({band_name(band), std::to_string(one.networks), format_percent(one.mape),
               (one.bias > 0 ? "+" : "") + format_percent(one.bias), format_percent(one.within_5, 0),
               format_percent(one.within_10, 0), format_percent(one.interval_held, 0), p.str(),
               format_percent(one.interval_width, 0)});
  }
  return "\n" + table.text();
}

Json json_bands(const std::vector<session::EvaluationRow>& rows, double level) {
  Json json = Json::array();
  for (const session::LatencyBand& band : session::by_latency(rows)) {
    Json one = json_summary(band.summary, level);
    one["from_ns"] = band.from_ns;
    one["to_ns"] = json_number(band.to_ns);
    one["interval"]["binomial_p"] = band.held_p;
    json.push_back(std::move(one));
  }
  return json;
}

Json to_json(const session::Evaluation& result, double level) {
  Json json = json_head();
  json["target"] = json_target(result.target);
  json["anchor_age_s"] = result.anchor_age_s;
  json["graph"] = result.graph;
  json["machine"] = json_machine(result.machine);
  json["summary"] = json_summary(result.summary, level);
  json["by_latency"] = json_bands(result.rows, level);
  json["networks"] = Json::array();
  for (const session::EvaluationRow& row : result.rows) json["networks"].push_back(json_row(row));
  json["errors"] = Json::array();
  for (const auto& [model, error] : result.failures)
    json["errors"].push_back({{"model", model}, {"error", json_error(error)}});
  return json;
}

int run(const Options& options, Console& console) {
  if (auto ok = check_outputs(options.output); !ok) return refuse(console, ok.error());
  const auto result = session::evaluate(options, console);
  if (!result) return refuse(console, result.error());
  console.clear_progress();
  int code = kOk;
  for (const auto& [model, error] : result->failures) code = std::max(code, refuse(console, error));
  const double level = result->rows.empty() ? 0.0 : result->rows.front().forecast.level;
  std::string text = to_text(result->rows, result->summary, level);
  if (options.by_latency && !result->rows.empty()) text += band_text(result->rows, level);
  code = write_results(console, options.output, text, to_json(*result, level), code);
  for (const session::EvaluationRow& row : result->rows)
    if (code == kOk || code == kNoiseTargetMissed)
      code = std::max(code, judge_noise(console, row.model, row.measured, options.max_noise));
  return code;
}

}  // namespace

void add_eval(Command app, Context& context) {
  const Command command = app.subcommand("eval", "Forecast and measure networks, and show how far apart the two are");
  auto options = std::make_shared<Options>();
  add_model_option(command, options->models);
  add_pack_option(command, options->pack);
  add_round_options(command, options->rounds, options->burst, 2);
  add_noise_option(command, options->max_noise, "exit with 4 where the noise of a measurement is above this");
  add_patience_option(command, options->patience);
  command.option("--by", "latency", one_of({"latency"}, [options](std::size_t) { options->by_latency = true; }),
                 "A table by measured latency too, with a binomial test of the intervals");
  command.flag("--force", options->foreign, "Evaluate even where CPU or engine version differ from the pack's");
  add_dim_options(command, options->dims);
  add_input_option(command, options->inputs);
  add_forecast_at(command, options->at);
  add_output_options(command, options->output, false);
  add_engine_path(command, options->settings);
  add_graph_option(command, options->graph);
  on_chosen(command, context, options, run);
}

}  // namespace latcast::cli
