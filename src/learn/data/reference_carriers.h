// Carriers that stand for all others where few can be measured again: they tie a pack, or another campaign, to the
// machine's speed of another day.
#pragma once

#include <cstddef>
#include <vector>

#include "latcast/result.h"
#include "learn/data/dataset.h"
#include "store/store.h"

namespace latcast::learn {

/// Family by family the least noisy carriers of moderate cost, neither adaptive nor probes; indices of networks, at
/// most `count`.
[[nodiscard]] std::vector<std::size_t> choose_references(const TrainingSet& set, std::size_t count);

struct ReferenceRecord {
  NetworkRecord record;
  double quiet_ns = 0;
};

/// Those of the data set with their graphs, in the order of the store's campaigns and plans.
[[nodiscard]] Result<std::vector<ReferenceRecord>> read_references(Store& store, std::int64_t target,
                                                                   const Dataset& dataset, std::size_t count);

}  // namespace latcast::learn
