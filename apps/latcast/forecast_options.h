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
  OutputOptions output;
  session::GraphSource graph = session::GraphSource::automatic;
};
/// --graph auto|engine|rules.
void add_graph_option(CLI::App& command, session::GraphSource& source);
void add_forecast_options(CLI::App& command, ForecastOptions& options, bool with_csv);
/// Outputs are checked, the pack is open and its engine is there.
[[nodiscard]] Result<session::Forecaster> open_forecaster(const ForecastOptions& options, Console& console);

}  // namespace latcast::cli
