#include "latcast/network_forecaster.h"

#include <algorithm>

#include "forecast/pack_network.h"
#include "graph/ir.h"
#include "graph/module_matcher.h"
#include "rules/executed_graph.h"

namespace latcast {

struct NetworkForecaster::Parts {
  Parts(const Pack& its_pack, Catalogue its_catalogue, std::optional<std::int64_t> now_unix_s,
        const rules::EngineTarget& its_target)
      : pack(its_pack),
        catalogue(std::move(its_catalogue)),
        matcher(catalogue),
        predictor(pack, now_unix_s),
        types(pack_types(pack, catalogue)),
        target(its_target) {}
  Pack pack;
  Catalogue catalogue;
  ModuleMatcher matcher;
  Predictor predictor;
  std::vector<std::uint32_t> types;
  rules::EngineTarget target;
};

NetworkForecaster::NetworkForecaster(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
NetworkForecaster::NetworkForecaster(NetworkForecaster&&) noexcept = default;
NetworkForecaster& NetworkForecaster::operator=(NetworkForecaster&&) noexcept = default;
NetworkForecaster::~NetworkForecaster() = default;

Result<NetworkForecaster> NetworkForecaster::open(const Pack& pack, std::optional<std::int64_t> now_unix_s) {
  const auto target = rule_target(pack.target());
  if (!target) return tl::unexpected(target.error());
  auto catalogue = pack_catalogue(pack);
  if (!catalogue) return fail_in("the pack's catalogue", catalogue.error());
  return NetworkForecaster(std::make_unique<Parts>(pack, std::move(*catalogue), now_unix_s, *target));
}

const Predictor& NetworkForecaster::predictor() const { return parts_->predictor; }

Result<NetworkForecast> NetworkForecaster::forecast(const NetworkBuilder& network) const {
  const auto& error = network.error();
  if (error) return tl::unexpected(*error);
  return run(network.graph(), nullptr);
}

Result<NetworkForecast> NetworkForecaster::forecast(NetworkBuilder&& network) const {
  const auto& error = network.error();
  if (error) return tl::unexpected(*error);
  return run(network.take(), nullptr);
}

Result<NetworkForecast> NetworkForecaster::forecast(const NetworkBuilder& network,
                                                    std::vector<ExecutedModule>& modules) const {
  const auto& error = network.error();
  if (error) return tl::unexpected(*error);
  return run(network.graph(), &modules);
}

Result<NetworkForecast> NetworkForecaster::run(ir::Graph graph, std::vector<ExecutedModule>* modules) const {
  bool any = false;
  for (ir::ValueId id = 0; id < graph.values() && !any; ++id) any = graph.value(id).output;
  if (!any) return fail(Errc::invalid_input, "the network has no output: name one with output()");
  rules::deduce(graph, parts_->pack.target().engine, parts_->target, nullptr);
  const std::vector<ir::NodeId> order = graph.order();
  const Network executed = make_network(graph, order, parts_->matcher);
  const std::vector<ModuleQuery> queries = module_queries(executed, parts_->types);
  std::vector<ModuleForecast> forecasts(queries.size());
  auto total = parts_->predictor.forecast_network(queries, forecasts);
  if (!total || modules == nullptr) return total;
  modules->clear();
  for (std::size_t i = 0; i < forecasts.size(); ++i) {
    const Module& module = executed.modules[i];
    const bool matched = module.match == ModuleMatch::matched;
    modules->push_back({module.op,
                        matched ? std::string_view(parts_->catalogue.types()[module.type].name) : std::string_view(),
                        forecasts[i]});
  }
  return total;
}

}  // namespace latcast
