// How much slower the machine was in one campaign than in another: machines drift by several percent over days, which
// would otherwise be learnt as noise.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <vector>

namespace latcast::learn {

/// Unloaded latencies (ns) of one campaign's carriers, by their identity.
using CampaignLatencies = std::map<std::uint64_t, double>;

struct CampaignEffect {
  std::int64_t campaign = 0;  // in the store
  int carriers = 0;           // measured in it
  int common = 0;             // of them, those that tie it to the newest one or to campaigns tied to that
  double log_offset = 0;      // its latencies are exp(log_offset) times the newest campaign's; 0 where it is not tied
  bool tied = false;          // the newest one is
};

/// Fewer common carriers tie nothing: the median of their ratios would be their own scatter.
inline constexpr int kCarriersToTie = 4;

/// One effect per campaign; they come oldest first. The reference is the newest that has carriers: a pack's anchor is
/// of its time. A campaign without carriers in common with that one may be tied through others; campaigns that are tied
/// to each other only are brought together on the newest of them.
[[nodiscard]] std::vector<CampaignEffect> campaign_effects(std::span<const CampaignLatencies> campaigns);

}  // namespace latcast::learn
