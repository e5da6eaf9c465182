// Forecasts of networks as values, wherever the networks came from: what every interface renders.
#pragma once

#include <string>
#include <vector>

#include "latcast/network_forecaster.h"
#include "latcast/pack_info.h"
#include "latcast/result.h"
#include "session/forecaster.h"
#include "session/listener.h"

namespace latcast::session {

struct ForecastAnswer {
  std::string model;  // as asked
  Result<ModelForecast> network = fail(Errc::interrupted, "not reached");
  std::vector<KeyValue> conditions = {};  // that the forecast is for: threads, batch, dtype ...
};

struct Forecasts {
  Target target;  // the pack's, under the conditions of the forecasts where they are all the same
  double anchor_age_s = 0;
  std::string graph;  // who said what is executed: "engine", "rules"; "table" where operations were listed
  std::vector<ForecastAnswer> answers;
  [[nodiscard]] bool listed() const { return graph == "table"; }
};

/// One answer per file, in order; a file that cannot be forecast is an error in its place. Errc::interrupted.
[[nodiscard]] Result<Forecasts> forecast_files(Forecaster& forecaster, const std::vector<std::string>& files,
                                               const DimBindings& bindings, Listener& listener);

}  // namespace latcast::session
