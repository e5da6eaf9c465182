// latcast bench coverage: what of networks the catalogue and a pack do not cover.
#include "experiments/coverage.h"

#include <algorithm>

#include "commands.h"
#include "forecast_options.h"
#include "render/json_output.h"

namespace latcast::cli {
namespace {

int run(const ForecastOptions& given, Console& console) {
  ForecastOptions options = given;
  auto forecaster = open_forecaster(options, console);
  if (!forecaster) return refuse(console, forecaster.error());
  const experiments::CoverageReport report =
      experiments::check_coverage(options.models, options.dims, *forecaster, console);
  console.clear_progress();
  int code = kOk;
  for (const Error& error : report.failures) code = std::max(code, refuse(console, error));
  Json list = Json::array();
  Table table({"module", "networks", "nodes", "share of time", "why"});
  for (const experiments::Uncovered& one : report.uncovered) {
    table.add({one.module, std::to_string(one.networks), std::to_string(one.nodes), format_percent(one.time_share, 3),
               one.why.empty() ? "outside the measured range" : one.why});
    list.push_back({{"module", one.module},
                    {"networks", one.networks},
                    {"nodes", one.nodes},
                    {"time_share", one.time_share},
                    {"reason", one.why}});
  }
  Json json = json_head();
  json["networks"] = report.networks;
  json["coverage_below_95_percent"] = report.below;
  json["uncovered"] = std::move(list);
  return write_results(console, options.output,
                       (report.uncovered.empty() ? "" : table.text()) + std::to_string(report.networks) +
                           " networks; coverage below 95 %: " + std::to_string(report.below) + "\n",
                       json, code);
}

}  // namespace

void add_bench_coverage(Command bench, Context& context) {
  const Command command = bench.subcommand("coverage", "What of these networks is not covered by a pack");
  auto options = std::make_shared<ForecastOptions>();
  add_forecast_options(command, *options, false);
  on_chosen(command, context, options, run);
}

}  // namespace latcast::cli
