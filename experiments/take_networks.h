// Part of a training set: some of its networks, with their samples.
#pragma once

#include <functional>

#include "learn/data/training_set.h"

namespace latcast::experiments {

/// The networks for which `keep` holds, renumbered. All kernel classes stay, in order, even where no sample is left.
[[nodiscard]] learn::TrainingSet take_networks(const learn::TrainingSet& set,
                                               const std::function<bool(std::size_t)>& keep);

}  // namespace latcast::experiments
