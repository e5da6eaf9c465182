// What every command has that forecasts files: models, a pack, the engine's library, dimensions, outputs.
#pragma once

#include <string>
#include <vector>

#include "options.h"
#include "session/forecaster.h"

namespace latcast::cli {

struct ForecastOptions {
  std::vector<std::string> models;
  std::string pack;
  EngineSettings settings;
  DimBindings dims;
  std::string at;
  OutputOptions output;
  session::GraphSource graph = session::GraphSource::automatic;
};
/// --graph auto|engine|rules.
void add_graph_option(Command command, session::GraphSource& source);
void add_forecast_options(Command command, ForecastOptions& options, bool with_csv);
/// Outputs are checked, the pack is open under the conditions asked for, and its engine is there.
[[nodiscard]] Result<session::Forecaster> open_forecaster(ForecastOptions& options, Console& console);
/// --at, of commands that forecast.
void add_forecast_at(Command command, std::string& at);

}  // namespace latcast::cli
