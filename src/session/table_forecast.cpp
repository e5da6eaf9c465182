#include "session/table_forecast.h"

#include <algorithm>
#include <cmath>
#include <map>

#include "forecast/file_forecast.h"
#include "session/conditions.h"
#include "session/forecaster.h"
#include "session/training.h"
#include "tables/table_reader.h"

namespace latcast::session {
namespace {

struct ListedNetwork {
  std::string name;
  FileForecast forecast;           // of the network that the table lists
  std::vector<std::size_t> lines;  // per module
};

/// With those of its module types that tables list.
Result<OpenPack> open_pack(const std::string& file) {
  auto pack = Pack::open(file);
  if (!pack) return tl::unexpected(pack.error());
  auto all = pack_catalogue(*pack);
  if (!all) return fail_in("pack " + file, all.error());
  Catalogue catalogue = all->restricted([](const ModuleType& type) { return type.given(); });
  if (catalogue.types().empty()) {
    return fail(Errc::mismatch, file + ": this pack is for executed graphs, not for tables: give it ONNX files");
  }
  return OpenPack::with(std::move(*pack), std::move(catalogue));
}

Result<std::vector<ListedNetwork>> read_networks(const TableForecastOptions& options, const OpenPack& pack,
                                                 Listener& listener) {
  auto map = read_map(options.map);
  if (!map) return tl::unexpected(map.error());
  if (map->rows != TableMap::Rows::operations) {
    return fail(Errc::invalid_input, options.map + ": rows = \"networks\"; forecasts need lists of operations");
  }
  auto reader = TableReader::open(options.table, *map, pack.catalogue, TableReader::Use::inputs);
  if (!reader) return tl::unexpected(reader.error());
  std::vector<ListedNetwork> out;
  std::map<std::string, std::size_t> place;
  TableRow row;
  while (true) {
    if (listener.cancelled()) return fail(Errc::interrupted, "interrupted");
    auto more = reader->next(row);
    if (!more) return tl::unexpected(more.error());
    if (!*more) break;
    listener.progress(reader->progress(), options.table);
    const auto [found, fresh] = place.try_emplace(row.network, out.size());
    if (fresh) out.push_back({row.network, {}, {}});
    ListedNetwork& network = out[found->second];
    for (TableModule& module : row.modules) {
      Module& one = network.forecast.network.modules.emplace_back();
      one.match = ModuleMatch::matched;
      one.type = module.type;
      one.parameters = std::move(module.parameters);
      network.lines.push_back(row.line);
    }
  }
  if (reader->unmatched().count > 0) {
    listener.warning(options.table + ": " + std::to_string(reader->unmatched().count) +
                     " rows are no modules (the first in line " + std::to_string(reader->unmatched().line) + ")");
  }
  if (out.empty()) return fail(Errc::invalid_input, options.table + ": the table has no rows");
  return out;
}

Result<void> forecast(const OpenPack& pack, std::vector<ListedNetwork>& networks) {
  for (ListedNetwork& network : networks) {
    auto done = forecast_network(pack, std::move(network.forecast.network));
    if (!done) return fail_in(network.name, done.error());
    network.forecast = std::move(*done);
  }
  return {};
}

/// Networks' latencies on a target, from a table of them.
Result<std::map<std::string, double>> read_known(const TableForecastOptions& options, const OpenPack& proxy) {
  const Target& of = proxy.pack.target();
  auto map = read_map(options.known_map);
  if (!map) return tl::unexpected(map.error());
  if (map->rows != TableMap::Rows::networks) {
    return fail(Errc::invalid_input, options.known_map + ": rows = \"operations\"; --known needs networks' latencies");
  }
  auto reader = TableReader::open(options.known, *map, proxy.catalogue, TableReader::Use::measurements);
  if (!reader) return tl::unexpected(reader.error());
  const auto& targets = reader->targets();
  const auto found = std::ranges::find_if(
      targets, [&](const TableTarget& one) { return one.name == of.name && one.engine == of.engine; });
  if (found == targets.end()) {
    return fail(Errc::mismatch, options.known + ": has no latencies of " + of.name + " (" + of.engine +
                                    "), the target of " + options.proxy);
  }
  const auto column = static_cast<std::size_t>(found - targets.begin());
  std::map<std::string, double> out;
  TableRow row;
  while (true) {
    auto more = reader->next(row);
    if (!more) return tl::unexpected(more.error());
    if (!*more) return out;
    if (row.latencies[column].state == TableCell::State::measured) out[row.network] = row.latencies[column].latency_ns;
  }
}

void scale(FileForecast& network, double ratio) {
  for (Nanos* one : {&network.total.quiet, &network.total.lower, &network.total.upper}) *one *= ratio;
  for (ModuleForecast& module : network.modules) {
    for (Nanos* one : {&module.latency, &module.lower, &module.upper}) *one *= ratio;
  }
}

/// Multiplies the forecasts with what is known of the networks on the target that the pack builds on.
Result<void> apply_known(const TableForecastOptions& options, const OpenPack& pack,
                         std::vector<ListedNetwork>& networks) {
  const std::string wanted(find_value(pack.pack.target().settings, kKnownSetting));
  if (wanted.empty()) {
    if (options.proxy.empty()) return {};
    return fail(Errc::mismatch, options.pack + ": was not trained with --proxy-known; leave --proxy and --known away");
  }
  if (options.proxy.empty()) {
    return fail(Errc::invalid_input,
                options.pack + ": forecasts networks whose latency on " + wanted +
                    " is known: give its pack (--proxy) and a table of them (--known, --known-map)");
  }
  const auto proxy = open_pack(options.proxy);
  if (!proxy) return tl::unexpected(proxy.error());
  if (proxy->pack.target().name != wanted) {
    return fail(Errc::mismatch, options.proxy + ": is of " + proxy->pack.target().name + "; " + options.pack +
                                    " was trained with the pack of " + wanted);
  }
  const auto known = read_known(options, *proxy);
  if (!known) return tl::unexpected(known.error());
  std::vector<ListedNetwork> there = networks;
  for (ListedNetwork& network : there) {
    for (Module& module : network.forecast.network.modules) {
      // The conditions of both are the same; only the catalogues may number their types differently.
      const std::string& name = pack.catalogue.types()[module.type].name;
      const auto types = proxy->catalogue.types();
      const auto type = std::ranges::find(types, name, &ModuleType::name);
      if (type == types.end()) return fail(Errc::mismatch, options.proxy + ": knows no " + name);
      module.type = static_cast<std::size_t>(type - types.begin());
    }
  }
  if (auto ok = forecast(*proxy, there); !ok) return ok;
  for (std::size_t i = 0; i < networks.size(); ++i) {
    const auto found = known->find(networks[i].name);
    if (found == known->end()) {
      return fail(Errc::not_found, options.known + ": has no latency of " + networks[i].name + " on " + wanted);
    }
    const double forecast_ns = there[i].forecast.total.quiet.count();
    if (!(forecast_ns > 0.0)) {
      return fail(Errc::mismatch, networks[i].name + ": " + options.proxy + " forecasts no time at all for it");
    }
    scale(networks[i].forecast, found->second / forecast_ns);
  }
  return {};
}

ForecastAnswer describe(const OpenPack& pack, const ListedNetwork& network) {
  ModelForecast described = describe_forecast(pack, network.forecast);
  for (std::size_t i = 0; i < network.lines.size(); ++i) described.modules[i].line = network.lines[i];
  return {network.name, std::move(described), condition_texts(pack.pack, pack.predictor)};
}

}  // namespace

Result<Forecasts> forecast_table(const TableForecastOptions& options, Listener& listener) {
  auto pack = open_pack(options.pack);
  if (!pack) return tl::unexpected(pack.error());
  DimBindings none;
  if (auto asked = bind_conditions(*pack, options.at, none, listener); !asked) return tl::unexpected(asked.error());
  auto networks = read_networks(options, *pack, listener);
  if (!networks) return tl::unexpected(networks.error());
  if (auto ok = forecast(*pack, *networks); !ok) return tl::unexpected(ok.error());
  if (auto ok = apply_known(options, *pack, *networks); !ok) return tl::unexpected(ok.error());
  Forecasts out{.target = pack->pack.target(), .anchor_age_s = 0, .graph = "table", .answers = {}};
  for (const ListedNetwork& network : *networks) out.answers.push_back(describe(*pack, network));
  return out;
}

}  // namespace latcast::session
