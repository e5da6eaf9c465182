// Campaigns: carriers measured whole and node by node on one engine.
#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <sstream>

#include "graph/onnx_model.h"
#include "learn/data/dataset.h"
#include "learn/data/reference_carriers.h"
#include "learn/data/source.h"

namespace latcast::learn {
namespace {

/// Re-anchoring measures these in seconds: enough of them for a median.
constexpr std::size_t kReferences = 30;
/// A forecast of a whole network stays within tens of microseconds.
constexpr double kModuleTime_ns = 500;

Result<std::vector<ReferenceCarrier>> reference_carriers(Store& store, std::int64_t target, const Dataset& data) {
  auto records = read_references(store, target, data, kReferences);
  if (!records) return tl::unexpected(records.error());
  std::vector<ReferenceCarrier> out;
  for (const auto& [record, quiet_ns] : *records)
    out.push_back({record.name, {record.skeleton.begin(), record.skeleton.end()}, quiet_ns});
  return out;
}

/// Of the machine, as the newest campaign has them that tells them.
DeviceFacts told_facts(const std::vector<CampaignRecord>& campaigns) {
  DeviceFacts out;
  for (const CampaignRecord& campaign : campaigns) {
    for (const auto& [name, value] : device_facts(campaign.context)) out[name] = value;
  }
  return out;
}

Target pack_target(const TargetRecord& record, const DeviceFacts& facts) {
  Target target;
  target.name = record.name;
  target.device = record.device;
  std::istringstream features(record.cpu_features);
  for (std::string feature; features >> feature;) target.cpu_features.push_back(feature);
  target.engine = record.engine;
  target.engine_version = record.engine_version;
  for (const auto& [key, value] : record.settings) target.settings.push_back({key, value});
  target.facts = facts;
  return target;
}

/// Of carriers that do not say what they were measured under, as in stores of schema 3.
Conditions usual_conditions(const TargetRecord& record) {
  const auto threads = record.settings.find("threads");
  const double count = threads == record.settings.end() ? 1 : std::strtod(threads->second.c_str(), nullptr);
  return {{"threads", count}, {"batch", 1}, {"dtype", static_cast<double>(onnx::DataType::float32)}};
}

/// How the machine's speed changed between campaigns, as far as they share carriers.
void describe_campaigns(const std::vector<CampaignEffect>& campaigns, MeasurementReport& out) {
  for (const CampaignEffect& one : campaigns) {
    const std::string name = "campaign " + std::to_string(one.campaign);
    if (one.common > 0) {
      out.details.push_back(name + ": times divided by " + std::to_string(std::exp(one.log_offset)) + ", by " +
                            std::to_string(one.common) + " carriers in common with newer campaigns");
    }
    if (one.tied || one.carriers == 0) continue;
    out.notes.push_back(name +
                        " has too few carriers in common with newer campaigns: if the machine's speed changed "
                        "in between, the change is learnt as noise");
  }
}

MeasurementReport describe(const Dataset& data, const TargetContents& contents) {
  MeasurementReport out;
  out.unit = "carriers";
  out.networks = out.totals = static_cast<std::size_t>(data.report.carriers);
  out.modules = static_cast<std::size_t>(data.report.modules);
  out.measured = data.report.timed ? out.modules : 0;
  out.noise = data.report.noise;
  out.unknown_operators = data.report.unknown_operators;
  if (data.report.carriers_left_out > 0) {
    out.notes.push_back(std::to_string(data.report.carriers_left_out) +
                        " carriers left out: no complete profile, or a graph that cannot be read");
  }
  if (contents.busy > 0) {
    out.notes.push_back(std::to_string(contents.busy) + " of " + std::to_string(contents.measurements) +
                        " measurements were made on a busy machine (a load above its CPUs)" +
                        (10 * contents.busy > contents.measurements ? ": forecasts may be too high" : ""));
  }
  describe_campaigns(data.report.campaigns, out);
  const ProfilerCost& cost = data.report.profiler;
  std::ostringstream text;
  if (!data.report.timed) {
    text << "the engine times no nodes: modules have their shares of whole carriers' latencies, less "
         << std::llround(cost.per_run_ns) << " ns a run";
    out.details.push_back(text.str());
    return out;
  }
  text << "profiler cost: " << cost.per_pause << " of the pause after a node, " << std::llround(cost.per_node_ns)
       << " ns a node, " << std::llround(cost.per_value_ns) << " ns an input or output, "
       << std::llround(cost.per_run_ns) << " ns a run; scale " << cost.scale;
  out.details.push_back(text.str());
  return out;
}

}  // namespace

Result<Measurements> read_campaigns(Store& store, const TargetRecord& target, const Catalogue& catalogue) {
  auto campaigns = store.campaigns(target.id);
  if (!campaigns) return tl::unexpected(campaigns.error());
  auto own = catalogue.of_graphs(target.engine).of_device(told_facts(*campaigns));
  if (!own) return tl::unexpected(own.error());
  auto data = load_dataset(store, target.id, *own, usual_conditions(target));
  if (!data) return tl::unexpected(data.error());
  auto references = reference_carriers(store, target.id, *data);
  if (!references) return tl::unexpected(references.error());
  const auto contents = store.contents(target.id);
  if (!contents) return tl::unexpected(contents.error());
  MeasurementReport report = describe(*data, *contents);
  // The newest that measured anything: the others' times were brought to its own.
  const auto& effects = data->report.campaigns;
  const auto newest =
      std::ranges::find_if(effects.rbegin(), effects.rend(), [](const auto& one) { return one.carriers > 0; });
  const CampaignRecord& last = (*campaigns)[static_cast<std::size_t>(effects.rend() - newest) - 1];
  Target named = pack_target(target, own->told());
  return Measurements{.catalogue = std::move(*own),
                      .set = std::move(data->samples),
                      .target = std::move(named),
                      .references = std::move(*references),
                      .listed = {},
                      .started_unix_s = campaigns->front().started_unix_s,
                      .finished_unix_s = last.started_unix_s + static_cast<std::int64_t>(last.spent_ns / 1e9),
                      .usual_module_time_ns = kModuleTime_ns,
                      .report = std::move(report)};
}

}  // namespace latcast::learn
