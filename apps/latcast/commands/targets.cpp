// latcast targets: what a store has measurements of.
#include "session/targets.h"

#include <iostream>

#include "commands.h"
#include "render/json_output.h"

namespace latcast::cli {
namespace {

struct Options {
  std::string db;
  OutputOptions output;
};

std::string kind(const TargetContents& contents) {
  std::string text;
  const auto add = [&](std::int64_t count, const char* what) {
    if (count > 0) text += (text.empty() ? "" : ", ") + std::string(what);
  };
  add(contents.campaigns, "campaigns");
  add(contents.operations, "operations");
  add(contents.totals, "totals");
  return text.empty() ? "none" : text;
}

/// Of what was measured, as the store calls it: bursts' minima for campaigns.
std::string statistic(const TargetRecord& target) {
  const auto found = target.settings.find("statistic");
  return found == target.settings.end() ? "quiet" : found->second;
}

Json json_entry(const TargetRecord& target, const std::string& name, const TargetContents& contents) {
  return {{"id", target.id},
          {"name", name},
          {"device", target.device},
          {"engine", target.engine},
          {"engine_version", target.engine_version},
          {"settings", target.settings},
          {"statistic", statistic(target)},
          {"campaigns",
           {{"count", contents.campaigns}, {"carriers", contents.carriers}, {"measurements", contents.measurements}}},
          {"operations", {{"networks", contents.operation_networks}, {"rows", contents.operations}}},
          {"totals", {{"networks", contents.totals}}}};
}

int run(const Options& options, Console& console) {
  if (auto ok = check_outputs(options.output); !ok) return refuse(console, ok.error());
  auto store = Store::open_read_only(options.db);
  if (!store) return refuse(console, store.error());
  const auto targets = store->targets();
  if (!targets) return refuse(console, targets.error());
  const std::vector<std::string> names = session::target_names(*targets);
  Table table({"target", "device", "engine", "data", "networks", "rows", "statistic"});
  Json entries = Json::array();
  for (std::size_t i = 0; i < targets->size(); ++i) {
    const TargetRecord& target = (*targets)[i];
    const auto contents = store->contents(target.id);
    if (!contents) return refuse(console, contents.error());
    const std::int64_t networks = std::max({contents->carriers, contents->operation_networks, contents->totals});
    table.add({names[i], target.device, target.engine + " " + target.engine_version, kind(*contents),
               std::to_string(networks),
               std::to_string(contents->measurements + contents->operations + contents->totals), statistic(target)});
    entries.push_back(json_entry(target, names[i], *contents));
  }
  if (!options.output.machine_readable_on_stdout()) std::cout << table.text();
  if (options.output.json.empty()) return kOk;
  Json json = json_head();
  json["targets"] = std::move(entries);
  const auto written = write_json(options.output.json, json);
  return written ? kOk : refuse(console, written.error());
}

}  // namespace

void add_targets(CLI::App& app, Context& context) {
  auto* command = app.add_subcommand("targets", "List what a store has measurements of");
  auto options = std::make_shared<Options>();
  command->add_option("--db", options->db, "Store made by 'latcast profile' or 'latcast import'")
      ->option_text("FILE")
      ->required();
  add_output_options(*command, options->output, false);
  command->callback(
      [options, &context] { context.action = [options, &context] { return run(*options, context.console); }; });
}

}  // namespace latcast::cli
