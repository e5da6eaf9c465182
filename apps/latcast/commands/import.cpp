// latcast import: measurements from a CSV table into a store.
#include <algorithm>
#include <filesystem>
#include <iostream>
#include <set>

#include "commands.h"
#include "render/json_output.h"
#include "session/table_import.h"

namespace latcast::cli {
namespace {

using session::ImportSummary;

struct Options {
  std::string table;
  std::string map;
  std::string db;
  std::vector<std::string> catalogue;
  bool dry_run = false;
  OutputOptions output;
};

constexpr std::size_t kNamesInWarnings = 5;

constexpr const char* kInterruptedText = "interrupted; nothing was stored";

/// A store for the time of the command where nothing is to be kept.
constexpr const char* kNowhere = "";

std::string join_first(const std::vector<std::string>& names) {
  std::string text;
  for (std::size_t i = 0; i < std::min(names.size(), kNamesInWarnings); ++i) text += (i > 0 ? ", " : "") + names[i];
  return text + (names.size() > kNamesInWarnings ? ", ..." : "");
}

std::string counted(std::size_t count, const std::string& one, const std::string& many) {
  return std::to_string(count) + " " + (count == 1 ? one : many);
}

std::map<std::string, std::size_t> families(const ImportSummary& summary) {
  std::map<std::string, std::size_t> sizes;
  for (const auto& [network, family] : summary.networks) ++sizes[family];
  return sizes;
}

std::vector<std::string> cell_warnings(const std::string& file, const ImportSummary& summary) {
  std::vector<std::string> warnings;
  const auto first = [&](std::size_t line) { return "; first: " + file + ":" + std::to_string(line); };
  const auto cell = [&](const session::CellOccurrence& one) {
    return first(one.line) + ", column '" + one.column + "'";
  };
  if (summary.missing.count > 0) {
    const auto targets = std::ranges::count_if(summary.targets, [](const auto& one) { return one.missing > 0; });
    warnings.push_back(counted(summary.missing.count, "cell", "cells") + " of " +
                       counted(static_cast<std::size_t>(targets), "target", "targets") + " not measured" +
                       cell(summary.missing));
  }
  if (summary.not_positive.count > 0) {
    warnings.push_back(counted(summary.not_positive.count, "latency is", "latencies are") +
                       " zero or negative, taken as not measured" + cell(summary.not_positive));
  }
  if (summary.repeated.count > 0) {
    warnings.push_back(counted(summary.repeated.count, "row repeats", "rows repeat") +
                       " an earlier one and count once" + first(summary.repeated.line));
  }
  if (summary.unmatched.count > 0) {
    warnings.push_back(counted(summary.unmatched.count, "row fits", "rows fit") + " no rule of the map, skipped" +
                       first(summary.unmatched.line));
  }
  return warnings;
}

/// Networks of one kind of table that the other kind lacks.
void compare(const std::vector<std::string>& ours, const std::vector<std::string>& theirs, const std::string& what,
             std::vector<std::string>& warnings) {
  std::vector<std::string> alone;
  std::ranges::set_difference(ours, theirs, std::back_inserter(alone));
  if (!alone.empty())
    warnings.push_back(counted(alone.size(), "network has ", "networks have ") + what + ": " + join_first(alone));
}

/// Networks of this table that have no row of the other kind, and networks of the other kind that have none of this.
/// `store` need not have the import in it.
Result<std::vector<std::string>> network_warnings(Store& store, const TableMap& map, const ImportSummary& summary) {
  std::set<std::string> engines;
  for (const session::ImportedTarget& one : summary.targets) engines.insert(one.target.engine);
  std::vector<std::string> ours;
  for (const auto& [network, family] : summary.networks) ours.push_back(network);
  const bool totals = map.rows == TableMap::Rows::networks;
  std::vector<std::string> warnings;
  for (const std::string& engine : engines) {
    const auto theirs = store.measured_networks(engine, totals, map.operations);
    if (!theirs) return tl::unexpected(theirs.error());
    auto all = store.measured_networks(engine, !totals, {});
    if (!all) return tl::unexpected(all.error());
    std::ranges::copy(ours, std::back_inserter(*all));
    std::ranges::sort(*all);
    const std::string operations = "operations on " + engine;
    const std::string whole = "totals on " + engine;
    compare(ours, *theirs, totals ? whole + " but no operations" : operations + " but no totals", warnings);
    compare(*theirs, *all, totals ? operations + " but no totals" : whole + " but no operations", warnings);
  }
  return warnings;
}

std::string family_warning(const ImportSummary& summary) {
  std::vector<std::string> single;
  for (const auto& [family, size] : families(summary)) {
    if (size == 1) single.push_back(family);
  }
  if (single.empty()) return {};
  return counted(single.size(), "family has", "families have") + " a single network: " + join_first(single);
}

std::string report(const TableMap& map, const ImportSummary& summary) {
  std::string text = map.name + ": " + counted(summary.rows, "row", "rows") + ", " +
                     counted(summary.networks.size(), "network", "networks") + " of " +
                     counted(families(summary).size(), "family", "families") + "\n";
  if (!summary.listed.empty()) {
    Table modules({"module type", "modules", "unlisted"});
    std::set<std::string> types;
    for (const auto* counts : {&summary.listed, &summary.unlisted}) {
      for (const auto& [type, count] : *counts) types.insert(type);
    }
    const auto count = [](const std::map<std::string, std::size_t>& counts, const std::string& type) {
      const auto found = counts.find(type);
      return std::to_string(found == counts.end() ? 0 : found->second);
    };
    for (const std::string& type : types)
      modules.add({type, count(summary.listed, type), count(summary.unlisted, type)});
    text += "\n" + modules.text();
  }
  Table targets({"target", "engine", "latencies", "not measured"});
  for (const session::ImportedTarget& one : summary.targets) {
    targets.add({one.target.name, one.target.engine + " " + one.target.engine_version, std::to_string(one.measured),
                 std::to_string(one.missing + one.not_positive)});
  }
  return text + "\n" + targets.text();
}

Json json_import(const Options& options, const TableMap& map, const ImportSummary& summary,
                 const std::vector<std::string>& warnings) {
  Json modules = Json::array();
  for (const auto& [listed, counts] : {std::pair{true, &summary.listed}, std::pair{false, &summary.unlisted}}) {
    for (const auto& [type, count] : *counts) modules.push_back({{"type", type}, {"listed", listed}, {"count", count}});
  }
  Json targets = Json::array();
  for (const session::ImportedTarget& one : summary.targets) {
    targets.push_back({{"name", one.target.name},
                       {"device", one.target.device},
                       {"engine", one.target.engine},
                       {"engine_version", one.target.engine_version},
                       {"latencies", one.measured},
                       {"not_measured", one.missing},
                       {"not_positive", one.not_positive}});
  }
  Json json = json_head();
  json["import"] = {{"name", map.name},
                    {"table", options.table},
                    {"map", options.map},
                    {"stored", !options.dry_run},
                    {"rows", summary.rows},
                    {"networks", summary.networks.size()},
                    {"families", families(summary)},
                    {"repeated_rows", summary.repeated.count},
                    {"skipped_rows", summary.unmatched.count},
                    {"modules", std::move(modules)},
                    {"targets", std::move(targets)},
                    {"warnings", warnings}};
  return json;
}

Result<std::vector<std::string>> all_warnings(const Options& options, Store& store, const TableMap& map,
                                              const ImportSummary& summary) {
  std::vector<std::string> warnings = cell_warnings(options.table, summary);
  if (const std::string text = family_warning(summary); !text.empty()) warnings.push_back(text);
  std::error_code failure;
  const bool beside = options.dry_run && !options.db.empty() && std::filesystem::exists(options.db, failure);
  auto kept = beside ? Store::open_read_only(options.db) : Result<Store>(fail(Errc::not_found, ""));
  if (beside && !kept) return tl::unexpected(kept.error());
  auto more = network_warnings(beside ? *kept : store, map, summary);
  if (!more) return more;
  std::ranges::move(*more, std::back_inserter(warnings));
  return warnings;
}

void remove_store(const std::string& file) {
  std::error_code failure;
  for (const char* end : {"", "-wal", "-shm"}) std::filesystem::remove(file + end, failure);
}

int run(const Options& options, Console& console) {
  if (options.db.empty() && !options.dry_run) {
    console.error("import: --db is required");
    return kUsage;
  }
  if (auto ok = check_outputs(options.output); !ok) return refuse(console, ok.error());
  const std::vector<std::filesystem::path> folders(options.catalogue.begin(), options.catalogue.end());
  const auto catalogue = Catalogue::builtin(folders);
  if (!catalogue) return refuse(console, catalogue.error());
  const auto map = read_map(options.map);
  if (!map) return refuse(console, map.error());
  auto reader = TableReader::open(options.table, *map, *catalogue, TableReader::Use::measurements);
  if (!reader) return refuse(console, reader.error());
  const bool made = !options.dry_run && !std::filesystem::exists(options.db);
  Result<std::vector<std::string>> warnings;
  Result<ImportSummary> summary = fail(Errc::invalid_input, "");
  {
    auto store = Store::create(options.dry_run ? kNowhere : options.db);
    if (!store) return refuse(console, store.error());
    summary = session::import_table(
        *store, *reader, *map, *catalogue,
        {[&](double fraction, std::size_t rows) { console.progress(fraction, std::to_string(rows) + " rows"); },
         interrupted});
    if (summary) warnings = all_warnings(options, *store, *map, *summary);
  }
  if (!summary) {
    if (made) remove_store(options.db);
    // A signal may also cut a read short.
    return refuse(console, interrupted() ? Error{Errc::interrupted, kInterruptedText} : summary.error());
  }
  if (!warnings) return refuse(console, warnings.error());
  console.clear_progress();
  for (const std::string& text : *warnings) console.warning(text);
  if (!options.output.machine_readable_on_stdout()) {
    std::cout << report(*map, *summary) << (options.dry_run ? "nothing stored (dry run)\n" : "-> " + options.db + "\n");
  }
  if (options.output.json.empty()) return kOk;
  const auto written = write_json(options.output.json, json_import(options, *map, *summary, *warnings));
  return written ? kOk : refuse(console, written.error());
}

}  // namespace

void add_import(CLI::App& app, Context& context) {
  auto* command = app.add_subcommand("import", "Bring measurements from a CSV table into a store");
  command->footer(
      "The map says what the table's columns are (docs/formats.md); maps/ has some.\n"
      "A table whose map has the name of an earlier import replaces it. Where it fails or is interrupted, the store "
      "stays as it was.");
  auto options = std::make_shared<Options>();
  command->add_option("TABLE", options->table, "CSV file: a row per operation, or a row per network")->required();
  command->add_option("--map", options->map, "Map of the table's columns (TOML)")->option_text("FILE")->required();
  command
      ->add_option("--db", options->db, "Store to add to, created where it does not exist (required but for --dry-run)")
      ->option_text("FILE");
  add_catalogue_option(*command, options->catalogue);
  command->add_flag("--dry-run", options->dry_run, "Read and check everything, store nothing");
  add_output_options(*command, options->output, false);
  command->callback(
      [options, &context] { context.action = [options, &context] { return run(*options, context.console); }; });
}

}  // namespace latcast::cli
