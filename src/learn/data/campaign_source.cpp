// Campaigns: carriers measured whole and node by node on one engine.
#include <algorithm>
#include <cmath>
#include <map>
#include <sstream>

#include "learn/data/dataset.h"
#include "learn/data/source.h"

namespace latcast::learn {
namespace {

/// Re-anchoring measures these in seconds: enough of them for a median, none of them slow.
constexpr std::size_t kReferences = 30;
constexpr double kSlowestReference_ns = 15e6;
constexpr double kFastestReference_ns = 3e5;
/// A forecast of a whole network stays within tens of microseconds.
constexpr double kModuleTime_ns = 500;

/// Family by family, the least noisy carriers of moderate cost.
std::vector<std::string> choose_references(const TrainingSet& set) {
  std::map<std::string, std::vector<const NetworkTruth*>> by_family;
  for (const NetworkTruth& network : set.networks) {
    const bool moderate = network.quiet_ns < kSlowestReference_ns && network.quiet_ns > kFastestReference_ns;
    if (!network.adaptive && !network.probe && moderate) by_family[network.family].push_back(&network);
  }
  for (auto& [family, networks] : by_family) {
    std::ranges::sort(networks, {}, [](const auto* network) { return network->noise_ns / network->quiet_ns; });
  }
  std::vector<std::string> names;
  for (std::size_t rank = 0; names.size() < kReferences; ++rank) {
    const std::size_t before = names.size();
    for (const auto& [family, networks] : by_family) {
      if (rank < networks.size() && names.size() < kReferences) names.push_back(networks[rank]->name);
    }
    if (names.size() == before) break;
  }
  return names;
}

Result<std::vector<ReferenceCarrier>> read_references(Store& store, const std::vector<CampaignRecord>& campaigns,
                                                      const TrainingSet& set) {
  const std::vector<std::string> names = choose_references(set);
  std::vector<ReferenceCarrier> references;
  for (const CampaignRecord& campaign : campaigns) {
    auto networks = store.networks(campaign.id);
    if (!networks) return tl::unexpected(networks.error());
    for (const NetworkRecord& network : *networks) {
      const bool wanted = std::ranges::find(names, network.name) != names.end();
      const bool taken = std::ranges::find(references, network.name, &ReferenceCarrier::name) != references.end();
      const auto truth = std::ranges::find(set.networks, network.name, &NetworkTruth::name);
      if (!wanted || taken || truth == set.networks.end()) continue;
      references.push_back({network.name, {network.skeleton.begin(), network.skeleton.end()}, truth->quiet_ns});
    }
  }
  return references;
}

Target pack_target(const TargetRecord& record) {
  Target target;
  target.name = record.name;
  target.device = record.device;
  std::istringstream features(record.cpu_features);
  for (std::string feature; features >> feature;) target.cpu_features.push_back(feature);
  target.engine = record.engine;
  target.engine_version = record.engine_version;
  const auto threads = record.settings.find("threads");
  target.conditions = {
      {"threads", threads == record.settings.end() ? "1" : threads->second}, {"batch", "1"}, {"dtype", "float32"}};
  for (const auto& [key, value] : record.settings) target.settings.push_back({key, value});
  return target;
}

MeasurementReport describe(const Dataset& data) {
  MeasurementReport out;
  out.unit = "carriers";
  out.networks = out.totals = static_cast<std::size_t>(data.report.carriers);
  out.modules = out.measured = static_cast<std::size_t>(data.report.modules);
  out.noise = data.report.noise;
  out.unknown_operators = data.report.unknown_operators;
  if (data.report.carriers_left_out > 0) {
    out.notes.push_back(std::to_string(data.report.carriers_left_out) +
                        " carriers left out: no complete profile, or a graph that cannot be read");
  }
  const ProfilerCost& cost = data.report.profiler;
  std::ostringstream text;
  text << "profiler cost: " << cost.per_pause << " of the pause after a node, " << std::llround(cost.per_node_ns)
       << " ns a node, " << std::llround(cost.per_value_ns) << " ns an input or output, "
       << std::llround(cost.per_run_ns) << " ns a run; scale " << cost.scale;
  out.details.push_back(text.str());
  return out;
}

}  // namespace

Result<Measurements> read_campaigns(Store& store, const TargetRecord& target, const Catalogue& catalogue) {
  // Modules of tables are nothing that a campaign measures.
  Catalogue own = catalogue.restricted([](const ModuleType& type) { return !type.given(); });
  auto data = load_dataset(store, target.id, own);
  if (!data) return tl::unexpected(data.error());
  auto campaigns = store.campaigns(target.id);
  if (!campaigns) return tl::unexpected(campaigns.error());
  auto references = read_references(store, *campaigns, data->samples);
  if (!references) return tl::unexpected(references.error());
  MeasurementReport report = describe(*data);
  const CampaignRecord& last = campaigns->back();
  return Measurements{.catalogue = std::move(own),
                      .set = std::move(data->samples),
                      .target = pack_target(target),
                      .references = std::move(*references),
                      .listed = {},
                      .started_unix_s = campaigns->front().started_unix_s,
                      .finished_unix_s = last.started_unix_s + static_cast<std::int64_t>(last.spent_ns / 1e9),
                      .usual_module_time_ns = kModuleTime_ns,
                      .report = std::move(report)};
}

}  // namespace latcast::learn
