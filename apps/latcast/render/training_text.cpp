#include "render/training_text.h"

#include <sys/resource.h>

#include <algorithm>
#include <sstream>

#include "console.h"

namespace latcast::cli {
namespace {

using session::TrainingReport;

std::string count(std::size_t number, const char* what) {
  const bool sibilant = std::string_view(what).ends_with('s');
  return std::to_string(number) + " " + what + (number == 1 ? "" : sibilant ? "es" : "s");
}

std::string learnt(const learn::MeasurementReport& data, const TrainingSummary& training) {
  std::ostringstream text;
  text << data.networks << " " << data.unit;
  if (data.totals < data.networks) text << ", " << data.totals << " with an end-to-end latency";
  text << "; " << count(data.modules, "module");
  if (data.measured < data.modules) text << ", " << data.measured << " measured";
  const double noise = data.noise > 0 ? data.noise : training.noise_floor;
  if (noise > 0) text << "; noise floor " << format_percent(noise);
  text << "\n";
  return text.str();
}

/// The families that come out worst when left out of training.
std::string worst_families(std::vector<FamilyLoss> families) {
  constexpr std::size_t kShown = 3;
  std::ranges::stable_sort(families, std::ranges::greater(), &FamilyLoss::error);
  std::string text;
  for (std::size_t i = 0; i < std::min(kShown, families.size()); ++i) {
    text += (i > 0 ? ", " : "") + families[i].name + " " + format_percent(families[i].error);
  }
  return text;
}

std::string quality(const TrainingSummary& training, const std::string& unit) {
  if (training.families.empty()) {
    return "no network could be judged: the sum of modules is not calibrated, and its error is unknown\n";
  }
  double error = 0, networks = 0;
  for (const FamilyLoss& family : training.families) {
    error += family.error * family.networks;
    networks += family.networks;
  }
  return unit + ", out of fold: MAPE " + format_percent(training.error) + "; held-out families: MAPE " +
         format_percent(error / networks) + " (worst: " + worst_families(training.families) + ")\n";
}

/// Operators without a module type; those that hardly take time are only counted.
std::string not_covered(const std::vector<std::pair<std::string, double>>& operators) {
  constexpr double kWorthALine = 1e-4;  // share of the time
  std::string named;
  std::size_t small = 0;
  for (const auto& [op, share] : operators) {
    if (share < kWorthALine) {
      ++small;
    } else {
      named += (named.empty() ? "" : ", ") + op + " " + format_percent(share, 2);
    }
  }
  if (named.empty() && small == 0) return "";
  std::string text = "no module type for " + (named.empty() ? count(small, "operator") : named + " of the time");
  if (!named.empty() && small > 0) text += ", and " + count(small, "operator") + " below 0.01 % each";
  return text + ": a TOML file adds one (docs/adding-a-module-type.md)\n";
}

std::string scarce(const TrainingReport& report) {
  constexpr std::size_t kShown = 6;
  if (report.scarce.empty()) return "";
  std::string named;
  for (std::size_t i = 0; i < std::min(kShown, report.scarce.size()); ++i) {
    named += (i > 0 ? ", " : "") + report.scarce[i].kernel_class + " " + std::to_string(report.scarce[i].samples);
  }
  if (report.scarce.size() > kShown) named += ", ...";
  return count(report.scarce.size(), "kernel class") +
         " with too few samples to choose a model; the physical base answers (" + named + "): " +
         (report.data.unit == "carriers" ? "more --budget for 'latcast profile', or --like a network that has them\n"
                                         : "import more rows of them\n");
}

std::string lacks(const TrainingReport& report) {
  std::string text = not_covered(report.data.unknown_operators) + scarce(report);
  for (const std::string& note : report.data.notes) text += note + "\n";
  for (const std::string& note : report.left_out) text += "model left out: " + note + "\n";
  if (report.dropped > 0) text += count(report.dropped, "sample") + " dropped: not a positive latency\n";
  if (report.outliers > 0) {
    text += count(report.outliers, "sample") + " off by a factor of 5 or more from the models: if they are many, the " +
            "machine was busy, or the catalogue misses a kernel class\n";
  }
  return text;
}

/// What other budgets would give.
std::string front_table(const TrainingReport& report) {
  Table table({"a module takes", "modules' WAPE", "networks' MAPE", "models' bytes", ""});
  const auto add = [&](const learn::Choice& one, const char* note) {
    table.add({format_time(one.module_time_ns), format_percent(one.module_error, 2),
               format_percent(one.network_error, 2), format_bytes(one.form_bytes), note});
  };
  for (const learn::Choice& one : report.front) add(one, "");
  add(report.choice, "chosen");
  return table.text();
}

double peak_memory_bytes() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return 1024.0 * static_cast<double>(usage.ru_maxrss);
}

std::string details(const TrainingReport& report) {
  std::string text;
  for (const std::string& detail : report.data.details) text += detail + "\n";
  if (!report.models.empty()) {
    text += "models chosen:";
    for (const session::ModelUse& one : report.models)
      text += " " + one.model + " " + std::to_string(one.classes) + ",";
    text.back() = '\n';
    text += front_table(report);
  }
  if (report.choice.exchanged > 0) {
    text += "local search exchanged the models of " + count(report.choice.exchanged, "kernel class") + "\n";
  }
  text += report.choice.gap > 0
              ? "the choice is within " + format_percent(report.choice.gap, 2) + " of the best within the budgets\n"
              : "the choice is proven to be the best within the budgets\n";
  if (report.repeated > 0) text += count(report.repeated, "sample") + " repeat another one\n";
  return text + "models took " + format_time(1e9 * report.model_cpu_s) + " of CPU time; peak memory " +
         format_bytes(peak_memory_bytes()) + "\n";
}

/// Where the times of forecasts are from.
std::string timed(const FormCosts& costs) {
  if (costs == kReferenceCosts) return "an estimate from the models' forms for an AVX2 server CPU";
  const auto [least, most] = std::ranges::minmax(costs);
  return "models were timed here (" + format_percent(least, 0) + " to " + format_percent(most, 0) +
         " of the times on an AVX2 server CPU)";
}

}  // namespace

std::string training_text(const session::Trained& trained, bool verbose) {
  const TrainingReport& report = trained.report;
  std::string text = learnt(report.data, trained.content.info.training) +
                     quality(trained.content.info.training, report.data.unit) + lacks(report);
  if (report.choice.module_time_ns > 0) {
    text += "a forecast takes " + format_time(report.choice.module_time_ns) + " a module, " +
            format_time(report.choice.network_time_ns) +
            " a network of the training set, all modules at once: " + timed(report.costs) + "\n";
  }
  if (verbose) text += details(report);
  return text + "trained in " + format_time(1e9 * report.seconds) +
         (verbose ? "" : " (--verbose: models and budgets)") + "\n";
}

}  // namespace latcast::cli
