// latcast bench graph: the executed graph by rules against the engine's own.
#include <algorithm>

#include "commands.h"
#include "experiments/graph_agreement.h"
#include "render/json_output.h"

namespace latcast::cli {
namespace {

using namespace latcast::experiments;

struct Options : GraphOptions {
  OutputOptions output;
  bool differences = false;
};

std::string differences(const ComparedGraph& one) {
  std::string text = one.model + "\n";
  const auto add = [&](const char* who, const auto& nodes) {
    for (const auto& [what, count] : nodes) text += who + std::to_string(count) + "x " + what + "\n";
  };
  add("  engine ", one.agreement.missing);
  add("  rules  ", one.agreement.surplus);
  return text;
}

std::string network_table(const GraphReport& report, bool forecasts) {
  Table table({"model", "engine's nodes", "rules' nodes", "in common", "equal", "deduced in", "forecast differs"});
  for (const ComparedGraph& one : report.networks) {
    const rules::Agreement& a = one.agreement;
    table.add({one.model, std::to_string(a.engine_nodes), std::to_string(a.rule_nodes), std::to_string(a.common),
               a.equal ? "yes" : "no", format_time(one.rules_ns),
               forecasts ? format_percent(one.difference(), 2) : "-"});
  }
  return table.text();
}

std::string rule_table(const GraphReport& report) {
  Table table({"rule", "applied", "networks", "of them not equal"});
  for (const auto& [rule, use] : report.rules)
    table.add({rule, std::to_string(use.applied), std::to_string(use.networks), std::to_string(use.unequal)});
  return table.text();
}

std::string in_words(const GraphTotals& totals, bool forecasts) {
  std::string out = std::to_string(totals.equal) + " of " + std::to_string(totals.networks) + " networks equal, " +
                    std::to_string(totals.common) + " of " + std::to_string(totals.nodes) + " nodes in common\n";
  if (!forecasts || totals.networks == 0) return out;
  return out + "weighted by forecast time " + format_percent(totals.common_time / totals.time, 2) +
         " in common; forecasts differ by " +
         format_percent(totals.difference / static_cast<double>(totals.networks), 2) + " on average, at most " +
         format_percent(totals.most, 2) + "\n";
}

/// A probe is called after its rule: "rule", "rule: what is special" or "rule, where".
std::string rule_of(const std::string& probe) { return probe.substr(0, probe.find_first_of(":,")); }

std::string what_holds(const std::vector<std::string>& broken, const std::string& version) {
  if (broken.empty()) return "every probe is equal: the rules hold for " + version + "\n";
  std::string out;
  for (const std::string& probe : broken) out += (out.empty() ? "" : "; ") + rule_of(probe) + " (" + probe + ")";
  return "rules that do not hold for " + version + ": " + out + "\n";
}

Json to_json(const ComparedGraph& one) {
  const rules::Agreement& a = one.agreement;
  Json json = {{"model", one.model},         {"engine_nodes", a.engine_nodes},
               {"rule_nodes", a.rule_nodes}, {"common", a.common},
               {"equal", a.equal},           {"missing", a.missing},
               {"surplus", a.surplus},       {"applied", one.applied},
               {"rules_ns", one.rules_ns}};
  if (one.engine_forecast_ns <= 0) return json;
  json["engine_forecast_ns"] = one.engine_forecast_ns;
  json["rule_forecast_ns"] = one.rule_forecast_ns;
  json["common_time_share"] = one.common_share;
  return json;
}

Json to_json(const GraphReport& report) {
  Json json = json_head();
  json["engine_version"] = report.engine_version;
  json["block"] = report.block;
  json["networks"] = Json::array();
  for (const ComparedGraph& one : report.networks) json["networks"].push_back(to_json(one));
  json["rules"] = Json::object();
  for (const auto& [rule, use] : report.rules)
    json["rules"][rule] = {{"applied", use.applied}, {"networks", use.networks}, {"unequal", use.unequal}};
  return json;
}

int run(const Options& options, Console& console) {
  if (auto ok = check_outputs(options.output); !ok) return refuse(console, ok.error());
  const auto report = check_graphs(options, console);
  console.clear_progress();
  if (!report) return refuse(console, report.error());
  int code = kOk;
  for (const Error& error : report->failures) code = std::max(code, refuse(console, error));
  const bool forecasts = !options.pack.empty();
  std::string text;
  for (const ComparedGraph& one : report->networks) {
    if (options.differences && !one.agreement.equal) text += differences(one);
  }
  text += network_table(*report, forecasts) + "\n" + rule_table(*report) + "\n" + in_words(report->totals, forecasts);
  if (options.probes) text += what_holds(report->broken, report->engine_version);
  return write_results(console, options.output, text, to_json(*report), code);
}

}  // namespace

void add_bench_graph(Command bench, Context& context) {
  const Command command = bench.subcommand("graph", "The executed graph deduced by rules against the engine's own");
  auto options = std::make_shared<Options>();
  add_model_option(command, options->models);
  add_dim_options(command, options->dims);
  add_output_options(command, options->output, false);
  add_engine_path(command, options->settings);
  command.find("MODEL").required(false);
  command.option("--pack", "FILE", options->pack, "Compare forecasts as well, by this pack of this machine");
  command.option("--carriers", "N", whole_number(options->carriers, 0), "Also compare N generated networks");
  command.flag("--probes", options->probes,
               "Also compare a small graph for each rule; a rule whose graph differs no longer holds");
  command.flag("--differences", options->differences, "List the nodes that only one of the two has");
  on_chosen(command, context, options, run);
}

}  // namespace latcast::cli
