// Which networks to measure first, told from their operation lists alone.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "learn/data/training_set.h"

namespace latcast::experiments {

/// `count` of the networks at `pool`, best first: each next one adds most to how closely the modules of all of them are
/// resembled by modules of those chosen, kernel class by kernel class, in log features. Greedy facility location
/// (Nemhauser, Wolsey & Fisher 1978), within 1 - 1/e of the best choice of that size. Latencies are not looked at.
[[nodiscard]] std::vector<std::size_t> design_networks(const learn::TrainingSet& set, std::span<const std::size_t> pool,
                                                       std::size_t count);

}  // namespace latcast::experiments
