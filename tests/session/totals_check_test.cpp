#include "session/totals_check.h"

#include <gtest/gtest.h>

#include "must.h"
#include "scratch.h"

namespace latcast::session {
namespace {

using test::contains;

class TotalsCheck : public testing::Test {
 protected:
  /// Networks of two products of a million multiply-accumulates each; ns.
  std::optional<std::string> verdict(const std::vector<double>& totals, double operation) {
    std::vector<learn::TableNetwork> networks;
    for (const double total : totals) {
      learn::TableNetwork& one = networks.emplace_back();
      one.total_ns = total;
      for (int i = 0; i < 2; ++i) one.modules.push_back({0, {1e6}, operation, true, ""});
    }
    return beyond_reason(networks, catalogue_);
  }

  static constexpr double kNone = std::numeric_limits<double>::quiet_NaN();
  static Catalogue products() {
    const std::vector<std::pair<std::string, std::string>> sources = {
        {"mul.toml",
         "name = \"t_mul\"\nsummary = \"product\"\ngiven = [\"n\"]\nmacs = \"n\"\nbase = [\"n\"]\nfeatures = "
         "[\"n\"]\n"}};
    return test::must(Catalogue::from_sources(sources));
  }
  Catalogue catalogue_ = products();
};

TEST_F(TotalsCheck, TotalsAreAboutTheSumOfTheirOperations) {
  EXPECT_EQ(verdict({2.2e6, 2.4e6, 9e6}, 1e6), std::nullopt);
  EXPECT_EQ(verdict({0.6e6}, 1e6), std::nullopt);                       // operations side by side
  EXPECT_EQ(verdict({kNone, 2.1e9, 2.2e6, 2.2e6}, 1e6), std::nullopt);  // one of them is odd: not the unit
  EXPECT_EQ(verdict({2e6}, kNone), std::nullopt);
}

TEST_F(TotalsCheck, AWrongUnitIsNamed) {
  const auto large = verdict({2.2e9, 2.2e9, 2.4e9}, 1e6);
  ASSERT_TRUE(large);
  EXPECT_TRUE(contains(*large, "1100 times the sum of their operations (median of 3 networks)")) << *large;
  EXPECT_TRUE(contains(*large, "in a unit 1000 times smaller (us for ms, ms for s) would fit")) << *large;
  const auto small = verdict({2.2}, 1e6);
  ASSERT_TRUE(small);
  EXPECT_TRUE(contains(*small, "1.1e-06 times") && contains(*small, "1000000 times larger (ms for ns")) << *small;
  const auto odd = verdict({6e7}, 1e6);
  ASSERT_TRUE(odd);
  EXPECT_TRUE(contains(*odd, "30 times") && contains(*odd, "no unit explains that")) << *odd;
}

TEST_F(TotalsCheck, NothingIsFasterOrSlowerThanMachinesAre) {
  const auto fast = verdict({1}, kNone);  // 2e15 a second
  ASSERT_TRUE(fast);
  EXPECT_TRUE(contains(*fast, "2e+15 multiply-accumulates a second (median of 1 network)")) << *fast;
  EXPECT_TRUE(verdict({4e12}, kNone));  // 500 a second
  EXPECT_TRUE(verdict({kNone}, 1e-3));  // operations alone
  EXPECT_EQ(verdict({1e12}, kNone), std::nullopt);
}

}  // namespace
}  // namespace latcast::session
