#include "table_prediction.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <iostream>
#include <map>
#include <sstream>

#include "forecast/pack_network.h"
#include "latcast/predictor.h"
#include "render/json_output.h"
#include "session/training.h"
#include "tables/table_reader.h"

namespace latcast::cli {
namespace {

/// A pack opened for tables: its module types, and the conditions of its target.
struct TablePack {
  Pack pack;
  Catalogue catalogue;
  std::vector<std::uint32_t> types;  // catalogue type -> pack type
  std::map<std::string, double> conditions;
};

struct ListedModule {
  std::size_t line = 0, type = 0;
  std::vector<double> parameters;
};

struct ListedNetwork {
  std::string name;
  std::vector<ListedModule> modules;
  NetworkForecast total;
  std::vector<ModuleForecast> forecasts;
};

std::map<std::string, double> numeric_conditions(const Target& target) {
  std::map<std::string, double> out;
  for (const KeyValue& one : target.conditions) {
    double value = 0;
    const char* end = one.value.data() + one.value.size();
    if (std::from_chars(one.value.data(), end, value).ptr == end) out[one.key] = value;
  }
  return out;
}

Result<TablePack> open_pack(const std::string& file) {
  auto pack = Pack::open(file);
  if (!pack) return tl::unexpected(pack.error());
  auto all = pack_catalogue(*pack);
  if (!all) return fail_in("pack " + file, all.error());
  Catalogue catalogue = all->restricted([](const ModuleType& type) { return type.given(); });
  if (catalogue.types().empty()) {
    return fail(Errc::mismatch, file + ": this pack is for executed graphs, not for tables: give it ONNX files");
  }
  std::vector<std::uint32_t> types;
  for (const ModuleType& type : catalogue.types()) types.push_back(pack->find_type(type.name).value_or(kUnknownType));
  auto conditions = numeric_conditions(pack->target());
  return TablePack{std::move(*pack), std::move(catalogue), std::move(types), std::move(conditions)};
}

/// Puts the target's conditions where the row has none.
Result<void> fill_conditions(const TablePack& pack, TableModule& module) {
  const ModuleType& type = pack.catalogue.types()[module.type];
  for (std::size_t p = 0; p < module.parameters.size(); ++p) {
    if (!std::isnan(module.parameters[p])) continue;
    const auto found = pack.conditions.find(type.parameters[p].name);
    if (found == pack.conditions.end()) {
      return fail(Errc::mismatch, "the map gives '" + type.parameters[p].name + "' of " + type.name +
                                      " as a condition of the target, which the pack was trained without");
    }
    module.parameters[p] = found->second;
  }
  return {};
}

Result<std::vector<ListedNetwork>> read_networks(const TablePrediction& options, const TablePack& pack,
                                                 Console& console) {
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
    if (interrupted()) return fail(Errc::interrupted, "interrupted");
    auto more = reader->next(row);
    if (!more) return tl::unexpected(more.error());
    if (!*more) break;
    console.progress(reader->progress(), options.table);
    const auto [found, fresh] = place.try_emplace(row.network, out.size());
    if (fresh) out.push_back({.name = row.network, .modules = {}, .total = {}, .forecasts = {}});
    for (TableModule& module : row.modules) {
      if (auto ok = fill_conditions(pack, module); !ok) return tl::unexpected(ok.error());
      out[found->second].modules.push_back({row.line, module.type, std::move(module.parameters)});
    }
  }
  if (reader->unmatched().count > 0) {
    console.warning(options.table + ": " + std::to_string(reader->unmatched().count) +
                    " rows are no modules (the first in line " + std::to_string(reader->unmatched().line) + ")");
  }
  if (out.empty()) return fail(Errc::invalid_input, options.table + ": the table has no rows");
  return out;
}

Result<void> forecast(const TablePack& pack, std::vector<ListedNetwork>& networks) {
  const Predictor predictor(pack.pack);
  for (ListedNetwork& network : networks) {
    std::vector<ModuleQuery> queries;
    for (const ListedModule& module : network.modules) {
      queries.push_back({.type = pack.types[module.type], .parameters = module.parameters});
    }
    network.forecasts.resize(queries.size());
    auto total = predictor.forecast_network(queries, network.forecasts);
    if (!total) return fail_in(network.name, total.error());
    network.total = *total;
  }
  return {};
}

/// Networks' latencies on a target, from a table of them.
Result<std::map<std::string, double>> read_known(const TablePrediction& options, const TablePack& proxy) {
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

void scale(ListedNetwork& network, double ratio) {
  for (Nanos* one : {&network.total.quiet, &network.total.lower, &network.total.upper}) *one *= ratio;
  for (ModuleForecast& module : network.forecasts) {
    for (Nanos* one : {&module.latency, &module.lower, &module.upper}) *one *= ratio;
  }
}

/// Multiplies the forecasts with what is known of the networks on the target that the pack builds on.
Result<void> apply_known(const TablePrediction& options, const TablePack& pack, std::vector<ListedNetwork>& networks) {
  const std::string wanted(find_value(pack.pack.target().settings, session::kKnownSetting));
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
    for (ListedModule& module : network.modules) {
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
    const double forecast_ns = there[i].total.quiet.count();
    if (!(forecast_ns > 0.0)) {
      return fail(Errc::mismatch, networks[i].name + ": " + options.proxy + " forecasts no time at all for it");
    }
    scale(networks[i], found->second / forecast_ns);
  }
  return {};
}

std::string_view kernel_of(const TablePack& pack, const ListedModule& module, const ModuleForecast& forecast) {
  if (pack.types[module.type] == kUnknownType || forecast.kernel == kUnknownKernel) return "-";
  return pack.pack.kernel_name(pack.types[module.type], forecast.kernel);
}

/// Calls visit(network, module, forecast) for every module.
template <class Visit>
void for_modules(const std::vector<ListedNetwork>& networks, const Visit& visit) {
  for (const ListedNetwork& network : networks) {
    for (std::size_t i = 0; i < network.modules.size(); ++i) visit(network, network.modules[i], network.forecasts[i]);
  }
}

std::string csv(const TablePack& pack, const std::vector<ListedNetwork>& networks, bool modules) {
  std::ostringstream text;
  text.precision(17);
  if (!modules) {
    text << "model,quiet_ns,lower_ns,upper_ns,coverage_time_share\n";
    for (const ListedNetwork& one : networks) {
      text << csv_field(one.name) << ',' << one.total.quiet.count() << ',' << one.total.lower.count() << ','
           << one.total.upper.count() << ',' << one.total.time_share << '\n';
    }
    return text.str();
  }
  text << "model,line,type,kernel,latency_ns,lower_ns,upper_ns,status\n";
  for_modules(networks, [&](const ListedNetwork& network, const ListedModule& module, const ModuleForecast& one) {
    text << csv_field(network.name) << ',' << module.line << ',' << pack.catalogue.types()[module.type].name << ','
         << kernel_of(pack, module, one) << ',' << one.latency.count() << ',' << one.lower.count() << ','
         << one.upper.count() << ',' << to_string(one.status) << '\n';
  });
  return text.str();
}

Json json(const TablePack& pack, const std::vector<ListedNetwork>& networks, bool modules) {
  Json out = json_head();
  out["target"] = json_target(pack.pack.target());
  out["predictions"] = Json::array();
  for (const ListedNetwork& network : networks) {
    const NetworkForecast& total = network.total;
    Json one = {{"model", network.name},
                {"latency_ns",
                 {{"quiet", total.quiet.count()},
                  {"lower", total.lower.count()},
                  {"upper", total.upper.count()},
                  {"level", total.level}}},
                {"coverage", {{"time_share", total.time_share}, {"modules", network.modules.size()}}},
                {"cost", {{"macs", total.macs}}}};
    if (modules) one["modules"] = Json::array();
    for (std::size_t i = 0; modules && i < network.modules.size(); ++i) {
      const ListedModule& module = network.modules[i];
      const ModuleForecast& part = network.forecasts[i];
      one["modules"].push_back({{"line", module.line},
                                {"type", pack.catalogue.types()[module.type].name},
                                {"kernel", kernel_of(pack, module, part)},
                                {"latency_ns", part.latency.count()},
                                {"lower_ns", part.lower.count()},
                                {"upper_ns", part.upper.count()},
                                {"status", to_string(part.status)}});
    }
    out["predictions"].push_back(std::move(one));
  }
  return out;
}

void print(const TablePack& pack, const std::vector<ListedNetwork>& networks, bool modules) {
  Table table({"model", "forecast", format_percent(networks.front().total.level, 0) + " interval", "coverage", "MACs",
               "modules"});
  for (const ListedNetwork& one : networks) {
    table.add({one.name, format_time(one.total.quiet.count()),
               format_time(one.total.lower.count()) + " .. " + format_time(one.total.upper.count()),
               format_percent(one.total.time_share), format_count(one.total.macs), std::to_string(one.modules.size())});
  }
  std::cout << table.text();
  if (modules) {
    Table parts({"model", "line", "module", "kernel", "latency", "status"});
    for_modules(networks, [&](const ListedNetwork& network, const ListedModule& module, const ModuleForecast& one) {
      parts.add({network.name, std::to_string(module.line), pack.catalogue.types()[module.type].name,
                 std::string(kernel_of(pack, module, one)), format_time(one.latency.count()),
                 std::string(to_string(one.status))});
    });
    std::cout << parts.text();
  }
  const Target& target = pack.pack.target();
  std::cout << "target: " << target.name << " (" << target.engine << " " << target.engine_version << ", "
            << find_value(target.settings, "statistic") << " latency)\n";
}

int judge(const std::vector<ListedNetwork>& networks, const TablePrediction& options, Console& console) {
  int code = kOk;
  for (const ListedNetwork& one : networks) {
    if (options.max_latency_ns > 0 && one.total.quiet.count() > options.max_latency_ns) {
      console.error(one.name + ": forecast " + format_time(one.total.quiet.count()) + " is above --max-latency " +
                    format_time(options.max_latency_ns));
      code = kConditionNotMet;
    }
    if (one.total.time_share < options.min_coverage) {
      console.error(one.name + ": coverage " + format_percent(one.total.time_share) + " is below --min-coverage " +
                    format_percent(options.min_coverage));
      code = kConditionNotMet;
    }
  }
  return code;
}

}  // namespace

int predict_table(const TablePrediction& options, Console& console) {
  if (auto ok = check_outputs(options.output); !ok) return refuse(console, ok.error());
  auto pack = open_pack(options.pack);
  if (!pack) return refuse(console, pack.error());
  auto networks = read_networks(options, *pack, console);
  if (!networks) return refuse(console, networks.error());
  if (auto ok = forecast(*pack, *networks); !ok) return refuse(console, ok.error());
  if (auto ok = apply_known(options, *pack, *networks); !ok) return refuse(console, ok.error());
  console.clear_progress();
  if (!options.output.machine_readable_on_stdout()) print(*pack, *networks, options.modules);
  if (!options.output.json.empty()) {
    if (auto ok = write_json(options.output.json, json(*pack, *networks, options.modules)); !ok)
      return refuse(console, ok.error());
  }
  if (!options.output.csv.empty()) {
    if (auto ok = write_output(options.output.csv, csv(*pack, *networks, options.modules)); !ok)
      return refuse(console, ok.error());
  }
  return judge(*networks, options, console);
}

}  // namespace latcast::cli
