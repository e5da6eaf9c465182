// latcast bench predict: how long a forecast from a file takes, and what of that is the engine's session creation.
#include <algorithm>
#include <iostream>
#include <limits>

#include "commands.h"
#include "forecast_options.h"
#include "render/json_output.h"

namespace latcast::cli {
namespace {

struct Options : ForecastOptions {
  int repeats = 5;
};

/// Least of the repeats, wall time.
struct Timing {
  std::string model;
  double forecast_ns = std::numeric_limits<double>::infinity();  // file to forecast
  double session_ns = std::numeric_limits<double>::infinity();   // the engine creating a session of the file
  double network_ns = std::numeric_limits<double>::infinity();   // all modules of the imported network, at once
  double module_ns = std::numeric_limits<double>::infinity();    // one of them on its own, mean
  std::size_t modules = 0;
  /// 0 where the graph comes quicker than a session to run.
  [[nodiscard]] double own_ns() const { return std::max(forecast_ns - session_ns, 0.0); }
};

/// Nanoseconds of one call, over as many calls as take about two milliseconds.
template <class Call>
double time_call(Worker& worker, const Call& call) {
  constexpr double kLong_ns = 2e6;
  for (int calls = 1;; calls *= 4) {
    const Nanos before = worker.now();
    for (int i = 0; i < calls; ++i) call();
    const double spent = (worker.now() - before).count();
    if (spent > kLong_ns) return spent / calls;
  }
}

/// The network is imported: what is left is the predictor alone.
void time_predictor(session::Forecaster& forecaster, const Network& network, Timing& timing) {
  const std::vector<ModuleQuery> queries = forecaster.queries(network);
  std::vector<ModuleForecast> modules(queries.size());
  const Predictor& predictor = forecaster.predictor();
  double checksum = 0;  // that nothing is left out as unused
  const double network_ns = time_call(forecaster.worker(), [&] {
    if (const auto total = predictor.forecast_network(queries, modules)) checksum += total->quiet.count();
  });
  const double modules_ns = time_call(forecaster.worker(), [&] {
    for (const ModuleQuery& query : queries) {
      if (const auto module = predictor.forecast_module(query)) checksum += module->latency.count();
    }
  });
  if (!(checksum > 0)) return;
  timing.network_ns = std::min(timing.network_ns, network_ns);
  timing.module_ns = std::min(timing.module_ns, modules_ns / static_cast<double>(queries.size()));
}

Result<Timing> time_model(session::Forecaster& forecaster, const std::string& path, const DimBindings& dims,
                          int repeats) {
  Timing timing;
  timing.model = path;
  auto loaded = load_model_file(path, dims);
  if (!loaded) return tl::unexpected(loaded.error());
  const MeasureRequest session{loaded->engine_model, {Nanos(1), 0, 1, 1}, std::nullopt, false};
  for (int i = 0; i < repeats && !interrupted(); ++i) {
    const Nanos before = forecaster.worker().now();
    const auto forecast = forecaster.forecast(path, dims);
    const Nanos after = forecaster.worker().now();
    if (!forecast) return tl::unexpected(forecast.error());
    const auto reply = forecaster.worker().measure(session);
    if (!reply) return fail_in(path, reply.error());
    timing.modules = forecast->modules.size();
    timing.forecast_ns = std::min(timing.forecast_ns, (after - before).count());
    timing.session_ns = std::min(timing.session_ns, reply->load_ns);
    time_predictor(forecaster, forecast->network, timing);
  }
  if (timing.modules == 0) return fail(Errc::interrupted, path + ": interrupted before it was timed");
  return timing;
}

int run(const Options& options, Console& console) {
  const DimBindings dims = bindings(options.dims);
  auto forecaster = open_forecaster(options, console);
  if (!forecaster) return refuse(console, forecaster.error());
  Table table({"model", "file to forecast", "engine's session", "latcast itself", "modules", "imported: all at once",
               "one by one, each"});
  Json list = Json::array();
  int code = kOk;
  for (std::size_t i = 0; i < options.models.size() && !interrupted(); ++i) {
    console.progress(static_cast<double>(i) / static_cast<double>(options.models.size()), options.models[i]);
    const auto timing = time_model(*forecaster, options.models[i], dims, options.repeats);
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
  console.clear_progress();
  if (!options.output.machine_readable_on_stdout()) std::cout << table.text();
  Json json = json_head();
  json["timings"] = std::move(list);
  if (auto ok = write_json(options.output.json, json); !ok) return refuse(console, ok.error());
  return code;
}

}  // namespace

void add_bench_predict(CLI::App& bench, Context& context) {
  auto* command =
      bench.add_subcommand("predict", "How long forecasts of these files take, with and without the engine");
  auto options = std::make_shared<Options>();
  add_forecast_options(*command, *options, false);
  command->add_option("--repeats", options->repeats, "Each time is the least of so many")
      ->option_text("N")
      ->capture_default_str()
      ->check(CLI::Range(1, 1000));
  command->callback(
      [options, &context] { context.action = [options, &context] { return run(*options, context.console); }; });
}

}  // namespace latcast::cli
