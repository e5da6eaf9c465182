#include "session/forecast.h"

#include <utility>
#include <vector>

#include "session/conditions.h"

namespace latcast::session {
namespace {

ForecastAnswer answer(Forecaster& forecaster, const std::string& file, const DimBindings& bindings,
                      Listener& listener) {
  const auto loaded = forecaster.load(file, bindings);
  if (!loaded) return {file, tl::unexpected(loaded.error())};
  const auto forecast = forecaster.forecast(*loaded, bindings);
  if (!forecast) return {file, tl::unexpected(forecast.error())};
  if (loaded->fixed_batch) listener.warning(rebound_text(*loaded, bindings));
  return {file, describe_forecast(forecaster.open_pack(), *forecast, loaded->model),
          conditions_of(condition_texts(forecaster.pack(), forecaster.predictor()), *loaded)};
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
    out.answers.push_back(answer(forecaster, file, bindings, listener));
    if (out.answers.back().network) conditions.push_back(out.answers.back().conditions);
  }
  if (const auto common = common_conditions(conditions)) out.target.conditions = *common;
  return out;
}

}  // namespace latcast::session
