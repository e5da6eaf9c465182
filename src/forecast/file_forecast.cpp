#include "forecast/file_forecast.h"

#include <algorithm>
#include <functional>
#include <map>
#include <set>
#include <utility>

#include "graph/weights.h"

namespace latcast {
namespace {

void add_weights(const onnx::Model& file, const ModuleNetwork& network, ModelForecast& out) {
  const WeightCount stored = count_weights(file);
  out.parameters = stored.elements;
  out.weight_bytes = stored.bytes;
  if (out.parameters > 0) return;
  // Files may compute their weights: then what the engine folded counts.
  for (const Module& module : network.modules) {
    out.parameters += module.weight_elements;
    out.weight_bytes += module.weight_bytes;
  }
}

}  // namespace

Result<FileForecast> forecast_network(const OpenPack& pack, ModuleNetwork network) {
  FileForecast out{std::move(network), {}, {}};
  const std::vector<ModuleQuery> queries = module_queries(out.network, pack.types);
  out.modules.resize(queries.size());
  const auto total = pack.predictor.forecast_network(queries, out.modules);
  if (!total) return tl::unexpected(total.error());
  out.total = *total;
  return out;
}

ExecutedModule describe_module(const OpenPack& pack, const Module& module, const ModuleForecast& forecast) {
  ExecutedModule out{module.op, {}, forecast, {}, module.nodes, {}, module.reason};
  if (module.match != ModuleMatch::matched) return out;
  const ModuleType& type = pack.catalogue.types()[module.type];
  out.type = type.name;
  out.kernel = pack.kernel_of(module.type, forecast);
  for (std::size_t p = 0; p < type.parameters.size(); ++p)
    out.parameters.emplace_back(type.parameters[p].name, module.parameters[p]);
  return out;
}

ModelForecast describe_forecast(const OpenPack& pack, const FileForecast& forecast) {
  ModelForecast out;
  out.total = forecast.total;
  std::map<std::string, UnknownOperator> unknown;
  std::set<std::string> extrapolated;
  for (std::size_t i = 0; i < forecast.modules.size(); ++i) {
    const ExecutedModule& one =
        out.modules.emplace_back(describe_module(pack, forecast.network.modules[i], forecast.modules[i]));
    if (one.forecast.status == ForecastStatus::unknown) {
      const std::string& name = one.op.empty() ? one.type : one.op;
      UnknownOperator& all = unknown.try_emplace(name, UnknownOperator{name}).first->second;
      ++all.modules;
      all.latency += one.forecast.latency;
      all.upper += one.forecast.upper;
    }
    if (one.forecast.status == ForecastStatus::extrapolated) extrapolated.insert(one.type);
  }
  for (auto& [name, all] : unknown) out.unknown.push_back(std::move(all));
  std::ranges::stable_sort(out.unknown, std::ranges::greater(), &UnknownOperator::upper);
  out.extrapolated.assign(extrapolated.begin(), extrapolated.end());
  return out;
}

ModelForecast describe_forecast(const OpenPack& pack, const FileForecast& forecast, const onnx::Model& file) {
  ModelForecast out = describe_forecast(pack, forecast);
  add_weights(file, forecast.network, out);
  return out;
}

}  // namespace latcast
