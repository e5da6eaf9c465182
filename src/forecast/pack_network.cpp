#include "forecast/pack_network.h"

#include <utility>

#include "rules/executed_graph.h"

namespace latcast {

Result<Catalogue> pack_catalogue(const Pack& pack) {
  std::vector<std::pair<std::string, std::string>> sources;
  for (const KeyValue& source : pack.sources()) sources.emplace_back(source.key, source.value);
  return Catalogue::from_sources(sources, pack.target().facts);
}

std::vector<std::uint32_t> pack_types(const Pack& pack, const Catalogue& catalogue) {
  std::vector<std::uint32_t> types;
  for (const ModuleType& type : catalogue.types()) types.push_back(pack.find_type(type.name).value_or(kUnknownType));
  return types;
}

Result<OpenPack> OpenPack::open(const Pack& pack, std::optional<std::int64_t> now_unix_s) {
  auto catalogue = pack_catalogue(pack);
  if (!catalogue) return fail_in("the pack's catalogue", catalogue.error());
  return with(pack, std::move(*catalogue), now_unix_s);
}

OpenPack OpenPack::with(Pack pack, Catalogue catalogue, std::optional<std::int64_t> now_unix_s) {
  auto types = pack_types(pack, catalogue);
  Predictor predictor(pack, now_unix_s);
  return {std::move(pack), std::move(catalogue), std::move(types), std::move(predictor)};
}

std::string OpenPack::kernel_of(std::size_t catalogue_type, const ModuleForecast& forecast) const {
  if (types[catalogue_type] == kUnknownType || forecast.kernel == kUnknownKernel) return {};
  return std::string(pack.kernel_name(types[catalogue_type], forecast.kernel));
}

std::vector<ModuleQuery> module_queries(const ModuleNetwork& network, const std::vector<std::uint32_t>& types) {
  std::vector<ModuleQuery> queries;
  queries.reserve(network.modules.size());
  for (const Module& module : network.modules) {
    ModuleQuery& query = queries.emplace_back();
    if (module.match == ModuleMatch::matched) {
      query.type = types[module.type];
      query.parameters = module.parameters;
    }
    query.input_bytes = module.input_bytes;
    query.output_bytes = module.output_bytes;
    query.weight_bytes = module.weight_bytes;
    query.macs = module.macs;
  }
  return queries;
}

Result<rules::EngineTarget> rule_target(const Target& target) {
  std::string features;
  for (const std::string& feature : target.cpu_features) features += (features.empty() ? "" : " ") + feature;
  const std::string_view level = find_value(target.settings, "optimization_level");
  return rules::engine_target(target.engine, target.engine_version, features, level.empty() ? "all" : level);
}

}  // namespace latcast
