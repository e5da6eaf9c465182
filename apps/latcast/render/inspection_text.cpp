#include "render/inspection_text.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <map>

#include "console.h"

namespace latcast::cli {
namespace {

std::string show(const session::CampaignContents& campaign) {
  const CampaignRecord& record = campaign.record;
  std::string text = "  campaign " + std::to_string(record.id) + ": " + format_date(record.started_unix_s) + ", " +
                     record.status + ", seed " + std::to_string(record.seed) + ", " + format_time(record.spent_ns) +
                     " of " + format_time(record.budget_ns) + ", " + std::to_string(campaign.carriers) +
                     " carriers of " + std::to_string(campaign.families) + " families, " +
                     std::to_string(campaign.measurements) + " measurements\n";
  for (const auto& [key, value] : record.context)
    text.append("    ").append(key).append(" = ").append(value).append("\n");
  for (const auto& [message, count] : campaign.failures)
    text += "    failed " + std::to_string(count) + "x: " + message + "\n";
  return text;
}

std::string show(const std::string& file, const session::StoreContents& store) {
  std::string text = "store " + file + "\n";
  for (const auto& target : store.targets) {
    const TargetRecord& record = target.record;
    text += "\ntarget " + target.name + "\n  device " + record.device + "\n";
    if (!record.cpu_features.empty()) text += "  CPU features " + record.cpu_features + "\n";
    text += "  engine " + record.engine + " " + record.engine_version +
            (record.library.empty() ? "" : " (" + record.library + ")") + "\n";
    for (const auto& [key, value] : record.settings)
      text.append("  ").append(key).append(" = ").append(value).append("\n");
    for (const session::CampaignContents& campaign : target.campaigns) text += show(campaign);
    const TargetContents& contents = target.contents;
    if (contents.operations > 0)
      text += "  " + std::to_string(contents.operations) + " operations of " +
              std::to_string(contents.operation_networks) + " networks\n";
    if (contents.totals > 0) text += "  totals of " + std::to_string(contents.totals) + " networks\n";
  }
  for (const ImportRecord& import : store.imports) {
    text += "\nimport " + import.name + " of " + import.file + ", " + format_date(import.imported_unix_s) +
            ", a row is " + (import.kind == "networks" ? "a network" : "an operation") + "\n ";
    for (const auto& [what, count] : import.counts) text += " " + std::to_string(count) + " " + what + ",";
    text.back() = '\n';
  }
  return text;
}

std::string format_factor(double factor) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.2f", factor);
  return text.data();
}

std::string format_signed(double ns) { return (ns < 0 ? "-" : "+") + format_time(std::abs(ns)); }

const CandidateScore* chosen_score(const KernelModel& kernel) {
  const auto found = std::ranges::find(kernel.candidates, kernel.model, &CandidateScore::name);
  return found == kernel.candidates.end() ? nullptr : &*found;
}

/// Those that were not chosen: first those that finished, with what they would have cost, then the others by reason.
std::string show_losers(const KernelModel& kernel) {
  std::string finished;
  std::map<std::string, std::string> by_reason;
  for (const CandidateScore& one : kernel.candidates) {
    if (one.name == kernel.model) continue;
    if (one.note.empty()) {
      finished += (finished.empty() ? "" : ", ") + one.name + " " + format_percent(one.error) + " " +
                  format_time(one.latency_ns) + " " + format_bytes(one.bytes);
    } else {
      std::string& list = by_reason[one.note];
      list += (list.empty() ? "" : ", ") + one.name + (one.error < 1.0 ? " " + format_percent(one.error) : "");
    }
  }
  std::string text = finished.empty() ? "" : "    " + finished + "\n";
  for (const auto& [reason, list] : by_reason) {
    text.append("    ").append(reason).append(": ").append(list).append("\n");
  }
  return text;
}

std::string show_models(const PackContent& content) {
  Table table({"module type", "kernel class", "samples", "model", "WAPE", "R2 of log", "interval", "time", "bytes"});
  std::string losers;
  for (const TypeModel& type : content.types) {
    for (const KernelModel& kernel : type.kernels) {
      if (kernel.free) {
        table.add({type.name, kernel.name, "-", "fused away", "-", "-", "-", "-", "-"});
        continue;
      }
      const CandidateScore* score = chosen_score(kernel);
      if (score == nullptr && !kernel.form.empty()) {  // nothing competed: totals told what it costs
        table.add({type.name, kernel.name, std::to_string(kernel.samples), kernel.model, "-", "-", "-", "-", "-"});
        continue;
      }
      if (score == nullptr) {
        table.add({type.name, kernel.name, "0", "-", "-", "-", "-", "-", "-"});
        continue;
      }
      const double spread = kernel.spread > 0 ? kernel.spread : content.info.interval.module_spread;
      table.add({type.name, kernel.name, std::to_string(kernel.samples), kernel.model, format_percent(kernel.error),
                 format_percent(score->r2), "x/ " + format_factor(std::exp(spread)), format_time(score->latency_ns),
                 format_bytes(score->bytes)});
      const std::string lost = show_losers(kernel);
      if (!lost.empty()) losers += "  " + type.name + "/" + kernel.name + "\n" + lost;
    }
  }
  return table.text() + "\ncandidates that were not chosen: WAPE, time, bytes\n" + losers;
}

/// One line, or none where sums of networks are not corrected.
std::string show_correction(const PackContent& content) {
  const NetworkCorrection& network = content.network;
  if (network.form.empty()) return "";
  std::string text = "network correction: a factor from the sum, modules and their mean";
  for (std::size_t i = 0; i < network.shares.size(); ++i) {
    const TypeModel& type = content.types[network.shares[i].type];
    text += (i == 0 ? ", and the shares of " : ", ") + type.name + "/" + type.kernels[network.shares[i].kernel].name;
  }
  return text + "; " + format_bytes(static_cast<double>(form_bytes(network.form))) + "\n";
}

std::string show_training(const TrainingSummary& training) {
  std::string text = "trained on " + std::to_string(training.networks) + " networks, " +
                     std::to_string(training.samples) + " modules; ";
  text +=
      training.families.empty() ? "error of networks unknown" : "out of fold: MAPE " + format_percent(training.error);
  return text + (training.noise_floor > 0 ? "; noise floor " + format_percent(training.noise_floor) : "") + "\n";
}

/// Where several values of a condition were measured.
std::string show_range(const PackInfo& info, const std::string& name) {
  const auto one = std::ranges::find(info.conditions, name, &ConditionRange::name);
  if (one == info.conditions.end() || one->low == one->high) return {};
  return " (measured " + condition_text(*one, one->low) + " to " + condition_text(*one, one->high) + ")";
}

std::string show(const std::string& file, const session::PackFileContents& pack) {
  const PackInfo& info = pack.content.info;
  std::string text = "pack " + file + " (" + format_bytes(pack.bytes) + ", latcast " + info.tool_version + ", " +
                     format_date(info.created_unix_s) + ")\ntarget " + info.target.name + "\n  device " +
                     info.target.device + "\n  engine " + info.target.engine + " " + info.target.engine_version + "\n";
  for (const KeyValue& pair : info.target.conditions)
    text += "  " + pair.key + " = " + pair.value + show_range(info, pair.key) + "\n";
  for (const KeyValue& pair : info.target.settings) text += "  " + pair.key + " = " + pair.value + "\n";
  for (const auto& [name, value] : info.target.facts)
    text.append("  device.").append(name).append(" = ").append(condition_text({}, value)).append("\n");
  text += show_training(info.training);
  text += "sum: " + format_percent(info.calibration.scale) + " of the modules' forecasts, " +
          format_signed(info.calibration.module_ns) + " a module, " + format_signed(info.calibration.run_ns) +
          " a run; " + format_percent(info.interval.level, 0) + " interval +-" +
          format_percent(info.interval.quantile * info.interval.relative) + ", at a millisecond " +
          format_percent(info.interval.quantile * std::sqrt(info.interval.small_ns / 1e6)) + " more\n";
  text += show_correction(pack.content);
  text += "anchor " + format_date(info.anchor.unix_s) + ", scale " + format_percent(info.anchor.scale) + ", " +
          std::to_string(info.anchor.carriers) + " of " + std::to_string(pack.content.references.size()) +
          " reference carriers measured again\n\n";
  text += show_models(pack.content) + "\n";
  Table families({"held-out family", "networks", "MAPE", "bias"});
  for (const FamilyLoss& family : info.training.families) {
    families.add(
        {family.name, std::to_string(family.networks), format_percent(family.error), format_percent(family.bias)});
  }
  return text + families.text();
}

std::string shape_text(const onnx::ValueInfo& value) {
  if (!value.shape) return "of unknown rank";
  std::string text;
  for (const onnx::Dim& dim : *value.shape) {
    const std::string named = dim.name.empty() ? "?" : printable(dim.name);
    text += (text.empty() ? "" : " x ") + (dim.value >= 0 ? std::to_string(dim.value) : named);
  }
  return text;
}

std::string show(const std::string& file, const session::ModelFileContents& model) {
  std::string text = "ONNX model " + printable(file) + " (IR " + std::to_string(model.ir_version);
  if (model.opset > 0) text += ", opset " + std::to_string(model.opset);
  text += model.producer.empty() ? ")\n" : ", by " + printable(model.producer) + ")\n";
  for (const auto& [role, values] : {std::pair("input ", &model.inputs), std::pair("output ", &model.outputs)}) {
    for (const onnx::ValueInfo& value : *values)
      text += role + printable(value.name) + ": " + std::string(onnx::to_string(value.type)) + " " + shape_text(value) +
              "\n";
  }
  text += std::to_string(model.nodes) + " nodes, " + std::to_string(model.weights) + " weights of " +
          format_bytes(model.weight_bytes) + "\n\n";
  if (!model.problem.empty()) text += printable(model.problem) + "\n\n";
  Table table({"operator", "nodes"});
  for (const auto& [name, count] : model.operators) table.add({name, std::to_string(count)});
  return text + table.text();
}

}  // namespace

std::string inspection_text(const std::string& file, const session::Contents& contents) {
  return std::visit([&](const auto& one) { return show(file, one); }, contents);
}

}  // namespace latcast::cli
