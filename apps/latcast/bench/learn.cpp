// latcast bench learn: how the regression models, MEDN and the selection compare on a store's measurements.
#include "commands.h"
#include "experiments/statistics.h"
#include "experiments/store_comparison.h"
#include "render/json_output.h"

namespace latcast::cli {
namespace {

using namespace latcast::experiments;
using learn::ModuleMetrics;

struct Options : StoreComparisonOptions {
  OutputOptions output;
};

// ---- For people

std::string percent(double share) { return format_percent(share, 2); }

std::string class_table(const LearnComparison& all, const SplitComparison& split) {
  std::string text;
  for (std::size_t k = 0; k < all.class_names.size(); ++k) {
    if (all.class_samples[k] == 0) continue;
    Table table({all.class_names[k] + ", " + std::to_string(all.class_samples[k]) + " samples", "time-weighted", "MAPE",
                 "median |log|", "R2 of log", "within 5 %", "within 10 %", "time", "bytes", ""});
    for (const ModelColumn& model : split.models) {
      const ModuleMetrics& m = model.classes[k];
      table.add({model.name, percent(m.time_weighted), percent(m.mape), percent(m.median_log), format_percent(m.r2, 1),
                 format_percent(m.within5, 0), format_percent(m.within10, 0), format_time(model.latency_ns[k]),
                 format_bytes(model.bytes[k]), model.failures[k]});
    }
    text += table.text() + "\n";
  }
  return text;
}

std::string model_table(const LearnComparison& all) {
  Table table({"all module types", "time-weighted, by network", "by family", "rows at random", "MAPE", "median |log|",
               "R2 of log", "within 5 %", "within 10 %", "CPU time"});
  for (std::size_t m = 0; m < all.by_network.models.size(); ++m) {
    const ModelColumn& model = all.by_network.models[m];
    table.add({model.name, percent(model.all.time_weighted), percent(all.by_family.models[m].all.time_weighted),
               percent(all.random_rows[m].second), percent(model.all.mape), percent(model.all.median_log),
               format_percent(model.all.r2, 2), format_percent(model.all.within5, 0),
               format_percent(model.all.within10, 0), format_time(1e9 * model.cost_s)});
  }
  return table.text();
}

std::vector<const Combination*> combinations(const SplitComparison& split) {
  return {&split.selection,  &split.joint_only,      &split.best_single,         &split.best_mixture,
          &split.like_joint, &split.quick_selection, &split.unlimited_selection, &split.most_accurate};
}

std::string difference(const PairedDifference& d) {
  return percent(d.mean) + " (" + percent(d.low) + " .. " + percent(d.high) + ")";
}

std::string selection_table(const SplitComparison& split) {
  Table table({"left out by " + split.split, "modules' error", "networks' MAPE", "R2 of log", "a module", "a network",
               "forms", "modules against " + split.joint_only.name, "networks against " + split.joint_only.name});
  for (const Combination* one : combinations(split)) {
    const bool itself = one == &split.joint_only;
    table.add({one->name, percent(one->modules.time_weighted), percent(one->network_mape),
               format_percent(one->modules.r2, 2), format_time(one->module_time_ns), format_time(one->network_time_ns),
               format_bytes(one->pack_bytes),
               itself ? "-" : difference(paired(one->module_error, split.joint_only.module_error)),
               itself ? "-" : difference(paired(one->network_error, split.joint_only.network_error))});
  }
  return table.text();
}

std::string against_paper(const SplitComparison& split) {
  const double accuracy = split.joint_only.modules.time_weighted - split.selection.modules.time_weighted;
  return "selection over " + split.joint_only.name + " for everything: " + percent(accuracy) +
         " points of accuracy, R2 of log " +
         format_percent(split.selection.modules.r2 - split.joint_only.modules.r2, 2) +
         " (the paper reports 2.5 points and 0.39 %)\n";
}

std::string medn_table(const std::vector<MednVariant>& variants) {
  Table table({"network", "samples per class", "time-weighted", "mean class error", "R2 of log", "training"});
  for (const MednVariant& one : variants) {
    table.add({one.name, one.samples_per_class == 0 ? "all" : "<= " + std::to_string(one.samples_per_class),
               percent(one.modules.time_weighted), percent(one.mean_class_error), format_percent(one.modules.r2, 2),
               format_time(1e9 * one.train_s)});
  }
  return table.text();
}

std::string interval_line(const IntervalCheck& check) {
  if (check.networks == 0) return {};
  const Range range = binomial_range(check.held, check.networks);
  return format_percent(check.level, 0) +
         " intervals of networks whose family was left out: " + std::to_string(check.held) + " of " +
         std::to_string(check.networks) + " held (" + format_percent(double(check.held) / check.networks) +
         ", 95 % range " + format_percent(range.low) + " .. " + format_percent(range.high) + "), mean width " +
         format_percent(check.mean_width) + "; modules' " +
         format_percent(double(check.modules_held) / std::max(check.modules, 1)) + " held\n";
}

// ---- For programs

Json metrics_json(const ModuleMetrics& m) {
  return {{"modules", m.modules},
          {"time_weighted", m.time_weighted},
          {"mape", m.mape},
          {"median_log", m.median_log},
          {"r2", m.r2},
          {"within5", m.within5},
          {"within10", m.within10}};
}

Json combination_json(const Combination& one) {
  return {{"accuracy_percent", 100 * (1 - one.modules.time_weighted)},
          {"e2e_accuracy_percent", 100 * (1 - one.network_mape)},
          {"r2", one.modules.r2},
          {"module_time_ns", one.module_time_ns},
          {"network_time_ns", one.network_time_ns},
          {"pack_bytes", one.pack_bytes}};
}

Json difference_json(const PairedDifference& d) { return {{"mean", d.mean}, {"low", d.low}, {"high", d.high}}; }

Json split_json(const SplitComparison& split) {
  Json out;
  out["selection"] = combination_json(split.selection);
  out["medn_only"] = combination_json(split.joint_only);
  out["best_single"] = {{"rm", split.best_single.name}};
  out["best_single"].update(combination_json(split.best_single));
  out["best_mixture"] = {{"rm", split.best_mixture.name}};
  out["best_mixture"].update(combination_json(split.best_mixture));
  out["selection_within_medn_cost"] = combination_json(split.like_joint);
  out["quick_selection"] = combination_json(split.quick_selection);
  out["unlimited_selection"] = combination_json(split.unlimited_selection);
  out["best_per_class"] = combination_json(split.most_accurate);
  out["selection_minus_medn"] = {
      {"modules", difference_json(paired(split.selection.module_error, split.joint_only.module_error))},
      {"networks", difference_json(paired(split.selection.network_error, split.joint_only.network_error))}};
  return out;
}

/// The regression models, or the mixtures of them.
Json models_json(const LearnComparison& all, bool mixtures) {
  Json list = Json::array();
  for (std::size_t m = 0; m < all.by_network.models.size(); ++m) {
    const ModelColumn& model = all.by_network.models[m];
    if (model.mixture != mixtures) continue;
    Json one = {{"name", model.name}, {"cost_s", model.cost_s}};
    one["by_network"] = metrics_json(model.all);
    one["by_family"] = metrics_json(all.by_family.models[m].all);
    one["random_rows"] = {{"time_weighted", all.random_rows[m].second}};
    one["classes"] = Json::array();
    for (std::size_t k = 0; k < all.class_names.size(); ++k) {
      Json own = {{"class", all.class_names[k]}, {"module_time_ns", model.latency_ns[k]}, {"bytes", model.bytes[k]}};
      own.update(metrics_json(model.classes[k]));
      if (!model.failures[k].empty()) own["failure"] = model.failures[k];
      one["classes"].push_back(std::move(own));
    }
    list.push_back(std::move(one));
  }
  return list;
}

Json medn_json(const std::vector<MednVariant>& variants) {
  Json list = Json::array();
  for (const MednVariant& one : variants) {
    Json row = {{"name", one.name},
                {"samples_per_class", one.samples_per_class},
                {"mean_class_error", one.mean_class_error},
                {"train_s", one.train_s}};
    row.update(metrics_json(one.modules));
    list.push_back(std::move(row));
  }
  return list;
}

Json interval_json(const IntervalCheck& check) {
  const Range range = binomial_range(check.held, check.networks);
  return {{"level", check.level},     {"networks", check.networks},
          {"held", check.held},       {"low", range.low},
          {"high", range.high},       {"mean_width", check.mean_width},
          {"modules", check.modules}, {"modules_held", check.modules_held}};
}

int run(const Options& options, Console& console) {
  if (auto ok = check_outputs(options.output); !ok) return refuse(console, ok.error());
  const auto found = compare_on_stores(options, console);
  console.clear_progress();
  if (!found) return refuse(console, found.error());
  const LearnComparison& all = found->models;
  const std::string text =
      class_table(all, all.by_network) + model_table(all) + "\n" + selection_table(all.by_network) +
      against_paper(all.by_network) + "\n" + selection_table(all.by_family) + against_paper(all.by_family) + "\n" +
      (found->medn_missing.empty() ? medn_table(found->medn) : "MEDN was not studied: " + found->medn_missing + "\n") +
      "\n" + interval_line(found->intervals) + "the race took " + format_time(1e9 * all.race_cost_s) +
      " of CPU time on a training side, all models on one fold of it " + format_time(1e9 * all.exhaustive_cost_s) +
      "\ndone in " + format_time(1e9 * found->seconds) + "\n";
  Json json = json_head();
  json["rms"] = models_json(all, false);
  json["mixtures"] = models_json(all, true);
  json.update(split_json(all.by_network));
  json["by_family"] = split_json(all.by_family);
  json["medn"] = medn_json(found->medn);
  json["intervals"] = interval_json(found->intervals);
  json["race_cost_s"] = all.race_cost_s;
  json["seconds"] = found->seconds;
  return write_results(console, options.output, text, json);
}

}  // namespace

void add_bench_learn(Command bench, Context& context) {
  const Command command =
      bench.subcommand("learn", "How the regression models, MEDN and selections of them compare; takes minutes");
  command.footer("Everything is judged on carriers that were left out, by network and by block family.");
  auto options = std::make_shared<Options>();
  command
      .option("--db", "FILE", list(options->stores),
              "Store made by 'latcast profile'; more stores add to the interval check")
      .repeatable()
      .required();
  add_target_option(command, options->target, "stores");
  add_catalogue_option(command, options->catalogue);
  add_output_options(command, options->output, false);
  on_chosen(command, context, options, run);
}

}  // namespace latcast::cli
