#include "learn/data/campaign_effects.h"

#include <cmath>
#include <cstddef>

#include "store/rounds.h"

namespace latcast::learn {
namespace {

/// Brings campaigns together, one after the other, each by what it has in common with those that are placed.
class Tying {
 public:
  explicit Tying(std::span<const CampaignLatencies> campaigns)
      : campaigns_(campaigns), effects_(campaigns.size()), placed_(campaigns.size(), false) {
    for (std::size_t i = 0; i < campaigns.size(); ++i) effects_[i].carriers = static_cast<int>(campaigns[i].size());
  }

  std::vector<CampaignEffect> run() {
    bool reference = true;
    for (std::size_t i = campaigns_.size(); i-- > 0;) {  // newest first
      if (placed_[i] || campaigns_[i].empty()) continue;
      known_.clear();
      place(i, 0.0, reference);
      while (place_next(reference)) {
      }
      reference = false;
    }
    return std::move(effects_);
  }

 private:
  void place(std::size_t campaign, double log_offset, bool tied) {
    placed_[campaign] = true;
    effects_[campaign].log_offset = log_offset;
    effects_[campaign].tied = tied;
    for (const auto& [carrier, latency] : campaigns_[campaign])
      known_[carrier].push_back(std::log(latency) - log_offset);
  }

  [[nodiscard]] std::vector<double> ratios(std::size_t campaign) const {
    std::vector<double> out;
    for (const auto& [carrier, latency] : campaigns_[campaign]) {
      const auto found = known_.find(carrier);
      if (found != known_.end()) out.push_back(std::log(latency) - median(found->second));
    }
    return out;
  }

  /// The one with the most carriers in common, the newest of several; false where none has enough.
  bool place_next(bool tied) {
    std::size_t best = campaigns_.size();
    std::vector<double> most(static_cast<std::size_t>(kCarriersToTie) - 1);
    for (std::size_t i = campaigns_.size(); i-- > 0;) {
      if (placed_[i]) continue;
      std::vector<double> own = ratios(i);
      if (own.size() <= most.size()) continue;
      best = i;
      most = std::move(own);
    }
    if (best == campaigns_.size()) return false;
    effects_[best].common = static_cast<int>(most.size());
    place(best, median(most), tied);
    return true;
  }

  std::span<const CampaignLatencies> campaigns_;
  std::vector<CampaignEffect> effects_;
  std::vector<bool> placed_;
  std::map<std::uint64_t, std::vector<double>> known_;  // log latencies in the reference campaign's time
};

}  // namespace

std::vector<CampaignEffect> campaign_effects(std::span<const CampaignLatencies> campaigns) {
  return Tying(campaigns).run();
}

}  // namespace latcast::learn
