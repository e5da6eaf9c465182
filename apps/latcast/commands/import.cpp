// latcast import: measurements from a CSV table into a store.
#include <set>

#include "commands.h"
#include "render/json_output.h"
#include "session/importing.h"

namespace latcast::cli {
namespace {

using session::ImportSummary;

struct Options : session::ImportOptions {
  OutputOptions output;
};

std::string counted(std::size_t count, const std::string& one, const std::string& many) {
  return std::to_string(count) + " " + (count == 1 ? one : many);
}

std::string report(const ImportSummary& summary) {
  std::string text = summary.name + ": " + counted(summary.rows, "row", "rows") + ", " +
                     counted(summary.networks.size(), "network", "networks") + " of " +
                     counted(summary.families().size(), "family", "families") + "\n";
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

Json json_import(const Options& options, const ImportSummary& summary) {
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
  json["import"] = {{"name", summary.name},
                    {"table", options.table},
                    {"map", options.map},
                    {"stored", !options.dry_run},
                    {"rows", summary.rows},
                    {"networks", summary.networks.size()},
                    {"families", summary.families()},
                    {"repeated_rows", summary.repeated},
                    {"skipped_rows", summary.unmatched},
                    {"modules", std::move(modules)},
                    {"targets", std::move(targets)},
                    {"warnings", summary.warnings}};
  return json;
}

int run(const Options& options, Console& console) {
  if (options.db.empty() && !options.dry_run) {
    console.error("import: --db is required");
    return kUsage;
  }
  if (auto ok = check_outputs(options.output); !ok) return refuse(console, ok.error());
  const auto summary = session::import_table(options, console);
  if (!summary) return refuse(console, summary.error());
  console.clear_progress();
  const std::string text =
      report(*summary) + (options.dry_run ? "nothing stored (dry run)\n" : "-> " + options.db + "\n");
  return write_results(console, options.output, text, json_import(options, *summary));
}

}  // namespace

void add_import(Command app, Context& context) {
  const Command command = app.subcommand("import", "Bring measurements from a CSV table into a store");
  command.footer(
      "The map says what the table's columns are (docs/formats.md); maps/ has some.\n"
      "A table whose map has the name of an earlier import replaces it. Where it fails or is interrupted, the store "
      "stays as it was.");
  auto options = std::make_shared<Options>();
  command.option("TABLE", "", options->table, "CSV file: a row per operation, or a row per network").required();
  command.option("--map", "FILE", options->map, "Map of the table's columns (TOML)").required();
  command.option("--db", "FILE", options->db,
                 "Store to add to, created where it does not exist (required but for --dry-run)");
  add_catalogue_option(command, options->catalogue);
  command.flag("--dry-run", options->dry_run, "Read and check everything, store nothing");
  command.flag("--force", options->force,
               "Take latencies that are beyond reason, such as totals far from the sums of their operations");
  add_output_options(command, options->output, false);
  on_chosen(command, context, options, run);
}

}  // namespace latcast::cli
