// Grouped folds: all samples of one group are on one side.
#pragma once

#include <Eigen/Core>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "learn/data/training_set.h"

namespace latcast::learn {

/// Fold of each sample, in [0, folds): groups are dealt out, largest first, to the fold that has the least so far;
/// ties by `seed`. Fewer folds where there are fewer groups; all zero where there is one group.
[[nodiscard]] std::vector<int> grouped_folds(std::span<const int> groups, int folds, std::uint64_t seed);

/// Fold of each group, in [0, folds), when a group holds samples of several classes (`classes`: per group, the class of
/// each sample): every class is spread over the folds as evenly as groups allow.
[[nodiscard]] std::vector<int> stratified_folds(const std::vector<std::vector<int>>& classes, int folds,
                                                std::uint64_t seed);

/// Families put together into at most `groups` of similar size; per network the index of its group.
[[nodiscard]] std::vector<int> family_groups(const std::vector<NetworkTruth>& networks, int groups);

struct Split {
  std::vector<Eigen::Index> train, test;
};

/// The samples outside and inside `fold`.
[[nodiscard]] Split split(std::span<const int> fold_of, int fold);

/// A seed of its own for a named part of the training, the same on every machine.
[[nodiscard]] std::uint64_t derive_seed(std::uint64_t seed, std::string_view name, std::uint64_t part = 0);

}  // namespace latcast::learn
