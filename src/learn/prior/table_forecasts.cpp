#include "learn/prior/table_forecasts.h"

#include "latcast/predictor.h"

namespace latcast::learn {

void TableForecasts::resize(std::size_t networks) {
  forecast_ns.resize(networks);
  lower_ns.resize(networks);
  upper_ns.resize(networks);
  modules_ns.resize(networks);
}

Result<void> forecast_with(const PackContent& content, std::span<const TableNetwork> networks,
                           const Catalogue& catalogue, std::span<const std::size_t> which, TableForecasts& out) {
  out.resize(networks.size());
  const auto pack = Pack::from_bytes(pack_bytes(content));
  if (!pack) return tl::unexpected<Error>(pack.error());
  const Predictor usual(*pack, content.info.anchor.unix_s);
  for (const std::size_t i : which) {
    Conditions conditions = networks[i].conditions;  // others than the pack has say nothing to it
    std::erase_if(conditions, [has = usual.conditions()](const auto& one) { return !has.contains(one.first); });
    const auto predictor = usual.at(conditions);
    if (!predictor) return tl::unexpected<Error>(predictor.error());
    std::vector<ModuleQuery> queries;
    for (const TableNetworkModule& module : networks[i].modules) {
      queries.push_back({.type = pack->find_type(catalogue.types()[module.type].name).value_or(kUnknownType),
                         .parameters = module.parameters});
    }
    std::vector<ModuleForecast> modules(queries.size());
    const auto total = predictor->forecast_network(queries, modules);
    if (!total) return fail_in(networks[i].name, total.error());
    out.forecast_ns[i] = total->quiet.count();
    out.lower_ns[i] = total->lower.count();
    out.upper_ns[i] = total->upper.count();
    out.modules_ns[i].clear();
    for (const ModuleQuery& query : queries) {
      const auto one = predictor->forecast_module(query);
      out.modules_ns[i].push_back(one ? one->latency.count() : 0.0);
    }
  }
  return {};
}

}  // namespace latcast::learn
