#include "experiments/forecast_timing.h"

#include "engine/worker/worker.h"
#include "measure/model_file.h"

namespace latcast::experiments {
namespace {

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
void time_predictor(session::Forecaster& forecaster, const ModuleNetwork& network, ForecastTiming& timing) {
  const std::vector<ModuleQuery> queries = module_queries(network, forecaster.open_pack().types);
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

Result<ForecastTiming> time_model(session::Forecaster& forecaster, const std::string& path, const DimBindings& dims,
                                  int repeats, const session::Listener& listener) {
  ForecastTiming timing;
  timing.model = path;
  auto loaded = load_model_file(path, dims);
  if (!loaded) return tl::unexpected(loaded.error());
  const MeasureRequest session{loaded->engine_model, {Nanos(1), 0, 1, 1}, std::nullopt, false};
  for (int i = 0; i < repeats && !listener.cancelled(); ++i) {
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

}  // namespace

std::vector<Result<ForecastTiming>> time_forecasts(std::span<const std::string> files, const DimBindings& dims,
                                                   int repeats, session::Forecaster& forecaster,
                                                   session::Listener& listener) {
  std::vector<Result<ForecastTiming>> out;
  for (std::size_t i = 0; i < files.size() && !listener.cancelled(); ++i) {
    listener.progress(static_cast<double>(i) / static_cast<double>(files.size()), files[i]);
    out.push_back(time_model(forecaster, files[i], dims, repeats, listener));
  }
  return out;
}

}  // namespace latcast::experiments
