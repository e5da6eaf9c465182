#include "session/forecast.h"

#include <utility>
#include <vector>

#include "session/conditions.h"

namespace latcast::session {
namespace {

Result<NetworkAnswer> answer(Forecaster& forecaster, const std::string& file, const DimBindings& bindings,
                             Listener& listener) {
  const auto loaded = forecaster.load(file, bindings);
  if (!loaded) return tl::unexpected(loaded.error());
  if (const auto batch = batch_of(*loaded); bindings.batch && batch && *batch != *bindings.batch) {
    listener.warning(file + ": the first axis of its input is fixed at " + std::to_string(*batch) + ", not " +
                     std::to_string(*bindings.batch) + "; the forecast is for " + std::to_string(*batch));
  }
  auto forecast = forecaster.forecast(*loaded, bindings);
  if (!forecast) return tl::unexpected(forecast.error());
  ModelForecast described = describe_forecast(forecaster.open_pack(), *forecast, loaded->model);
  NetworkAnswer out;
  out.model = file;
  out.total = described.total;
  for (ExecutedModule& one : described.modules) {
    out.modules.push_back({.type = one.type.empty() ? one.op : std::move(one.type),
                           .kernel = std::move(one.kernel),
                           .op = std::move(one.op),
                           .nodes = std::move(one.nodes),
                           .parameters = std::move(one.parameters),
                           .reason = std::move(one.reason),
                           .forecast = one.forecast});
  }
  out.parameters = described.parameters;
  out.weight_bytes = described.weight_bytes;
  out.unknown = std::move(described.unknown);
  out.extrapolated = std::move(described.extrapolated);
  out.conditions = conditions_of(forecaster.pack().target().conditions, *loaded);
  return out;
}

}  // namespace

Result<Forecasts> forecast_files(Forecaster& forecaster, const std::vector<std::string>& files,
                                 const DimBindings& bindings, Listener& listener) {
  Forecasts out{.target = forecaster.pack().target(),
                .anchor_age_s = forecaster.predictor().anchor_age_s(),
                .graph = std::string(forecaster.graph_source()),
                .answers = {}};
  std::vector<std::vector<KeyValue>> conditions;
  for (const std::string& file : files) {
    if (listener.cancelled()) return fail(Errc::interrupted, "interrupted");
    listener.progress(static_cast<double>(out.answers.size()) / static_cast<double>(files.size()), file);
    out.answers.push_back({file, answer(forecaster, file, bindings, listener)});
    if (const auto& network = out.answers.back().network) conditions.push_back(network->conditions);
  }
  if (const auto common = common_conditions(conditions)) out.target.conditions = *common;
  return out;
}

}  // namespace latcast::session
