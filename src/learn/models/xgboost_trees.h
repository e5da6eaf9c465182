// Regression trees through XGBoost's C API (Chen & Guestrin 2016): boosted ones and random forests.
#pragma once

#include <span>

#include "learn/models/log_model.h"

namespace latcast::learn {

struct TreeSettings {
  int rounds = 100, depth = 4;
  double rate = 0.1;         // what a round adds of its correction
  double least_child = 4.0;  // sample weight in a leaf
  double sample = 0.8;       // share of the rows that a tree sees
  double columns_of_tree = 0.8, columns_of_node = 1.0;
  double shrinkage = 1.0;  // of leaves, worth so much sample weight
  int trees_per_round = 1;
};

[[nodiscard]] Result<LogModelPtr> fit_trees(const LogProblem& problem, const TreeSettings& settings);

/// The best of `settings` by successive halving, `usual` where the samples say nothing against it.
[[nodiscard]] Result<LogModelPtr> fit_best_trees(const LogProblem& problem, std::span<const TreeSettings> settings,
                                                 std::size_t usual);

}  // namespace latcast::learn
