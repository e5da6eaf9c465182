#include "latcast/network_forecaster.h"

#include <utility>

#include "forecast/file_forecast.h"
#include "forecast/pack_network.h"
#include "graph/module_matcher.h"
#include "graph/network_access.h"
#include "graph/onnx_model.h"
#include "rules/executed_graph.h"

namespace latcast {

struct NetworkForecaster::Parts {
  Parts(OpenPack its_pack, const rules::EngineTarget& its_target)
      : open(std::move(its_pack)), matcher(open.catalogue), target(its_target) {}
  OpenPack open;
  ModuleMatcher matcher;
  rules::EngineTarget target;
};

NetworkForecaster::NetworkForecaster(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
NetworkForecaster::NetworkForecaster(NetworkForecaster&&) noexcept = default;
NetworkForecaster& NetworkForecaster::operator=(NetworkForecaster&&) noexcept = default;
NetworkForecaster::~NetworkForecaster() = default;

Result<NetworkForecaster> NetworkForecaster::open(const Pack& pack, std::optional<std::int64_t> now_unix_s) {
  const auto target = rule_target(pack.target());
  if (!target) return tl::unexpected(target.error());
  auto open = OpenPack::open(pack, now_unix_s);
  if (!open) return tl::unexpected(open.error());
  return NetworkForecaster(std::make_unique<Parts>(std::move(*open), *target));
}

Result<NetworkForecaster> NetworkForecaster::at(const Conditions& conditions) const {
  auto predictor = parts_->open.predictor.at(conditions);
  if (!predictor) return tl::unexpected(predictor.error());
  OpenPack open = parts_->open;
  open.predictor = std::move(*predictor);
  return NetworkForecaster(std::make_unique<Parts>(std::move(open), parts_->target));
}

const Predictor& NetworkForecaster::predictor() const { return parts_->open.predictor; }

Result<NetworkForecast> NetworkForecaster::forecast(const Network& network) const { return run(network, nullptr); }

Result<NetworkForecast> NetworkForecaster::forecast(Network&& network) const {
  return run(std::move(network), nullptr);
}

Result<NetworkForecast> NetworkForecaster::forecast(const Network& network,
                                                    std::vector<ExecutedModule>& modules) const {
  return run(network, &modules);
}

Result<NetworkForecast> NetworkForecaster::run(Network network, std::vector<ExecutedModule>* modules) const {
  if (const auto& error = network.error()) return tl::unexpected(*error);
  ir::Graph& graph = NetworkAccess::graph(network);
  bool any = false;
  for (ir::ValueId id = 0; id < graph.values() && !any; ++id) any = graph.value(id).output;
  if (!any) return fail(Errc::invalid_input, "the network has no output: name one with output()");
  rules::deduce(graph, parts_->open.pack.target().engine, parts_->target, nullptr);
  const std::vector<ir::NodeId> order = graph.order();
  const auto forecast = forecast_network(parts_->open, match_modules(graph, order, parts_->matcher));
  if (!forecast) return tl::unexpected(forecast.error());
  if (modules != nullptr) modules->clear();
  for (std::size_t i = 0; modules != nullptr && i < forecast->modules.size(); ++i)
    modules->push_back(describe_module(parts_->open, forecast->network.modules[i], forecast->modules[i]));
  return forecast->total;
}

Result<ModelForecast> NetworkForecaster::forecast_file(const std::string& file, const DimBindings& dims) const {
  const auto model = onnx::read_model_file(file, onnx::ExternalWeights::ignored);
  if (!model) return tl::unexpected(model.error());
  const OpenPack& open = parts_->open;
  auto executed = rules::executed_graph(*model, dims, open.pack.target().engine, parts_->target, &open.catalogue);
  if (!executed) return fail_in(file, executed.error());
  const auto forecast = forecast_network(open, match_modules(*executed, open.catalogue, &*model));
  if (!forecast) return fail_in(file, forecast.error());
  return describe_forecast(open, *forecast, *model);
}

}  // namespace latcast
