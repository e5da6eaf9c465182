// latcast inspect: what is in a store, a pack or an ONNX file, for people.
#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <map>

#include "commands.h"
#include "core/pack_content.h"
#include "graph/onnx_model.h"
#include "session/forecaster.h"
#include "session/targets.h"
#include "store/store.h"

namespace latcast::cli {
namespace {

enum class FileKind { store, pack, onnx };

Result<FileKind> kind_of(const std::string& file) {
  std::error_code failure;
  if (!std::filesystem::is_regular_file(file, failure)) return fail(Errc::not_found, file + ": no such file");
  std::array<char, 16> head{};
  std::ifstream stream(file, std::ios::binary);
  stream.read(head.data(), head.size());
  const auto got = stream.gcount();
  if (got == 0) return fail(Errc::invalid_input, file + ": the file is empty");
  if (std::memcmp(head.data(), "SQLite format 3", 15) == 0) return FileKind::store;
  // A FlatBuffers file carries its identifier after the root offset.
  if (got >= 8 && std::memcmp(head.data() + 4, "LCPK", 4) == 0) return FileKind::pack;
  return FileKind::onnx;
}

Result<std::string> show_store(const std::string& file) {
  auto store = Store::open_read_only(file);
  if (!store) return tl::unexpected(store.error());
  auto targets = store->targets();
  if (!targets) return tl::unexpected(targets.error());
  std::string text = "store " + file + "\n";
  const std::vector<std::string> names = session::target_names(*targets);
  for (std::size_t i = 0; i < targets->size(); ++i) {
    const TargetRecord& target = (*targets)[i];
    text += "\ntarget " + names[i] + "\n  device " + target.device + "\n";
    if (!target.cpu_features.empty()) text += "  CPU features " + target.cpu_features + "\n";
    text += "  engine " + target.engine + " " + target.engine_version +
            (target.library.empty() ? "" : " (" + target.library + ")") + "\n";
    for (const auto& [key, value] : target.settings)
      text.append("  ").append(key).append(" = ").append(value).append("\n");
    auto campaigns = store->campaigns(target.id);
    if (!campaigns) return tl::unexpected(campaigns.error());
    for (const CampaignRecord& campaign : *campaigns) {
      auto networks = store->networks(campaign.id);
      if (!networks) return tl::unexpected(networks.error());
      std::map<std::string, int> families;
      std::size_t measurements = 0;
      for (const NetworkRecord& network : *networks) {
        ++families[network.family];
        auto measured = store->measurements(network.id);
        if (!measured) return tl::unexpected(measured.error());
        measurements += measured->size();
      }
      text += "  campaign " + std::to_string(campaign.id) + ": " + format_date(campaign.started_unix_s) + ", " +
              campaign.status + ", seed " + std::to_string(campaign.seed) + ", " + format_time(campaign.spent_ns) +
              " of " + format_time(campaign.budget_ns) + ", " + std::to_string(networks->size()) + " carriers of " +
              std::to_string(families.size()) + " families, " + std::to_string(measurements) + " measurements\n";
      auto failures = store->failures(campaign.id);
      if (!failures) return tl::unexpected(failures.error());
      for (const auto& [message, count] : *failures)
        text += "    failed " + std::to_string(count) + "x: " + message + "\n";
    }
    auto contents = store->contents(target.id);
    if (!contents) return tl::unexpected(contents.error());
    if (contents->operations > 0)
      text += "  " + std::to_string(contents->operations) + " operations of " +
              std::to_string(contents->operation_networks) + " networks\n";
    if (contents->totals > 0) text += "  totals of " + std::to_string(contents->totals) + " networks\n";
  }
  auto imports = store->imports();
  if (!imports) return tl::unexpected(imports.error());
  for (const ImportRecord& import : *imports) {
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
  Table table({"module type", "kernel class", "samples", "model", "error", "R2 of log", "interval", "time", "bytes"});
  std::string losers;
  for (const TypeModel& type : content.types) {
    for (const KernelModel& kernel : type.kernels) {
      if (kernel.free) {
        table.add({type.name, kernel.name, "-", "free", "-", "-", "-", "-", "-"});
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
  return table.text() + "\ncandidates that were not chosen: error, time, bytes\n" + losers;
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

Result<std::string> show_pack(const std::string& file) {
  auto content = read_pack_content(file);
  if (!content) return tl::unexpected(content.error());
  const PackInfo& info = content->info;
  std::error_code failure;
  std::string text =
      "pack " + file + " (" + format_bytes(static_cast<double>(std::filesystem::file_size(file, failure))) +
      ", latcast " + info.tool_version + ", " + format_date(info.created_unix_s) + ")\ntarget " + info.target.name +
      "\n  device " + info.target.device + "\n  engine " + info.target.engine + " " + info.target.engine_version + "\n";
  for (const KeyValue& pair : info.target.conditions) text += "  " + pair.key + " = " + pair.value + "\n";
  for (const KeyValue& pair : info.target.settings) text += "  " + pair.key + " = " + pair.value + "\n";
  text += "trained on " + std::to_string(info.training.networks) + " carriers, " +
          std::to_string(info.training.samples) + " modules; carriers' MAPE " + format_percent(info.training.error) +
          " cross-validated, noise floor " + format_percent(info.training.noise_floor) + "\n";
  text += "sum: " + format_percent(info.calibration.scale) + " of the modules' forecasts, " +
          format_signed(info.calibration.module_ns) + " a module, " + format_signed(info.calibration.run_ns) +
          " a run; " + format_percent(info.interval.level, 0) + " interval +-" +
          format_percent(info.interval.quantile * info.interval.relative) + ", at a millisecond " +
          format_percent(info.interval.quantile * std::sqrt(info.interval.small_ns / 1e6)) + " more\n";
  text += show_correction(*content);
  text += "anchor " + format_date(info.anchor.unix_s) + ", scale " + format_percent(info.anchor.scale) + ", " +
          std::to_string(info.anchor.carriers) + " carriers measured again, " +
          std::to_string(content->references.size()) + " to measure\n\n";
  text += show_models(*content) + "\n";
  Table families({"family left out", "carriers", "error", "bias"});
  for (const FamilyLoss& family : info.training.families) {
    families.add(
        {family.name, std::to_string(family.networks), format_percent(family.error), format_percent(family.bias)});
  }
  return text + families.text();
}

Result<std::string> show_onnx(const std::string& file) {
  auto model = onnx::read_model_file(file);
  if (!model) return tl::unexpected(model.error());
  std::string text = "ONNX model " + file + " (IR " + std::to_string(model->ir_version);
  for (const auto& [domain, version] : model->opsets) {
    if (domain.empty()) text += ", opset " + std::to_string(version);
  }
  text += model->producer.empty() ? ")\n" : ", by " + model->producer + ")\n";
  const auto show = [&](const char* role, const std::vector<onnx::ValueInfo>& values) {
    for (const onnx::ValueInfo& value : values) {
      std::string shape;
      for (const onnx::Dim& dim : value.shape.value_or(std::vector<onnx::Dim>{})) {
        shape += (shape.empty() ? "" : " x ") + (dim.value >= 0     ? std::to_string(dim.value)
                                                 : dim.name.empty() ? "?"
                                                                    : dim.name);
      }
      text += std::string(role) + " " + value.name + ": " + std::string(onnx::to_string(value.type)) + " " +
              (value.shape ? shape : "of unknown rank") + "\n";
    }
  };
  show("input", model->graph.inputs);
  show("output", model->graph.outputs);
  double weights = 0;
  for (const onnx::Tensor& tensor : model->graph.initializers) {
    weights += static_cast<double>(tensor.elements()) * static_cast<double>(onnx::element_size(tensor.type));
  }
  text += std::to_string(model->graph.nodes.size()) + " nodes, " + std::to_string(model->graph.initializers.size()) +
          " weights of " + format_bytes(weights) + "\n\n";
  std::map<std::string, int> operators;
  for (const onnx::Node& node : model->graph.nodes)
    ++operators[node.domain.empty() ? node.op : node.domain + ":" + node.op];
  Table table({"operator", "nodes"});
  for (const auto& [name, count] : operators) table.add({name, std::to_string(count)});
  return text + table.text();
}

int run(const std::string& file, Console& console) {
  const auto kind = kind_of(file);
  Result<std::string> text = fail(Errc::invalid_input, "");
  if (!kind) {
    text = tl::unexpected(kind.error());
  } else {
    text = *kind == FileKind::store ? show_store(file) : *kind == FileKind::pack ? show_pack(file) : show_onnx(file);
  }
  if (!text) {
    console.error(text.error().context);
    return exit_code(text.error().code);
  }
  std::cout << *text;
  return kOk;
}

}  // namespace

void add_inspect(CLI::App& app, Context& context) {
  auto* command = app.add_subcommand("inspect", "Show what a store, a pack or an ONNX file holds");
  auto file = std::make_shared<std::string>();
  command->add_option("FILE", *file, "A store, a pack or an ONNX file")->required();
  command->callback([file, &context] { context.action = [file, &context] { return run(*file, context.console); }; });
}

}  // namespace latcast::cli
