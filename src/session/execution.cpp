#include "session/execution.h"

#include <utility>

#include "session/conditions.h"

namespace latcast::session {

Result<Execution> execution(const ExecutionOptions& options, Listener& listener) {
  auto forecaster = options.pack.empty() ? Forecaster::of_this_machine(options.settings)
                                         : Forecaster::open(options.pack, options.settings);
  if (!forecaster) return tl::unexpected(forecaster.error());
  if (auto ok = forecaster->choose_graph(options.graph, listener); !ok) return tl::unexpected(ok.error());
  auto loaded = forecaster->load(options.model, options.dims);
  if (!loaded) return tl::unexpected(loaded.error());
  auto executed = forecaster->execute(*loaded, options.dims);
  if (!executed) return tl::unexpected(executed.error());
  if (loaded->fixed_batch) listener.warning(rebound_text(*loaded, options.dims));
  Execution out{std::move(loaded->model),
                std::move(*executed),
                {},
                loaded->fixed_batch ? "rules" : std::string(forecaster->graph_source())};
  if (options.pack.empty()) return out;
  auto forecast = forecast_network(forecaster->open_pack(), std::move(out.executed.network));
  if (!forecast) return fail_in(options.model, forecast.error());
  out.executed.network = std::move(forecast->network);
  out.forecasts = std::move(forecast->modules);
  return out;
}

}  // namespace latcast::session
