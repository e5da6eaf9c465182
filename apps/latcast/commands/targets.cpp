// latcast targets: what a store has measurements of.
#include "session/targets.h"

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

Json json_entry(const session::StoredTarget& target) {
  const TargetRecord& record = target.record;
  const TargetContents& contents = target.contents;
  return {{"id", record.id},
          {"name", target.name},
          {"device", record.device},
          {"engine", record.engine},
          {"engine_version", record.engine_version},
          {"settings", record.settings},
          {"statistic", target.statistic()},
          {"campaigns",
           {{"count", contents.campaigns}, {"carriers", contents.carriers}, {"measurements", contents.measurements}}},
          {"operations", {{"networks", contents.operation_networks}, {"rows", contents.operations}}},
          {"totals", {{"networks", contents.totals}}}};
}

int run(const Options& options, Console& console) {
  if (auto ok = check_outputs(options.output); !ok) return refuse(console, ok.error());
  const auto targets = session::stored_targets(options.db);
  if (!targets) return refuse(console, targets.error());
  Table table({"target", "device", "engine", "data", "networks", "rows", "statistic"});
  Json json = json_head();
  json["targets"] = Json::array();
  for (const session::StoredTarget& one : *targets) {
    const TargetContents& contents = one.contents;
    const std::int64_t networks = std::max({contents.carriers, contents.operation_networks, contents.totals});
    table.add({one.name, one.record.device, one.record.engine + " " + one.record.engine_version, kind(contents),
               std::to_string(networks), std::to_string(contents.measurements + contents.operations + contents.totals),
               one.statistic()});
    json["targets"].push_back(json_entry(one));
  }
  return write_results(console, options.output, table.text(), json);
}

}  // namespace

void add_targets(Command app, Context& context) {
  const Command command = app.subcommand("targets", "List what a store has measurements of");
  auto options = std::make_shared<Options>();
  command.option("--db", "FILE", options->db, "Store made by 'latcast profile' or 'latcast import'").required();
  add_output_options(command, options->output, false);
  on_chosen(command, context, options, run);
}

}  // namespace latcast::cli
