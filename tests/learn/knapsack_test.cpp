// The choice of one model per class: exact, against enumeration of everything.
#include "learn/select/knapsack.h"

#include <gtest/gtest.h>

#include <random>

namespace latcast::learn {
namespace {

std::optional<KnapsackChoice> enumerate(const Knapsack& problem) {
  std::vector<std::size_t> item(problem.classes.size(), 0);
  std::optional<KnapsackChoice> best;
  for (;;) {
    KnapsackChoice choice = tally(problem, item);
    const bool fits = choice.time <= problem.max_time && choice.bytes <= problem.max_bytes;
    if (fits && (!best || choice.loss < best->loss)) best = choice;
    std::size_t c = 0;
    while (c < item.size() && ++item[c] == problem.classes[c].size()) item[c++] = 0;
    if (c == item.size()) return best;
  }
}

Knapsack random_problem(std::mt19937_64& random, int classes, bool sharing) {
  std::uniform_real_distribution<double> unit(0, 1);
  Knapsack problem;
  for (int c = 0; c < classes; ++c) {
    auto& items = problem.classes.emplace_back();
    const int count = 1 + static_cast<int>(random() % 5);
    for (int i = 0; i < count; ++i) {
      items.push_back({unit(random), unit(random), unit(random), sharing && i > 0 && random() % 3 == 0});
    }
  }
  problem.shared_bytes = sharing ? 0.5 : 0.0;
  return problem;
}

TEST(Knapsack, IsWhatEnumerationFinds) {
  std::mt19937_64 random(1);
  std::uniform_real_distribution<double> unit(0, 1);
  int infeasible = 0;
  for (int trial = 0; trial < 300; ++trial) {
    Knapsack problem = random_problem(random, 6, trial % 2 == 1);
    if (trial % 3 != 0) problem.max_time = 6 * unit(random);
    if (trial % 3 != 1) problem.max_bytes = 6 * unit(random);
    const auto expected = enumerate(problem), found = solve(problem);
    ASSERT_EQ(found.has_value(), expected.has_value()) << trial;
    if (!found) {
      ++infeasible;
      continue;
    }
    EXPECT_EQ(found->gap, 0);
    EXPECT_NEAR(found->loss, expected->loss, 1e-9) << trial;
    EXPECT_LE(found->time, problem.max_time * (1 + 1e-9));
    EXPECT_LE(found->bytes, problem.max_bytes * (1 + 1e-9));
  }
  EXPECT_GT(infeasible, 10);
}

TEST(Knapsack, HundredClassesAreSolvedAndWithinBudget) {
  std::mt19937_64 random(2);
  Knapsack problem = random_problem(random, 100, true);
  problem.max_time = 42;
  problem.max_bytes = 45;
  const auto found = solve(problem);
  ASSERT_TRUE(found);
  EXPECT_LE(found->time, 42);
  EXPECT_LE(found->bytes, 45);
}

TEST(Knapsack, ASearchThatIsCutShortTellsWhatItMayHaveMissed) {
  std::mt19937_64 random(4);
  int cut = 0;
  for (int trial = 0; trial < 50; ++trial) {
    Knapsack problem = random_problem(random, 6, false);
    problem.max_time = 2.5;
    problem.node_limit = 3;
    const auto expected = enumerate(problem), found = solve(problem);
    if (!found || !expected) continue;
    EXPECT_GE(expected->loss, found->loss * (1 - found->gap) - 1e-9) << trial;
    cut += found->gap > 0 ? 1 : 0;
  }
  EXPECT_GT(cut, 10);
}

TEST(Knapsack, SaysWhatCanBeMet) {
  std::mt19937_64 random(3);
  Knapsack problem = random_problem(random, 8, true);
  const KnapsackLeast bound = least(problem);
  problem.max_time = 0.99 * bound.time;
  EXPECT_FALSE(solve(problem));
  problem.max_time = 1.0001 * bound.time;
  EXPECT_TRUE(solve(problem));
  problem.max_time = std::numeric_limits<double>::infinity();
  problem.max_bytes = 0.99 * bound.bytes;
  EXPECT_FALSE(solve(problem));
  problem.max_bytes = 1.0001 * bound.bytes;
  EXPECT_TRUE(solve(problem));
}

TEST(Knapsack, WithoutClassesNothingIsChosen) {
  const auto found = solve({});
  ASSERT_TRUE(found);
  EXPECT_TRUE(found->item.empty());
}

}  // namespace
}  // namespace latcast::learn
