// latcast bench mobile: public phone data, forecast as a user would, beside what others and we have seen on it.
#include <algorithm>
#include <cmath>
#include <iostream>
#include <map>

#include "bench/mobile_protocols.h"
#include "commands.h"
#include "render/json_output.h"
#include "render/scatter_page.h"

namespace latcast::cli {
namespace {

struct Options : MobileOptions {
  std::string html;
  OutputOptions output;
};

/// What was seen elsewhere, in percent.
struct Known {
  std::string best, goal;
};

const std::map<std::string, Known>& known() {
  static const std::map<std::string, Known> kKnown = {
      {"GPU, by network", {"2.6", "2.4"}},
      {"GPU, by family", {"3.2", "3.0"}},
      {"GPU, by network, operations", {"5.1", "4.8"}},
      {"10 networks at random", {"5.3", "4.8"}},
      {"20 networks at random", {"5.0", "4.3"}},
      {"30 networks at random", {"3.7", "3.4"}},
      {"50 networks at random", {"3.4", "3.0"}},
      {"CPU, one core, by network", {"1.9", "1.7"}},
      {"CPU, one core, by family", {"3.1", "2.8"}},
      {"CPU, several cores, by network", {"3.3", "2.8"}},
      {"CPU, several cores, one core's pack", {"3.3", "2.8"}},
      {"CPU, n cores from one", {"2.6", "2.2"}},
      {"Vulkan, by network", {"2.3, 1.6, 1.4", "better on each"}},
  };
  return kKnown;
}

std::string percent(double share) { return std::isfinite(share) ? format_percent(share, 2) : "-"; }

/// One line per protocol: means over targets.
std::string summary_table(const MobileFigures& figures) {
  Table table({"protocol, MAPE, mean over targets", "targets", "ours", "lasso", "MLP", "random forest", "boosted trees",
               "best seen (%)", "goal (%)"});
  std::map<std::string, std::size_t> targets;
  for (const Figure& one : figures.all) targets[one.protocol] += one.method == "ours" ? 1 : 0;
  for (const auto& [protocol, count] : targets) {
    const auto seen = known().find(protocol);
    table.add({protocol, std::to_string(count), percent(figures.mean(protocol, "ours")),
               percent(figures.mean(protocol, "lasso")), percent(figures.mean(protocol, "mlp")),
               percent(figures.mean(protocol, "forest")), percent(figures.mean(protocol, "gbdt")),
               seen == known().end() ? "-" : seen->second.best, seen == known().end() ? "-" : seen->second.goal});
  }
  return table.text();
}

std::string target_table(const MobileFigures& figures) {
  Table table({"protocol", "target", "method", "MAPE", "spread over draws", "networks"});
  std::vector<Figure> all = figures.all;
  std::ranges::sort(all, {}, [](const Figure& one) { return std::tie(one.protocol, one.target, one.method); });
  for (const Figure& one : all) {
    table.add({one.protocol, one.target, one.method, percent(one.error), one.spread > 0 ? percent(one.spread) : "",
               std::to_string(one.networks)});
  }
  return table.text();
}

Json to_json(const MobileFigures& figures) {
  Json json = json_head();
  json["figures"] = Json::array();
  for (const Figure& one : figures.all) {
    json["figures"].push_back({{"protocol", one.protocol},
                               {"target", one.target},
                               {"method", one.method},
                               {"mape", json_number(one.error)},
                               {"spread", json_number(one.spread)},
                               {"networks", one.networks}});
  }
  json["references"] = Json::array();
  for (const auto& [protocol, seen] : known()) {
    json["references"].push_back(
        {{"protocol", protocol}, {"best_seen_percent", seen.best}, {"goal_percent", seen.goal}});
  }
  json["operations_with_a_twin_in_another_network"] = figures.twins;
  json["kernel_rules"] = Json::array();
  for (const auto& [device, right, recorded] : figures.rules) {
    json["kernel_rules"].push_back({{"target", device + "|gpu|float"}, {"as_recorded", right}, {"recorded", recorded}});
  }
  return json;
}

Result<void> write_page(const std::string& file, const MobileFigures& figures) {
  ScatterPage page;
  page.title = "Forecast against truth: phones";
  page.summary = "Networks that training did not see; each panel is one target.";
  for (const auto& [protocol, panels] : figures.panels) page.groups.push_back({protocol, "", panels});
  for (ScatterGroup& group : page.groups) std::ranges::sort(group.panels, {}, &ScatterPanel::title);
  return write_output(file, scatter_page(page));
}

int run(const Options& options, Console& console) {
  if (auto ok = check_outputs(options.output); !ok) return refuse(console, ok.error());
  const auto figures = run_mobile_protocols(options, console);
  if (!figures) return refuse(console, figures.error());
  console.clear_progress();
  if (!options.output.machine_readable_on_stdout()) {
    std::cout << target_table(*figures) << "\n" << summary_table(*figures) << "\n";
    std::cout << "operations with an exact twin in another network: " << format_percent(figures->twins, 0) << "\n";
    for (const auto& [device, right, recorded] : figures->rules) {
      std::cout << device << ": kernel class as recorded in " << right << " of " << recorded << " rows\n";
    }
  }
  if (!options.output.json.empty()) {
    if (auto ok = write_json(options.output.json, to_json(*figures)); !ok) return refuse(console, ok.error());
  }
  if (!options.html.empty()) {
    if (auto ok = write_page(options.html, *figures); !ok) return refuse(console, ok.error());
  }
  return kOk;
}

}  // namespace

void add_bench_mobile(CLI::App& bench, Context& context) {
  auto* command = bench.add_subcommand(
      "mobile", "Learn from public measurements of phones (tables of operations and of whole networks)");
  command->footer(
      "DIR holds the CSV files of the mobile data set: tflite_cnn_ops_gpu, tflite_cnn_e2e, torch_cnn_ops_gpu and\n"
      "torch_cnn_e2e (docs/tables.md).");
  auto options = std::make_shared<Options>();
  command->add_option("--data", options->data, "Folder of the tables")->option_text("DIR")->required();
  command->add_option("--maps", options->maps, "Folder of their maps")->option_text("DIR")->default_str("maps/mobile");
  command->add_flag("--quick", options->quick, "Fewer devices and draws");
  command->add_option("--html", options->html, "Page with a plot of forecast against truth per target")
      ->option_text("FILE");
  add_output_options(*command, options->output, false);
  command->callback(
      [options, &context] { context.action = [options, &context] { return run(*options, context.console); }; });
}

}  // namespace latcast::cli
