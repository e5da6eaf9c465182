#include "graph/inline_vector.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <utility>
#include <vector>

namespace latcast {
namespace {

using Short = InlineVector<std::int64_t, 3>;

/// What the compiler cannot follow: GCC 12 warns of the branch for short ones where it knows that one is long.
[[gnu::noipa]] Short made(const std::vector<std::int64_t>& values) { return values; }

std::vector<std::int64_t> list(const Short& values) { return {values.begin(), values.end()}; }

TEST(InlineVector, GrowsOutOfItself) {
  Short values = made({});
  EXPECT_TRUE(values.empty());
  for (std::int64_t i = 0; i < 20; ++i) values.push_back(i);
  EXPECT_EQ(values.size(), 20U);
  EXPECT_EQ(values.front(), 0);
  EXPECT_EQ(values.back(), 19);
  EXPECT_EQ(values[7], 7);
  values.resize(2);
  EXPECT_EQ(list(values), (std::vector<std::int64_t>{0, 1}));
  values.resize(5, 9);
  EXPECT_EQ(list(values), (std::vector<std::int64_t>{0, 1, 9, 9, 9}));
}

/// Short ones and long ones, onto short ones and long ones.
TEST(InlineVector, IsCopiedAndMoved) {
  const Short small = made({1, 2}), large = made({1, 2, 3, 4, 5});
  for (const Short& from : {small, large}) {
    for (const Short& onto : {small, large}) {
      Short copied = onto;
      copied = from;
      EXPECT_EQ(copied, from);
      Short moved = onto;
      moved = std::move(copied);
      EXPECT_EQ(moved, from);
      EXPECT_TRUE(copied.empty());  // NOLINT(bugprone-use-after-move): it says what is left
      copied.push_back(8);
      EXPECT_EQ(list(copied), std::vector<std::int64_t>{8});
    }
  }
  Short self = large;
  const Short& same = self;
  self = same;
  EXPECT_EQ(self, large);
}

TEST(InlineVector, InsertsAndErases) {
  Short values = made({1, 3});
  EXPECT_EQ(*values.insert(values.begin() + 1, 2), 2);
  EXPECT_EQ(list(values), (std::vector<std::int64_t>{1, 2, 3}));
  values.insert(values.begin(), 0);
  const std::vector<std::int64_t> more = {7, 8, 9};
  values.insert(values.end(), more.begin(), more.end());
  EXPECT_EQ(list(values), (std::vector<std::int64_t>{0, 1, 2, 3, 7, 8, 9}));
  values.insert(values.begin() + 2, more.begin(), more.end());
  EXPECT_EQ(list(values), (std::vector<std::int64_t>{0, 1, 7, 8, 9, 2, 3, 7, 8, 9}));
  EXPECT_EQ(*values.erase(values.begin()), 1);
  values.erase(values.begin() + 1, values.begin() + 8);
  EXPECT_EQ(list(values), (std::vector<std::int64_t>{1, 9}));
  values.pop_back();
  EXPECT_EQ(list(values), std::vector<std::int64_t>{1});
}

TEST(InlineVector, ComparesElements) {
  EXPECT_EQ((Short{1, 2}), (Short{1, 2}));
  EXPECT_NE((Short{1, 2}), (Short{1, 2, 3}));
  EXPECT_NE((Short{1, 2}), (Short{1, 3}));
  EXPECT_EQ(Short(std::size_t{2}, 4), (Short{4, 4}));
  EXPECT_EQ(made({1, 2, 3, 4}), (Short{1, 2, 3, 4}));
}

}  // namespace
}  // namespace latcast
