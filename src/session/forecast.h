// Forecasts of networks as values, wherever the networks came from: what every interface renders.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "graph/network.h"
#include "latcast/pack_info.h"
#include "latcast/predictor.h"
#include "latcast/result.h"
#include "session/forecaster.h"
#include "session/listener.h"

namespace latcast::session {

struct ModuleAnswer {
  std::size_t line = 0;                                    // of the table; 0: the network came as a model file
  std::string type;                                        // module type; the operator where no type covers it
  std::string kernel;                                      // kernel class; empty: none
  std::string op;                                          // as executed; empty for tables
  std::vector<std::string> nodes;                          // of the file, that it stands for
  std::vector<std::pair<std::string, double>> parameters;  // by name
  std::string reason;                                      // why no type covers it
  ModuleForecast forecast;
};

struct NetworkAnswer {
  std::string model;
  NetworkForecast total;
  std::vector<ModuleAnswer> modules;
  double parameters = 0, weight_bytes = 0;  // of the file
  std::vector<std::string> unknown;         // operators without a model, each once
  std::vector<std::string> extrapolated;    // module types used outside what was measured, each once
  std::vector<KeyValue> conditions;         // that this forecast is for: threads, batch, dtype ...
};

struct ForecastAnswer {
  std::string model;  // as asked
  Result<NetworkAnswer> network = fail(Errc::interrupted, "not reached");
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
