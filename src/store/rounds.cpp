#include "store/rounds.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace latcast {

double quantile(std::span<const double> values, double q) {
  std::vector<double> sorted;
  std::ranges::copy_if(values, std::back_inserter(sorted), [](double value) { return !std::isnan(value); });
  if (sorted.empty()) return std::numeric_limits<double>::quiet_NaN();
  std::ranges::sort(sorted);
  const double place = q * static_cast<double>(sorted.size() - 1);
  const auto below = static_cast<std::size_t>(place);
  const std::size_t above = std::min(below + 1, sorted.size() - 1);
  return std::lerp(sorted[below], sorted[above], place - static_cast<double>(below));
}

double median(std::span<const double> values) { return quantile(values, 0.5); }

std::vector<double> round_effects(const RoundTable& table) {
  std::size_t rounds = 0;
  for (const auto& item : table) rounds = std::max(rounds, item.size());
  std::vector<std::vector<double>> ratios(rounds);
  for (const auto& item : table) {
    const double middle = median(item);
    if (!(middle > 0)) continue;
    for (std::size_t round = 0; round < item.size(); ++round) {
      if (item[round] > 0) ratios[round].push_back(std::log(item[round] / middle));
    }
  }
  std::vector<double> effects(rounds, 0.0);
  for (std::size_t round = 0; round < rounds; ++round) {
    if (ratios[round].size() >= kItemsForRoundEffect) effects[round] = median(ratios[round]);
  }
  return effects;
}

QuietLatency quiet_latency(std::span<const double> corrected) {
  QuietLatency latency;
  latency.rounds = static_cast<int>(corrected.size());
  latency.quiet = median(corrected);
  std::vector<double> deviations;
  for (const double value : corrected) deviations.push_back(std::abs(value - latency.quiet));
  // 1.4826 MAD estimates a normal's standard deviation; a median of n has sqrt(pi / 2n) of it; 1.645 covers 90 %.
  const double deviation =
      corrected.size() > 1 ? 1.4826 * median(deviations) : std::numeric_limits<double>::quiet_NaN();
  latency.noise =
      1.645 * 1.2533 * deviation / std::sqrt(static_cast<double>(std::max<std::size_t>(corrected.size(), 1)));
  return latency;
}

std::vector<QuietLatency> quiet_latencies(const RoundTable& table) {
  const std::vector<double> effects = round_effects(table);
  std::vector<QuietLatency> result;
  for (const auto& item : table) {
    std::vector<double> corrected;
    for (std::size_t round = 0; round < item.size(); ++round) {
      if (item[round] > 0) corrected.push_back(item[round] * std::exp(-effects[round]));
    }
    result.push_back(quiet_latency(corrected));
  }
  return result;
}

}  // namespace latcast
