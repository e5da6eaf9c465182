#include "training.h"

#include <algorithm>
#include <cmath>
#include <ctime>
#include <map>
#include <sstream>

#include "learn/dataset.h"
#include "learn/train.h"

namespace latcast::cli {
namespace {

/// Re-anchoring measures these in seconds: enough of them for a median, none of them slow.
constexpr std::size_t kReferences = 30;
constexpr double kSlowestReference = 15e6;  // ns
constexpr double kFastestReference = 3e5;

/// Family by family, the least noisy carriers of moderate cost.
std::vector<std::string> choose_references(const learn::TrainingSet& set) {
  std::map<std::string, std::vector<const learn::NetworkTruth*>> by_family;
  for (const learn::NetworkTruth& network : set.networks) {
    const bool moderate = network.quiet_ns < kSlowestReference && network.quiet_ns > kFastestReference;
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
                                                      const learn::TrainingSet& set) {
  const std::vector<std::string> names = choose_references(set);
  std::vector<ReferenceCarrier> references;
  for (const CampaignRecord& campaign : campaigns) {
    auto networks = store.networks(campaign.id);
    if (!networks) return tl::unexpected(networks.error());
    for (const NetworkRecord& network : *networks) {
      const bool wanted = std::ranges::find(names, network.name) != names.end();
      const bool taken = std::ranges::find(references, network.name, &ReferenceCarrier::name) != references.end();
      const auto truth = std::ranges::find(set.networks, network.name, &learn::NetworkTruth::name);
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

std::string describe(const learn::DatasetReport& data, const TrainingSummary& training, double seconds) {
  std::ostringstream text;
  text << data.carriers << " carriers, " << data.modules << " modules";
  if (data.carriers_left_out > 0) text << " (" << data.carriers_left_out << " carriers left out: no complete profile)";
  text << ", noise " << format_percent(data.noise) << "\n"
       << "profiler cost: " << data.profiler.per_pause << " of the pause after a node, "
       << format_time(data.profiler.per_node_ns) << " a node, " << format_time(data.profiler.per_value_ns)
       << " a value; scale " << data.profiler.scale << "; a run " << format_time(data.profiler.per_run_ns) << "\n";
  for (const auto& [op, share] : data.unknown_operators)
    text << "not covered: " << op << " (" << format_percent(share, 2) << " of the time)\n";
  if (training.families.empty()) {
    text << "no carrier was like a network: the sum is not calibrated and its error unknown";
  } else {
    text << "carriers, cross-validated by network: MAPE " << format_percent(training.error);
  }
  text << "; trained in " << format_time(seconds * 1e9) << "\n";
  return text.str();
}

}  // namespace

Result<TargetRecord> choose_target(Store& store, const std::string& name) {
  auto targets = store.targets();
  if (!targets) return tl::unexpected(targets.error());
  std::vector<TargetRecord> fitting;
  std::string known;
  for (const TargetRecord& target : *targets) {
    known += "\n  " + target.name;
    if (target.name == name) return target;
    if (target.name.find(name) != std::string::npos) fitting.push_back(target);
  }
  if (fitting.size() == 1) return fitting.front();
  if (targets->empty()) return fail(Errc::not_found, "the store holds no measurements; run 'latcast profile' first");
  return fail(Errc::not_found, (name.empty()      ? "the store holds several targets; choose one with --target:"
                                : fitting.empty() ? "the store has no target '" + name + "'; it has:"
                                                  : "'" + name + "' fits several targets:") +
                                   known);
}

Result<Trained> train_target(Store& store, const TargetRecord& target, const Catalogue& catalogue, Console& console) {
  const auto started = std::chrono::steady_clock::now();
  console.progress(0, "reading measurements");
  auto dataset = learn::load_dataset(store, target.id, catalogue);
  if (!dataset) return tl::unexpected(dataset.error());
  learn::TrainOptions options;
  options.progress = [&](const learn::TrainProgress& progress) {
    console.progress(static_cast<double>(progress.done) / static_cast<double>(std::max<std::size_t>(progress.total, 1)),
                     std::string(progress.stage) + ": " + std::string(progress.what));
  };
  auto content = learn::train(dataset->samples, catalogue, options);
  if (!content) return tl::unexpected(content.error());
  auto campaigns = store.campaigns(target.id);
  if (!campaigns) return tl::unexpected(campaigns.error());
  auto references = read_references(store, *campaigns, dataset->samples);
  if (!references) return tl::unexpected(references.error());
  content->references = std::move(*references);
  PackInfo& info = content->info;
  info.tool_version = LATCAST_VERSION;
  info.created_unix_s = std::time(nullptr);
  info.target = pack_target(target);
  for (const ModuleType& type : catalogue.types()) info.sources.push_back({type.file, type.source});
  info.training.started_unix_s = campaigns->front().started_unix_s;
  info.training.finished_unix_s =
      campaigns->back().started_unix_s + static_cast<std::int64_t>(campaigns->back().spent_ns / 1e9);
  info.training.noise_floor = dataset->report.noise;
  info.anchor.unix_s = info.training.finished_unix_s;
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - started).count();
  std::string report = describe(dataset->report, info.training, seconds);
  return Trained{std::move(*content), std::move(report)};
}

}  // namespace latcast::cli
