// Imported tables: networks as lists of operations, measured one by one or as wholes.
#include <algorithm>
#include <cmath>
#include <ctime>
#include <set>

#include "learn/data/source.h"
#include "tables/table_map.h"

namespace latcast::learn {
namespace {

/// Where a forecast is made once, for planning, accuracy counts for more than a microsecond.
constexpr double kModuleTime_ns = 5000;

/// The types that the engine's maps speak of: a table to forecast may have operations that no training network had.
Result<Catalogue> catalogue_of(Store& store, const TargetRecord& target, const Catalogue& all) {
  auto imports = store.imports();
  if (!imports) return tl::unexpected(imports.error());
  std::set<std::string> wanted;
  for (const ImportRecord& import : *imports) {
    const auto map = parse_map(import.map, "the map of " + import.name);
    if (!map) return tl::unexpected(map.error());
    if (map->target.engine.text() != target.engine) continue;
    for (const ModuleRule& rule : map->modules) wanted.insert(rule.type);
  }
  return all.restricted([&](const ModuleType& type) { return type.given() && wanted.contains(type.name); });
}

Target pack_target(const TargetRecord& record) {
  Target target;
  target.name = record.name;
  target.device = record.device;
  target.engine = record.engine;
  target.engine_version = record.engine_version;
  for (const auto& [key, value] : record.settings) {
    if (!key.starts_with("condition.")) target.settings.push_back({key, value});
  }
  return target;
}

MeasurementReport describe(const TableNetworks& data, const Catalogue& catalogue) {
  MeasurementReport out;
  out.unit = "networks";
  out.networks = data.networks.size();
  for (const TableNetwork& network : data.networks) {
    out.totals += network.total_ns > 0 ? 1 : 0;
    out.modules += network.modules.size();
    out.measured += static_cast<std::size_t>(
        std::ranges::count_if(network.modules, [](const auto& one) { return std::isfinite(one.latency_ns); }));
  }
  if (data.without_operations > 0) {
    out.notes.push_back(std::to_string(data.without_operations) +
                        " networks have a total but no list of operations and are left out, " +
                        data.first_without_operations + " first");
  }
  if (const auto rules = check_rules(data.networks, catalogue); rules.recorded > 0) {
    std::string text = "kernel classes by the catalogue's rules: as recorded in " +
                       std::to_string(rules.recorded - rules.other) + " of " + std::to_string(rules.recorded) + " rows";
    if (rules.other > 0) text += " (" + rules.first + ")";
    (rules.other > 0 ? out.notes : out.details).push_back(std::move(text));
  }
  return out;
}

}  // namespace

Result<Measurements> read_tables(Store& store, const TargetRecord& target, const Catalogue& catalogue) {
  auto own = catalogue_of(store, target, catalogue);
  if (!own) return tl::unexpected(own.error());
  auto data = load_table_networks(store, target, *own);
  if (!data) return tl::unexpected(data.error());
  if (data->networks.empty()) {
    return fail(Errc::not_found, "no network of " + target.name +
                                     " has a list of operations: import a table of its operations, or of the same "
                                     "networks' operations with " +
                                     target.engine);
  }
  MeasurementReport report = describe(*data, *own);
  TrainingSet set = make_training_set(data->networks, *own);
  const std::int64_t now = std::time(nullptr);
  return Measurements{.catalogue = std::move(*own),
                      .set = std::move(set),
                      .target = pack_target(target),
                      .references = {},
                      .listed = std::move(data->networks),
                      .started_unix_s = now,
                      .finished_unix_s = now,
                      .ages = false,
                      .usual_module_time_ns = kModuleTime_ns,
                      .report = std::move(report)};
}

}  // namespace latcast::learn
