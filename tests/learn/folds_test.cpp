#include "learn/data/folds.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <set>

namespace latcast::learn {
namespace {

std::vector<int> random_groups(int samples, int groups) {
  std::mt19937_64 random(3);
  std::vector<int> out;
  for (int i = 0; i < samples; ++i) out.push_back(static_cast<int>(random() % static_cast<std::uint64_t>(groups)) * 7);
  return out;
}

TEST(Folds, AGroupIsNeverOnBothSides) {
  const auto groups = random_groups(500, 40);
  const auto folds = grouped_folds(groups, 5, 1);
  for (int fold = 0; fold < 5; ++fold) {
    const Split sides = split(folds, fold);
    std::set<int> train, test;
    for (const auto i : sides.train) train.insert(groups[static_cast<std::size_t>(i)]);
    for (const auto i : sides.test) test.insert(groups[static_cast<std::size_t>(i)]);
    std::vector<int> both;
    std::ranges::set_intersection(train, test, std::back_inserter(both));
    EXPECT_TRUE(both.empty());
    EXPECT_EQ(sides.train.size() + sides.test.size(), groups.size());
  }
}

TEST(Folds, AreOfSimilarSize) {
  const auto folds = grouped_folds(random_groups(1000, 100), 5, 1);
  for (int fold = 0; fold < 5; ++fold) EXPECT_NEAR(double(std::ranges::count(folds, fold)), 200, 20);
}

TEST(Folds, FewGroupsGiveFewFolds) {
  const std::vector<int> one = {4, 4, 4}, two = {4, 9, 4};
  EXPECT_EQ(grouped_folds(one, 5, 1), (std::vector<int>{0, 0, 0}));
  const auto folds = grouped_folds(two, 5, 1);
  EXPECT_NE(folds[0], folds[1]);
  EXPECT_EQ(folds[0], folds[2]);
  EXPECT_EQ(std::ranges::max(folds), 1);
}

TEST(Folds, SeedsDependOnNameAndPart) {
  EXPECT_EQ(derive_seed(1, "a", 2), derive_seed(1, "a", 2));
  EXPECT_NE(derive_seed(1, "a", 2), derive_seed(1, "b", 2));
  EXPECT_NE(derive_seed(1, "a", 2), derive_seed(1, "a", 3));
  EXPECT_NE(derive_seed(1, "a", 2), derive_seed(2, "a", 2));
}

}  // namespace
}  // namespace latcast::learn
