#include "render/forecast_output.h"

#include <algorithm>
#include <sstream>

#include "options.h"

namespace latcast::cli {
namespace {

using session::ForecastAnswer;
using session::Forecasts;

double share_of(const ExecutedModule& module, const ModelForecast& network) {
  const double total = network.total.quiet.count();
  return total > 0 ? module.forecast.latency.count() / total : 0.0;
}

/// The operator where no type covers it.
const std::string& type_of(const ExecutedModule& module) { return module.type.empty() ? module.op : module.type; }

/// Calls visit(model, network) for every network that could be forecast.
template <class Visit>
void for_networks(const Forecasts& forecasts, const Visit& visit) {
  for (const ForecastAnswer& answer : forecasts.answers) {
    if (answer.network) visit(answer.model, *answer.network);
  }
}

std::string list(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : ", ") + printable(name);
  return text;
}

/// "3 modules are unknown (STFT x3): ...", or nothing.
std::string unknown_line(const std::string& model, const ModelForecast& network) {
  if (network.unknown.empty()) return {};
  std::size_t modules = 0;
  Nanos upper{0}, latency{0};
  std::string names;
  for (const UnknownOperator& one : network.unknown) {
    modules += one.modules;
    upper += one.upper;
    latency += one.latency;
    names += (names.empty() ? "" : ", ") + printable(one.op) + " x" + std::to_string(one.modules);
  }
  const double share = upper / (network.total.quiet - latency + upper);
  return printable(model) + ": " + std::to_string(modules) + (modules == 1 ? " module is" : " modules are") +
         " unknown (" + names + "): may be " + (share > 0.5 ? "most of the time, " : "") + "up to " +
         format_percent(share, share < 0.1 ? 1 : 0) + " of it; add a module type, or measure ('latcast measure')\n";
}

/// Operators that no type describes may multiply as well.
bool counts_all_macs(const ModelForecast& network) {
  return std::ranges::none_of(network.modules,
                              [](const ExecutedModule& one) { return one.type.empty() && one.forecast.macs == 0; });
}

std::string network_table(const Forecasts& forecasts) {
  double level = 0;
  for_networks(forecasts, [&](const std::string&, const ModelForecast& one) { level = one.total.level; });
  Table table({"model", "forecast", format_percent(level, 0) + " interval", "coverage", "MACs", "modules"});
  for_networks(forecasts, [&](const std::string& model, const ModelForecast& one) {
    const NetworkForecast& total = one.total;
    table.add({model, format_time(total.quiet.count()),
               format_time(total.lower.count()) + " .. " + format_time(total.upper.count()),
               format_percent(total.time_share), (counts_all_macs(one) ? "" : ">= ") + format_count(total.macs),
               std::to_string(one.modules.size())});
  });
  return table.text();
}

std::string module_table(const ModelForecast& network, bool listed) {
  std::vector<std::string> header = {"module", "kernel", "latency", "share", "status"};
  header.insert(listed ? header.begin() : header.end(), listed ? "line" : "stands for");
  Table table(std::move(header));
  for (const ExecutedModule& one : network.modules) {
    const std::string kernel = one.kernel.empty() ? "-" : one.kernel;
    std::vector<std::string> row = {type_of(one), kernel, format_time(one.forecast.latency.count()),
                                    format_percent(share_of(one, network)),
                                    std::string(to_string(one.forecast.status))};
    if (listed) {
      row.insert(row.begin(), std::to_string(one.line));
    } else {
      std::string nodes = one.nodes.empty() ? "-" : one.nodes.front();
      if (one.nodes.size() > 1) nodes += " (+" + std::to_string(one.nodes.size() - 1) + ")";
      row.push_back(std::move(nodes));
    }
    table.add(std::move(row));
  }
  return table.text();
}

std::string target_line(const Forecasts& forecasts) {
  const Target& target = forecasts.target;
  if (forecasts.listed()) {
    return "target: " + target.name + " (" + target.engine + " " + target.engine_version + ", " +
           std::string(find_value(target.settings, "statistic")) + " latency)\n";
  }
  return "target: " + target.name + "; anchored " + format_age(forecasts.anchor_age_s) + " ago" +
         (forecasts.anchor_age_s > 6 * 3600 ? " (machines drift: 'latcast recalibrate' takes 15 s)" : "") +
         "; executed graph by " + forecasts.graph + "\n";
}

Json json_module(const ExecutedModule& one, const ModelForecast& network, std::size_t index) {
  Json json = {{"index", index}, {"type", type_of(one)}, {"kernel", nullptr}};
  if (!one.kernel.empty()) json["kernel"] = one.kernel;
  if (one.line > 0) {
    json["line"] = one.line;
  } else {
    json["op"] = one.op;
    json["nodes"] = one.nodes;
  }
  json["latency_ns"] = one.forecast.latency.count();
  json["lower_ns"] = one.forecast.lower.count();
  json["upper_ns"] = one.forecast.upper.count();
  json["share"] = share_of(one, network);
  json["status"] = to_string(one.forecast.status);
  json["parameters"] = Json::object();
  for (const auto& [name, value] : one.parameters) json["parameters"][name] = json_number(value);
  if (!one.reason.empty()) json["reason"] = one.reason;
  return json;
}

Json json_coverage(const ModelForecast& network) {
  Json json = {{"time_share", network.total.time_share},
               {"modules", network.modules.size()},
               {"unknown", Json::array()},
               {"unknown_modules", Json::array()},
               {"extrapolated", network.extrapolated}};
  for (const UnknownOperator& one : network.unknown) {
    json["unknown"].push_back(one.op);
    json["unknown_modules"].push_back({{"op", one.op},
                                       {"modules", one.modules},
                                       {"latency_ns", one.latency.count()},
                                       {"upper_ns", one.upper.count()}});
  }
  return json;
}

Json json_answer(const ForecastAnswer& answer, bool modules, bool listed) {
  if (!answer.network) return {{"model", answer.model}, {"error", json_error(answer.network.error())}};
  const ModelForecast& network = *answer.network;
  const NetworkForecast& total = network.total;
  Json json = {{"model", answer.model},
               {"conditions", json_pairs(answer.conditions)},
               {"latency_ns", json_forecast(total)},
               {"coverage", json_coverage(network)},
               {"cost", {{"macs", total.macs}, {"macs_partial", !counts_all_macs(network)}}}};
  if (!listed) {
    json["cost"]["parameters"] = network.parameters;
    json["cost"]["weight_bytes"] = network.weight_bytes;
  }
  if (!modules) return json;
  json["modules"] = Json::array();
  for (std::size_t i = 0; i < network.modules.size(); ++i) {
    json["modules"].push_back(json_module(network.modules[i], network, i));
  }
  return json;
}

}  // namespace

std::string forecast_text(const Forecasts& forecasts, bool modules) {
  const auto answered = [](const ForecastAnswer& answer) { return answer.network.has_value(); };
  if (std::ranges::none_of(forecasts.answers, answered)) return "";  // each model has had its error
  std::string text;
  for_networks(forecasts,
               [&](const std::string& model, const ModelForecast& one) { text += unknown_line(model, one); });
  text += network_table(forecasts);
  for_networks(forecasts, [&](const std::string& model, const ModelForecast& one) {
    if (!one.extrapolated.empty())
      text += printable(model) + ": outside the measured range: " + list(one.extrapolated) + "\n";
    if (modules) text += module_table(one, forecasts.listed());
  });
  return text + target_line(forecasts);
}

Json forecast_json(const Forecasts& forecasts, bool modules) {
  Json json = json_head();
  json["target"] = json_target(forecasts.target);
  if (!forecasts.listed()) json["anchor_age_s"] = forecasts.anchor_age_s;
  json["graph"] = forecasts.graph;
  json["predictions"] = Json::array();
  for (const ForecastAnswer& answer : forecasts.answers) {
    json["predictions"].push_back(json_answer(answer, modules, forecasts.listed()));
  }
  return json;
}

std::string forecast_csv(const Forecasts& forecasts, bool modules) {
  std::ostringstream text;
  text.precision(17);
  if (modules && forecasts.listed()) {
    text << "model,line,type,kernel,latency_ns,lower_ns,upper_ns,status\n";
    for_networks(forecasts, [&](const std::string& model, const ModelForecast& network) {
      for (const ExecutedModule& one : network.modules) {
        text << csv_field(model) << ',' << one.line << ',' << one.type << ',' << (one.kernel.empty() ? "-" : one.kernel)
             << ',' << one.forecast.latency.count() << ',' << one.forecast.lower.count() << ','
             << one.forecast.upper.count() << ',' << to_string(one.forecast.status) << '\n';
      }
    });
    return text.str();
  }
  text << "model,quiet_ns,lower_ns,upper_ns,coverage_time_share\n";
  for (const ForecastAnswer& answer : forecasts.answers) {
    text << csv_field(answer.model);
    if (answer.network) {
      const NetworkForecast& total = answer.network->total;
      text << ',' << total.quiet.count() << ',' << total.lower.count() << ',' << total.upper.count() << ','
           << total.time_share << '\n';
    } else {
      text << ",,,,\n";
    }
  }
  return text.str();
}

int judge(const Forecasts& forecasts, const Limits& limits, Console& console) {
  int code = kOk;
  for (const ForecastAnswer& answer : forecasts.answers) {
    if (answer.network) continue;
    console.error(answer.network.error().context);
    code = std::max(code, exit_code(answer.network.error().code));
  }
  if (code != kOk) return code;
  for_networks(forecasts, [&](const std::string& model, const ModelForecast& one) {
    const NetworkForecast& total = one.total;
    if (limits.max_latency_ns > 0 && total.quiet.count() > limits.max_latency_ns) {
      console.error(model + ": forecast " + format_time(total.quiet.count()) + " is above --max-latency " +
                    format_time(limits.max_latency_ns));
      code = kConditionNotMet;
    }
    if (limits.no_unknown && !one.unknown.empty()) {
      std::string names;
      for (const UnknownOperator& unknown : one.unknown) names += (names.empty() ? "" : ", ") + unknown.op;
      console.error(model + ": --no-unknown, and no model covers " + names);
      code = kConditionNotMet;
    }
    if (total.time_share < limits.min_coverage) {
      console.error(model + ": coverage " + format_percent(total.time_share) + " is below --min-coverage " +
                    format_percent(limits.min_coverage));
      code = kConditionNotMet;
    }
  });
  return code;
}

}  // namespace latcast::cli
