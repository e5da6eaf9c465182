// latcast eval: forecast beside measurement, for networks that the pack has never seen.
#include <algorithm>
#include <cmath>
#include <iostream>

#include "commands.h"
#include "forecast_options.h"
#include "measure/interleaved.h"
#include "render/json_output.h"
#include "session/evaluation.h"

namespace latcast::cli {
namespace {

struct Options {
  std::vector<std::string> models;
  std::string pack;
  EngineOptions engine;
  DimOptions dims;
  OutputOptions output;
  int rounds = 8;
  double burst_ns = 250e6;
  bool force = false;
  session::GraphSource graph = session::GraphSource::engine;
};

Json json_row(const session::EvaluationRow& row) {
  return {{"model", row.model},
          {"forecast_ns",
           {{"quiet", row.forecast.quiet.count()},
            {"lower", row.forecast.lower.count()},
            {"upper", row.forecast.upper.count()},
            {"level", row.forecast.level}}},
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

void print(const std::vector<session::EvaluationRow>& rows, const session::EvaluationSummary& summary, double level) {
  if (rows.empty()) return;  // each model has had its error
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
  std::cout << table.text() << "\n"
            << summary.networks << " networks: MAPE " << format_percent(summary.mape)
            << ", within 5 %: " << format_percent(summary.within_5, 0)
            << ", within 10 %: " << format_percent(summary.within_10, 0) << ", bias " << format_percent(summary.bias)
            << "\n"
            << interval << " held " << format_percent(summary.interval_held, 0) << ", mean width "
            << format_percent(summary.interval_width, 0)
            << "; coverage below 95 %: " << format_percent(summary.low_coverage, 0)
            << "; off by more than 20 % with more: " << format_percent(summary.far_off, 0) << "\n"
            << "noise floor (one half of the rounds against the other): "
            << (std::isfinite(summary.split_half) ? format_percent(summary.split_half) : "?") << "\n";
}

int run(const Options& options, Console& console) {
  const DimBindings dims = bindings(options.dims);
  if (auto ok = check_outputs(options.output); !ok) return refuse(console, ok.error());
  auto forecaster = session::Forecaster::open(options.pack, options.engine.settings);
  if (!forecaster) return refuse(console, forecaster.error());
  std::string why;
  if (!options.force && forecaster->foreign(why)) {
    return refuse(console,
                  {Errc::mismatch, why + ". Accuracy can only be judged on the machine and engine the pack was "
                                         "made for; --force does it all the same"});
  }
  if (auto ok = forecaster->choose_graph(options.graph, console); !ok) return refuse(console, ok.error());

  std::vector<session::EvaluationRow> rows;
  std::vector<EngineModel> models;
  std::vector<std::string> names;
  Json errors = Json::array();
  int code = kOk;
  const auto failed = [&](const std::string& model, const Error& error) {
    console.error(error.context);
    errors.push_back({{"model", model}, {"error", json_error(error)}});
    code = std::max(code, exit_code(error.code));
  };
  for (const std::string& path : options.models) {
    if (interrupted()) return kInterrupted;
    console.progress(0, "forecasting " + path);
    auto loaded = load_model_file(path, dims);
    if (!loaded) {
      failed(path, loaded.error());
      continue;
    }
    auto forecast = forecaster->forecast(*loaded, dims);
    if (!forecast) {
      failed(path, forecast.error());
      continue;
    }
    rows.push_back({path, forecast->total, {}, {}});
    models.push_back(std::move(loaded->engine_model));
    names.push_back(path);
  }
  InterleavedOptions interleaved;
  interleaved.rounds = options.rounds;
  interleaved.burst.duration = Nanos(options.burst_ns);
  auto results = measure_interleaved(forecaster->worker(), models, names, interleaved,
                                     [&](std::size_t done, std::size_t total, const std::string& name) {
                                       console.progress(static_cast<double>(done) / static_cast<double>(total),
                                                        "measuring " + name);
                                     });
  if (!results) return refuse(console, results.error());
  std::vector<session::EvaluationRow> measured;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if ((*results)[i].failed) {
      failed(rows[i].model, {(*results)[i].error.code, rows[i].model + ": " + (*results)[i].error.context});
      continue;
    }
    rows[i].measured = (*results)[i].quiet;
    rows[i].round_minima_ns = (*results)[i].round_minima_ns;
    measured.push_back(std::move(rows[i]));
  }
  console.clear_progress();
  const session::EvaluationSummary summary = session::summarize(measured);
  const double level = measured.empty() ? 0.0 : measured.front().forecast.level;
  if (!options.output.machine_readable_on_stdout()) print(measured, summary, level);
  if (!options.output.json.empty()) {
    Json json = json_head();
    json["target"] = json_target(forecaster->pack().target());
    json["anchor_age_s"] = forecaster->predictor().anchor_age_s();
    json["graph"] = forecaster->graph_source();
    json["summary"] = json_summary(summary, level);
    json["networks"] = Json::array();
    for (const session::EvaluationRow& row : measured) json["networks"].push_back(json_row(row));
    json["errors"] = std::move(errors);
    if (auto ok = write_json(options.output.json, json); !ok) return refuse(console, ok.error());
  }
  return code;
}

}  // namespace

void add_eval(CLI::App& app, Context& context) {
  auto* command = app.add_subcommand("eval", "Forecast and measure networks, and show how far apart the two are");
  auto options = std::make_shared<Options>();
  add_model_option(*command, options->models);
  add_pack_option(*command, options->pack);
  add_round_options(*command, options->rounds, options->burst_ns, 2);
  command->add_flag("--force", options->force, "Evaluate even where CPU or engine version differ from the pack's");
  add_dim_options(*command, options->dims);
  add_output_options(*command, options->output, false);
  add_engine_options(*command, options->engine, false);
  add_graph_option(*command, options->graph);
  command->callback(
      [options, &context] { context.action = [options, &context] { return run(*options, context.console); }; });
}

}  // namespace latcast::cli
