// latcast predict: forecasts without running anything.
#include <algorithm>
#include <iostream>

#include "commands.h"
#include "forecaster.h"
#include "render/json_output.h"
#include "table_prediction.h"

namespace latcast::cli {
namespace {

struct Options : ForecastOptions {
  std::string table, map, proxy, known, known_map;
  bool modules = false;
  double max_latency_ns = 0;
  double min_coverage = 0;
};

struct Answer {
  std::string path;
  Result<Forecast> forecast = fail(Errc::interrupted, "not reached");
};

Json json_modules(const Forecast& forecast, const Forecaster& forecaster) {
  Json modules = Json::array();
  for (std::size_t i = 0; i < forecast.modules.size(); ++i) {
    const Module& module = forecast.network.modules[i];
    const ModuleForecast& part = forecast.modules[i];
    const bool matched = module.match == ModuleMatch::matched;
    const ModuleType* type = matched ? &forecaster.catalogue().types()[module.type] : nullptr;
    const auto pack_type = matched ? forecaster.pack().find_type(type->name) : std::nullopt;
    Json parameters = Json::object();
    for (std::size_t p = 0; matched && p < type->parameters.size(); ++p)
      parameters[type->parameters[p].name] = json_number(module.parameters[p]);
    Json json = {
        {"index", i},
        {"type", matched ? type->name : module.op},
        {"kernel", nullptr},
        {"op", module.op},
        {"nodes", module.nodes},
        {"latency_ns", part.latency.count()},
        {"lower_ns", part.lower.count()},
        {"upper_ns", part.upper.count()},
        {"share", forecast.total.quiet.count() > 0 ? part.latency.count() / forecast.total.quiet.count() : 0.0},
        {"status", to_string(part.status)},
        {"parameters", std::move(parameters)}};
    if (pack_type && part.kernel != kUnknownKernel)
      json["kernel"] = forecaster.pack().kernel_name(*pack_type, part.kernel);
    if (!module.reason.empty()) json["reason"] = module.reason;
    modules.push_back(std::move(json));
  }
  return modules;
}

Json json_answer(const Answer& answer, const Forecaster& forecaster, bool with_modules) {
  if (!answer.forecast) return {{"model", answer.path}, {"error", json_error(answer.forecast.error())}};
  const Forecast& forecast = *answer.forecast;
  const NetworkForecast& total = forecast.total;
  Json json = {
      {"model", answer.path},
      {"latency_ns",
       {{"quiet", total.quiet.count()},
        {"lower", total.lower.count()},
        {"upper", total.upper.count()},
        {"level", total.level}}},
      {"coverage",
       {{"time_share", total.time_share},
        {"modules", forecast.modules.size()},
        {"unknown", forecast.unknown},
        {"extrapolated", forecast.extrapolated}}},
      {"cost", {{"macs", total.macs}, {"parameters", forecast.parameters}, {"weight_bytes", forecast.weight_bytes}}}};
  if (with_modules) json["modules"] = json_modules(forecast, forecaster);
  return json;
}

std::string csv(const std::vector<Answer>& answers) {
  std::ostringstream text;
  text.precision(17);
  text << "model,quiet_ns,lower_ns,upper_ns,coverage_time_share\n";
  for (const Answer& answer : answers) {
    text << csv_field(answer.path);
    if (answer.forecast) {
      const NetworkForecast& total = answer.forecast->total;
      text << ',' << total.quiet.count() << ',' << total.lower.count() << ',' << total.upper.count() << ','
           << total.time_share << '\n';
    } else {
      text << ",,,,\n";
    }
  }
  return text.str();
}

void print_modules(const Forecast& forecast, const Forecaster& forecaster) {
  Table table({"module", "kernel", "latency", "share", "status", "stands for"});
  for (std::size_t i = 0; i < forecast.modules.size(); ++i) {
    const Module& module = forecast.network.modules[i];
    const ModuleForecast& part = forecast.modules[i];
    const bool matched = module.match == ModuleMatch::matched;
    const std::string type = matched ? forecaster.catalogue().types()[module.type].name : module.op;
    const auto pack_type = matched ? forecaster.pack().find_type(type) : std::nullopt;
    const bool kernel = pack_type && part.kernel != kUnknownKernel;
    std::string nodes = module.nodes.empty() ? "-" : module.nodes.front();
    if (module.nodes.size() > 1) nodes += " (+" + std::to_string(module.nodes.size() - 1) + ")";
    table.add({type, kernel ? std::string(forecaster.pack().kernel_name(*pack_type, part.kernel)) : "-",
               format_time(part.latency.count()), format_percent(part.latency / forecast.total.quiet),
               std::string(to_string(part.status)), nodes});
  }
  std::cout << table.text();
}

std::string list(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : ", ") + name;
  return text;
}

void print(const std::vector<Answer>& answers, const Forecaster& forecaster, const Options& options) {
  const auto answered = std::ranges::find_if(answers, [](const Answer& answer) { return answer.forecast.has_value(); });
  if (answered == answers.end()) return;  // each model has had its error
  Table table({"model", "forecast", format_percent(answered->forecast->total.level, 0) + " interval", "coverage",
               "MACs", "modules"});
  for (const Answer& answer : answers) {
    if (!answer.forecast) continue;
    const Forecast& forecast = *answer.forecast;
    const NetworkForecast& total = forecast.total;
    table.add({answer.path, format_time(total.quiet.count()),
               format_time(total.lower.count()) + " .. " + format_time(total.upper.count()),
               format_percent(total.time_share), format_count(total.macs), std::to_string(forecast.modules.size())});
  }
  std::cout << table.text();
  for (const Answer& answer : answers) {
    if (!answer.forecast) continue;
    const Forecast& forecast = *answer.forecast;
    if (!forecast.unknown.empty())
      std::cout << answer.path << ": no model for " << list(forecast.unknown) << " (estimated from bytes and MACs)\n";
    if (!forecast.extrapolated.empty())
      std::cout << answer.path << ": outside the measured range: " << list(forecast.extrapolated) << "\n";
    if (options.modules) print_modules(forecast, forecaster);
  }
  const double age = forecaster.predictor().anchor_age_s();
  std::cout << "target: " << forecaster.pack().target().name << "; anchored " << format_age(age) << " ago"
            << (age > 6 * 3600 ? " (machines drift: 'latcast recalibrate' takes 15 s)" : "") << "; executed graph by "
            << forecaster.graph_source() << "\n";
}

/// The worst of what was asked and found.
int judge(const std::vector<Answer>& answers, const Options& options, Console& console) {
  int code = kOk;
  for (const Answer& answer : answers) {
    if (!answer.forecast) {
      console.error(answer.forecast.error().context);
      code = std::max(code == kConditionNotMet ? 0 : code, exit_code(answer.forecast.error().code));
    }
  }
  if (code != kOk) return code;
  for (const Answer& answer : answers) {
    const NetworkForecast& total = answer.forecast->total;
    if (options.max_latency_ns > 0 && total.quiet.count() > options.max_latency_ns) {
      console.error(answer.path + ": forecast " + format_time(total.quiet.count()) + " is above --max-latency " +
                    format_time(options.max_latency_ns));
      code = kConditionNotMet;
    }
    if (total.time_share < options.min_coverage) {
      console.error(answer.path + ": coverage " + format_percent(total.time_share) + " is below --min-coverage " +
                    format_percent(options.min_coverage));
      code = kConditionNotMet;
    }
  }
  return code;
}

/// Networks come as ONNX files or as a table with its map.
Result<void> check_inputs(const Options& options) {
  if (options.table.empty() && !options.map.empty())
    return fail(Errc::invalid_input, "--map describes a --table, which is missing");
  if (!options.table.empty() && options.map.empty())
    return fail(Errc::invalid_input, "--table needs a --map that says what its columns are");
  if (!options.table.empty() && !options.models.empty())
    return fail(Errc::invalid_input, "give either ONNX files or a --table, not both");
  if (options.table.empty() && options.models.empty())
    return fail(Errc::invalid_input, "give ONNX files, or a --table with its --map");
  if (options.table.empty() && !options.proxy.empty())
    return fail(Errc::invalid_input, "--proxy and --known are for networks that are given as a --table");
  return {};
}

int run(const Options& options, Console& console) {
  if (auto ok = check_inputs(options); !ok) {
    console.error(ok.error().context);
    return kUsage;
  }
  if (!options.table.empty()) {
    return predict_table({.table = options.table,
                          .map = options.map,
                          .pack = options.pack,
                          .proxy = options.proxy,
                          .known = options.known,
                          .known_map = options.known_map,
                          .modules = options.modules,
                          .max_latency_ns = options.max_latency_ns,
                          .min_coverage = options.min_coverage,
                          .output = options.output},
                         console);
  }
  const DimBindings dims = bindings(options.dims);
  auto forecaster = open_forecaster(options, console);
  if (!forecaster) return refuse(console, forecaster.error());
  std::vector<Answer> answers;
  for (const std::string& model : options.models) {
    if (interrupted()) return kInterrupted;
    console.progress(static_cast<double>(answers.size()) / static_cast<double>(options.models.size()), model);
    answers.push_back({model, forecaster->forecast(model, dims)});
  }
  console.clear_progress();
  if (!options.output.machine_readable_on_stdout()) print(answers, *forecaster, options);
  if (!options.output.json.empty()) {
    Json json = json_head();
    json["target"] = json_target(forecaster->pack().target());
    json["anchor_age_s"] = forecaster->predictor().anchor_age_s();
    json["graph"] = forecaster->graph_source();
    json["predictions"] = Json::array();
    for (const Answer& answer : answers)
      json["predictions"].push_back(json_answer(answer, *forecaster, options.modules));
    if (auto ok = write_json(options.output.json, json); !ok) return refuse(console, ok.error());
  }
  if (!options.output.csv.empty()) {
    if (auto ok = write_output(options.output.csv, csv(answers)); !ok) return refuse(console, ok.error());
  }
  return judge(answers, options, console);
}

}  // namespace

void add_predict(CLI::App& app, Context& context) {
  auto* command = app.add_subcommand("predict", "Forecast how long networks take, without running them");
  auto options = std::make_shared<Options>();
  add_forecast_options(*command, *options, true);
  command->get_option("MODEL")->required(false);
  command->add_option("--table", options->table, "Networks as a CSV table of operations, instead of ONNX files")
      ->option_text("FILE");
  command->add_option("--map", options->map, "What the table's columns are, as for 'latcast import'")
      ->option_text("FILE");
  auto* proxy = command
                    ->add_option("--proxy", options->proxy,
                                 "For packs trained with --proxy-known: the pack of the proxy, the same as in training")
                    ->option_text("PACK");
  auto* known = command
                    ->add_option("--known", options->known,
                                 "The networks' latencies on the proxy's target, as a CSV table of networks")
                    ->option_text("FILE");
  auto* known_map =
      command->add_option("--known-map", options->known_map, "What that table's columns are")->option_text("FILE");
  proxy->needs(known);
  known->needs(proxy)->needs(known_map);
  known_map->needs(known);
  command->add_flag("--modules", options->modules, "Break the forecast down by executed module");
  command
      ->add_option("--max-latency", options->max_latency_ns,
                   "Exit with 3 where the forecast (not its upper bound) is above this")
      ->option_text("TIME")
      ->transform(duration_option());
  command
      ->add_option("--min-coverage", options->min_coverage,
                   "Exit with 3 where a smaller share of the forecast rests on models within their range")
      ->option_text("SHARE")
      ->transform(share_option());
  command->callback(
      [options, &context] { context.action = [options, &context] { return run(*options, context.console); }; });
}

}  // namespace latcast::cli
