#include "forecast/pack_network.h"

#include <utility>

#include "rules/executed_graph.h"

namespace latcast {

Result<Catalogue> pack_catalogue(const Pack& pack) {
  std::vector<std::pair<std::string, std::string>> sources;
  for (const KeyValue& source : pack.sources()) sources.emplace_back(source.key, source.value);
  return Catalogue::from_sources(sources);
}

std::vector<std::uint32_t> pack_types(const Pack& pack, const Catalogue& catalogue) {
  std::vector<std::uint32_t> types;
  for (const ModuleType& type : catalogue.types()) types.push_back(pack.find_type(type.name).value_or(kUnknownType));
  return types;
}

std::vector<ModuleQuery> module_queries(const Network& network, const std::vector<std::uint32_t>& types) {
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
  }
  return queries;
}

Result<rules::EngineTarget> rule_target(const Target& target) {
  if (!rules::knows(target.engine))
    return fail(Errc::unsupported, "there are no rules for what " + target.engine + " executes");
  std::string features;
  for (const std::string& feature : target.cpu_features) features += (features.empty() ? "" : " ") + feature;
  const std::string_view level = find_value(target.settings, "optimization_level");
  return rules::engine_target(target.engine_version, features, level.empty() ? "all" : level);
}

}  // namespace latcast
