// latcast predict: forecasts without running anything.
#include "commands.h"
#include "forecast_options.h"
#include "render/forecast_output.h"
#include "session/table_forecast.h"

namespace latcast::cli {
namespace {

struct Options : ForecastOptions {
  std::string table, map, proxy, known, known_map;
  bool modules = false;
  Limits limits;
};

/// Networks come as ONNX files or as a table with its map.
Result<void> check_inputs(const Options& options) {
  if (options.table.empty() && !options.map.empty())
    return fail(Errc::invalid_input, "--map describes a --table, which is missing");
  if (!options.table.empty() && options.map.empty())
    return fail(Errc::invalid_input, "--table needs a --map that says what its columns are");
  if (!options.table.empty() && !options.models.empty())
    return fail(Errc::invalid_input, "give either ONNX files or a --table, not both");
  if (options.table.empty() && options.models.empty())
    return fail(Errc::invalid_input, "give ONNX files, or a --table with its --map");
  if (options.table.empty() && !options.proxy.empty())
    return fail(Errc::invalid_input, "--proxy and --known are for networks that are given as a --table");
  return {};
}

Result<session::Forecasts> forecast(Options options, Console& console) {
  if (!options.table.empty()) {
    return session::forecast_table({.table = options.table,
                                    .map = options.map,
                                    .pack = options.pack,
                                    .proxy = options.proxy,
                                    .known = options.known,
                                    .known_map = options.known_map,
                                    .at = options.at},
                                   console);
  }
  auto forecaster = open_forecaster(options, console);
  if (!forecaster) return tl::unexpected(forecaster.error());
  return session::forecast_files(*forecaster, options.models, options.dims, console);
}

int run(const Options& options, Console& console) {
  if (auto ok = check_inputs(options); !ok) {
    console.error(ok.error().context);
    return kUsage;
  }
  if (auto ok = check_outputs(options.output); !ok) return refuse(console, ok.error());
  const auto forecasts = forecast(options, console);
  if (!forecasts) return refuse(console, forecasts.error());
  console.clear_progress();
  if (!options.output.csv.empty()) {
    if (auto ok = write_output(options.output.csv, forecast_csv(*forecasts, options.modules)); !ok)
      return refuse(console, ok.error());
  }
  const int written = write_results(console, options.output, forecast_text(*forecasts, options.modules),
                                    forecast_json(*forecasts, options.modules));
  return written != kOk ? written : judge(*forecasts, options.limits, console);
}

}  // namespace

void add_predict(Command app, Context& context) {
  const Command command = app.subcommand("predict", "Forecast how long networks take, without running them");
  auto options = std::make_shared<Options>();
  add_forecast_options(command, *options, true);
  command.find("MODEL").required(false);
  command.option("--table", "FILE", options->table, "Networks as a CSV table of operations, instead of ONNX files");
  command.option("--map", "FILE", options->map, "What the table's columns are, as for 'latcast import'");
  const Option proxy =
      command.option("--proxy", "PACK", options->proxy,
                     "For packs trained with --proxy-known: the pack of the proxy, the same as in training");
  const Option known = command.option("--known", "FILE", options->known,
                                      "The networks' latencies on the proxy's target, as a CSV table of networks");
  const Option known_map = command.option("--known-map", "FILE", options->known_map, "What that table's columns are");
  proxy.needs(known);
  known.needs(proxy).needs(known_map);
  known_map.needs(known);
  command.flag("--modules", options->modules, "Break the forecast down by executed module");
  command.option("--max-latency", "TIME", quantity(Unit::ns, options->limits.max_latency_ns),
                 "Exit with 3 where the forecast (not its upper bound) is above this");
  command.option(
      "--min-coverage", "SHARE", quantity(Unit::share, options->limits.min_coverage),
      "Exit with 3 where coverage is smaller: the time of modules on models within their range, as a share of it "
      "and what the others may take");
  command.flag("--no-unknown", options->limits.no_unknown, "Exit with 3 where there are modules without a model");
  on_chosen(command, context, options, run);
}

}  // namespace latcast::cli
