// From bursts in rounds to a quiet latency: what is left when the machine's wandering speed is taken out.
// Protocol and reasons: docs/measuring.md.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace latcast {

/// items x rounds, NaN where an item was not measured in a round. Any positive unit.
using RoundTable = std::vector<std::vector<double>>;

struct QuietLatency {
  double quiet = 0;  // median over rounds, each round's common effect removed; same unit as the table
  double noise = 0;  // half-width of its 90 % interval over rounds
  int rounds = 0;
};

/// Below this many items a round's common effect cannot be told from the items' own scatter and is left in.
inline constexpr std::size_t kItemsForRoundEffect = 4;

/// Per round the median over items of log(value / item's median): how much slower the machine was.
[[nodiscard]] std::vector<double> round_effects(const RoundTable& table);

/// Of one item's rounds, their effects removed; NaN for none.
[[nodiscard]] QuietLatency quiet_latency(std::span<const double> corrected);

[[nodiscard]] std::vector<QuietLatency> quiet_latencies(const RoundTable& table);

/// Median of a copy; NaN for none. NaNs among the values are skipped.
[[nodiscard]] double median(std::span<const double> values);

/// q in [0, 1], linear between order statistics; NaN for none.
[[nodiscard]] double quantile(std::span<const double> values, double q);

}  // namespace latcast
