// Multiple-choice knapsack: one item of each class, least loss, within budgets of time and bytes.
//
// Branch and bound with the bound of the Lagrangian relaxation (Fisher 1981; Kellerer, Pferschy & Pisinger 2004, ch.
// 11), whose multipliers are found first. Exact unless the search runs into its limit of visited nodes: then it tells
// the gap. Items that share something stored once (an encoder) are allowed or forbidden as a whole: two searches, the
// better one.
#pragma once

#include <cstddef>
#include <limits>
#include <optional>
#include <vector>

namespace latcast::learn {

struct KnapsackItem {
  double loss = 0, time = 0, bytes = 0;  // >= 0
  bool shares = false;                   // needs the shared bytes
};

struct Knapsack {
  std::vector<std::vector<KnapsackItem>> classes;  // none empty
  double max_time = std::numeric_limits<double>::infinity();
  double max_bytes = std::numeric_limits<double>::infinity();
  double shared_bytes = 0;  // paid once if any chosen item shares
  std::size_t node_limit = 400'000;
};

struct KnapsackChoice {
  std::vector<std::size_t> item;  // per class
  double loss = 0, time = 0, bytes = 0;
  double gap = 0;  // what a better choice could save at most, as a share of the loss; 0: proven to be the best
};

/// Nothing where the budgets cannot be met together.
[[nodiscard]] std::optional<KnapsackChoice> solve(const Knapsack& problem);

/// What a choice comes to.
[[nodiscard]] KnapsackChoice tally(const Knapsack& problem, std::vector<std::size_t> item);

/// The choice with the least time, and the one with the fewest bytes: no budget below them can be met.
struct KnapsackLeast {
  double time = 0, bytes = 0;
};
[[nodiscard]] KnapsackLeast least(const Knapsack& problem);

}  // namespace latcast::learn
