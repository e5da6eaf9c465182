// Candidates' forecasts of modules whose network's whole family was left out of training.
#pragma once

#include <cstdint>
#include <span>

#include "learn/models/prepared.h"
#include "learn/study/candidate.h"

namespace latcast::learn {

/// Fills `family_out` of the class's candidates that have a fit of their own: each group's rows by a model that never
/// saw that group.
void forecast_families(const PreparedKernel& kernel, std::span<const int> group_of_network, int groups,
                       std::uint64_t seed, ClassStudy& study);

}  // namespace latcast::learn
