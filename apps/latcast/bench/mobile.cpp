// latcast bench mobile: public phone data, forecast as a user would.
#include <algorithm>
#include <cmath>
#include <map>

#include "commands.h"
#include "experiments/mobile/benchmark.h"
#include "render/json_output.h"
#include "render/scatter_page.h"

namespace latcast::cli {
namespace {

using namespace latcast::experiments;

struct Options : MobileOptions {
  std::string html;
  OutputOptions output;
};

std::string percent(double share) { return std::isfinite(share) ? format_percent(share, 2) : "-"; }

/// One line per protocol: means over targets.
std::string summary_table(const MobileFigures& figures) {
  Table table(
      {"protocol, MAPE, mean over targets", "targets", "ours", "lasso", "MLP", "random forest", "boosted trees"});
  std::map<std::string, std::size_t> targets;
  for (const Figure& one : figures.all) targets[one.protocol] += one.method == "ours" ? 1 : 0;
  for (const auto& [protocol, count] : targets) {
    table.add({protocol, std::to_string(count), percent(figures.mean(protocol, "ours")),
               percent(figures.mean(protocol, "lasso")), percent(figures.mean(protocol, "mlp")),
               percent(figures.mean(protocol, "forest")), percent(figures.mean(protocol, "gbdt"))});
  }
  return table.text();
}

std::string target_table(const MobileFigures& figures) {
  Table table({"protocol", "target", "method", "MAPE", "spread over draws", "networks"});
  for (const Figure& one : figures.all) {
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
  json["operations_with_a_twin_in_another_network"] = figures.twins;
  json["kernel_rules"] = Json::array();
  for (const RuleCheck& one : figures.rules) {
    json["kernel_rules"].push_back(
        {{"target", one.target}, {"as_recorded", one.as_recorded}, {"recorded", one.recorded}});
  }
  return json;
}

ScatterPanel panel(const ForecastPlot& plot) {
  ScatterPanel out{plot.target, {}};
  for (const ForecastNetwork& one : plot.networks) {
    out.points.push_back({one.name, one.family, one.truth_ns, one.forecast_ns, one.lower_ns, one.upper_ns});
  }
  return out;
}

Result<void> write_page(const std::string& file, const MobileFigures& figures) {
  ScatterPage page;
  page.title = "Forecast against truth: phones";
  page.summary = "Networks that training did not see; each panel is one target.";
  for (const ForecastPlot& plot : figures.plots) {
    if (page.groups.empty() || page.groups.back().title != plot.protocol)
      page.groups.push_back({plot.protocol, "", {}});
    page.groups.back().panels.push_back(panel(plot));
  }
  return write_output(file, scatter_page(page));
}

int run(const Options& options, Console& console) {
  if (auto ok = check_outputs(options.output); !ok) return refuse(console, ok.error());
  if (auto ok = check_output(options.html); !ok) return refuse(console, ok.error());
  const auto figures = run_mobile_benchmark(options, console);
  console.clear_progress();
  if (!figures) return refuse(console, figures.error());
  std::string text = target_table(*figures) + "\n" + summary_table(*figures) +
                     "\noperations with an exact twin in another network: " + format_percent(figures->twins, 0) + "\n";
  for (const RuleCheck& one : figures->rules) {
    text += one.target + ": kernel class as recorded in " + std::to_string(one.as_recorded) + " of " +
            std::to_string(one.recorded) + " rows\n";
  }
  if (!options.html.empty()) {
    if (auto ok = write_page(options.html, *figures); !ok) return refuse(console, ok.error());
  }
  return write_results(console, options.output, text, to_json(*figures));
}

}  // namespace

void add_bench_mobile(Command bench, Context& context) {
  const Command command = bench.subcommand(
      "mobile", "Learn from public measurements of phones (tables of operations and of whole networks)");
  command.footer(
      "DIR holds the CSV files of the mobile data set: tflite_cnn_ops_gpu, tflite_cnn_e2e, torch_cnn_ops_gpu and\n"
      "torch_cnn_e2e (docs/tables.md).");
  auto options = std::make_shared<Options>();
  options->maps = LATCAST_MAPS;
  command.option("--data", "DIR", options->data, "Folder of the tables").required();
  command.option("--maps", "DIR", options->maps, "Folder of their maps").by_default("maps/mobile");
  command.flag("--quick", options->quick, "Fewer devices and draws");
  command.option("--only", "TEXT", options->only, "Only protocols that have this in their names, such as 'at random'");
  command.option("--html", "FILE", options->html, "Page with a plot of forecast against truth per target");
  add_output_options(command, options->output, false);
  on_chosen(command, context, options, run);
}

}  // namespace latcast::cli
