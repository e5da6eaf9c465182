// latcast bench coverage: what of networks the catalogue and a pack do not cover.
#include <algorithm>
#include <iostream>
#include <map>

#include "commands.h"
#include "forecast_options.h"
#include "render/json_output.h"

namespace latcast::cli {
namespace {

struct Uncovered {
  std::string why;
  int nodes = 0;
  double time_share = 0;  // sum over networks
  std::map<std::string, int> networks;
};

int run(const ForecastOptions& options, Console& console) {
  const DimBindings dims = bindings(options.dims);
  auto forecaster = open_forecaster(options, console);
  if (!forecaster) return refuse(console, forecaster.error());
  std::map<std::string, Uncovered> uncovered;
  int code = kOk;
  int networks = 0;
  int below = 0;
  for (std::size_t i = 0; i < options.models.size() && !interrupted(); ++i) {
    console.progress(static_cast<double>(i) / static_cast<double>(options.models.size()), options.models[i]);
    const auto forecast = forecaster->forecast(options.models[i], dims);
    if (!forecast) {
      console.error(forecast.error().context);
      code = std::max(code, exit_code(forecast.error().code));
      continue;
    }
    ++networks;
    below += forecast->total.time_share < 0.95 ? 1 : 0;
    for (std::size_t m = 0; m < forecast->modules.size(); ++m) {
      const ModuleForecast& part = forecast->modules[m];
      if (part.status == ForecastStatus::ok) continue;
      const Module& module = forecast->network.modules[m];
      const bool matched = module.match == ModuleMatch::matched;
      const auto pack_type =
          matched ? forecaster->pack().find_type(forecaster->catalogue().types()[module.type].name) : std::nullopt;
      const bool kernel = pack_type && part.kernel != kUnknownKernel;
      std::string name =
          module.op + (kernel ? " (" + std::string(forecaster->pack().kernel_name(*pack_type, part.kernel)) + ")" : "");
      Uncovered& entry = uncovered[name + " " + std::string(to_string(part.status))];
      entry.why = module.reason;
      ++entry.nodes;
      entry.time_share += part.latency / forecast->total.quiet;
      ++entry.networks[options.models[i]];
    }
  }
  console.clear_progress();
  std::vector<std::pair<std::string, Uncovered>> sorted(uncovered.begin(), uncovered.end());
  std::ranges::sort(sorted, std::greater<>(), [](const auto& entry) { return entry.second.time_share; });
  Json list = Json::array();
  Table table({"module", "networks", "nodes", "share of time", "why"});
  for (const auto& [name, entry] : sorted) {
    const double share = entry.time_share / std::max(networks, 1);
    table.add({name, std::to_string(entry.networks.size()), std::to_string(entry.nodes), format_percent(share, 3),
               entry.why.empty() ? "outside the measured range" : entry.why});
    list.push_back({{"module", name},
                    {"networks", entry.networks.size()},
                    {"nodes", entry.nodes},
                    {"time_share", share},
                    {"reason", entry.why}});
  }
  if (!options.output.machine_readable_on_stdout()) {
    if (!sorted.empty()) std::cout << table.text();
    std::cout << networks << " networks; coverage below 95 %: " << below << "\n";
  }
  if (!options.output.json.empty()) {
    Json json = json_head();
    json["networks"] = networks;
    json["coverage_below_95_percent"] = below;
    json["uncovered"] = std::move(list);
    if (auto ok = write_json(options.output.json, json); !ok) return refuse(console, ok.error());
  }
  return code;
}

}  // namespace

void add_bench_coverage(CLI::App& bench, Context& context) {
  auto* command = bench.add_subcommand("coverage", "What of these networks is not covered by a pack");
  auto options = std::make_shared<ForecastOptions>();
  add_forecast_options(*command, *options, false);
  command->callback(
      [options, &context] { context.action = [options, &context] { return run(*options, context.console); }; });
}

}  // namespace latcast::cli
