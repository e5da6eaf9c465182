#include "learn/data/reference_carriers.h"

#include <algorithm>
#include <map>
#include <set>
#include <string>

namespace latcast::learn {
namespace {

/// Measured again in seconds: none of them slow, none so fast that the clock shows (ns).
constexpr double kSlowest = 15e6;
constexpr double kFastest = 3e5;

}  // namespace

std::vector<std::size_t> choose_references(const TrainingSet& set, std::size_t count) {
  std::map<std::string, std::vector<std::size_t>> by_family;
  for (std::size_t i = 0; i < set.networks.size(); ++i) {
    const NetworkTruth& network = set.networks[i];
    const bool moderate = network.quiet_ns < kSlowest && network.quiet_ns > kFastest;
    if (!network.adaptive && !network.probe && moderate) by_family[network.family].push_back(i);
  }
  for (auto& [family, members] : by_family) {
    std::ranges::sort(members, {}, [&](std::size_t i) { return set.networks[i].noise_ns / set.networks[i].quiet_ns; });
  }
  std::vector<std::size_t> out;
  std::set<std::string> names;  // packs call them by name
  for (std::size_t rank = 0; out.size() < count; ++rank) {
    bool any = false;
    for (const auto& [family, members] : by_family) {
      if (rank >= members.size() || out.size() >= count) continue;
      any = true;
      if (names.insert(set.networks[members[rank]].name).second) out.push_back(members[rank]);
    }
    if (!any) break;
  }
  return out;
}

Result<std::vector<ReferenceRecord>> read_references(Store& store, std::int64_t target, const Dataset& dataset,
                                                     std::size_t count) {
  std::map<std::int64_t, double> wanted;  // record -> latency
  for (const std::size_t i : choose_references(dataset.samples, count))
    wanted[dataset.records[i]] = dataset.samples.networks[i].quiet_ns;
  auto campaigns = store.campaigns(target);
  if (!campaigns) return tl::unexpected(campaigns.error());
  std::vector<ReferenceRecord> out;
  for (const CampaignRecord& campaign : *campaigns) {
    auto networks = store.networks(campaign.id);
    if (!networks) return tl::unexpected(networks.error());
    for (NetworkRecord& network : *networks) {
      const auto found = wanted.find(network.id);
      if (found != wanted.end()) out.push_back({std::move(network), found->second});
    }
  }
  return out;
}

}  // namespace latcast::learn
