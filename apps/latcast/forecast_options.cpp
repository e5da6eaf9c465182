#include "forecast_options.h"

namespace latcast::cli {

void add_forecast_options(Command command, ForecastOptions& options, bool with_csv) {
  add_model_option(command, options.models);
  add_pack_option(command, options.pack);
  add_dim_options(command, options.dims);
  add_forecast_at(command, options.at);
  add_output_options(command, options.output, with_csv);
  add_engine_path(command, options.settings);
  add_graph_option(command, options.graph);
}

void add_graph_option(Command command, session::GraphSource& source) {
  const std::vector<std::pair<std::string, session::GraphSource>> sources = {{"auto", session::GraphSource::automatic},
                                                                             {"engine", session::GraphSource::engine},
                                                                             {"rules", session::GraphSource::rules}};
  command.option("--graph", "auto|engine|rules", one_of(sources, source),
                 "Where the executed graph comes from: the engine, rules, or (auto) the engine where it is installed "
                 "in the pack's version");
}

void add_forecast_at(Command command, std::string& at) {
  add_at_option(
      command, at,
      "Conditions to forecast for, such as threads=2,batch=8 ('latcast inspect' shows those of a pack); outside "
      "what was measured every forecast is marked as extrapolated");
}

Result<session::Forecaster> open_forecaster(ForecastOptions& options, Console& console) {
  if (auto ok = check_outputs(options.output); !ok) return tl::unexpected(ok.error());
  auto forecaster = session::Forecaster::open(options.pack, options.settings);
  if (!forecaster) return forecaster;
  if (auto ok = forecaster->bind(options.at, options.dims, console); !ok) return tl::unexpected(ok.error());
  if (auto ok = forecaster->choose_graph(options.graph, console); !ok) return tl::unexpected(ok.error());
  return forecaster;
}

}  // namespace latcast::cli
