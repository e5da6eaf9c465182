// latcast bench predict: how long a forecast from a file takes, and what of that is the engine's session creation.
#include <algorithm>

#include "commands.h"
#include "experiments/forecast_timing.h"
#include "forecast_options.h"
#include "render/json_output.h"

namespace latcast::cli {
namespace {

struct Options : ForecastOptions {
  int repeats = 5;
};

int run(const Options& given, Console& console) {
  Options options = given;
  auto forecaster = open_forecaster(options, console);
  if (!forecaster) return refuse(console, forecaster.error());
  Table table({"model", "file to forecast", "engine's session", "latcast itself", "modules", "imported: all at once",
               "one by one, each"});
  Json list = Json::array();
  int code = kOk;
  const auto timings = experiments::time_forecasts(options.models, options.dims, options.repeats, *forecaster, console);
  console.clear_progress();
  for (const auto& timing : timings) {
    if (!timing) {
      code = std::max(code, refuse(console, timing.error()));
      continue;
    }
    table.add({timing->model, format_time(timing->forecast_ns), format_time(timing->session_ns),
               format_time(timing->own_ns()), std::to_string(timing->modules), format_time(timing->network_ns),
               format_time(timing->module_ns)});
    list.push_back({{"model", timing->model},
                    {"forecast_ns", timing->forecast_ns},
                    {"session_ns", timing->session_ns},
                    {"own_ns", timing->own_ns()},
                    {"modules", timing->modules},
                    {"network_ns", timing->network_ns},
                    {"module_ns", timing->module_ns}});
  }
  Json json = json_head();
  json["timings"] = std::move(list);
  return write_results(console, options.output, table.text(), json, code);
}

}  // namespace

void add_bench_predict(Command bench, Context& context) {
  const Command command =
      bench.subcommand("predict", "How long forecasts of these files take, with and without the engine");
  auto options = std::make_shared<Options>();
  add_forecast_options(command, *options, false);
  command.option("--repeats", "N", whole_number(options->repeats, 1, 1000), "Repetitions; the minimum is reported")
      .by_default(std::to_string(options->repeats));
  on_chosen(command, context, options, run);
}

}  // namespace latcast::cli
