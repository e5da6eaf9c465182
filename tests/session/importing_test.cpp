#include "session/importing.h"

#include <gtest/gtest.h>

#include "must.h"
#include "scratch.h"
#include "session/listeners.h"
#include "tables/small_map.h"

namespace latcast::session {
namespace {

using test::contains;
using test::must;

/// Networks' totals: no module type is needed.
constexpr const char* kMap = R"toml(name = "whole"
rows = "networks"
network = "net"
[target]
latency = "{device} total"
unit = "ms"
statistic = "mean"
name = "{device}|float"
device = "{device}"
engine = "toy"
engine_version = "1.0"
)toml";
constexpr const char* kTable = "net,hare total,snail total\nalex,1.25,20\nbert,2,NaN\n";

class Importing : public test::ScratchTest {
 protected:
  [[nodiscard]] Result<ImportSummary> import(const std::string& table = kTable, Listener&& listener = Listener()) {
    options_.table = put("t.csv", table);
    options_.map = put("map.toml", kMap);
    options_.db = at("host.db");
    return import_table(options_, listener);
  }
  /// Latencies of all targets.
  [[nodiscard]] std::size_t stored() const {
    std::size_t out = 0;
    Store store = must(Store::open_read_only(at("host.db")));
    for (const TargetRecord& target : must(store.targets())) out += must(store.totals(target.id)).size();
    return out;
  }

  ImportOptions options_;
};

TEST_F(Importing, StoresTheTableAndSaysWhatIsInIt) {
  const ImportSummary summary = must(import());
  EXPECT_EQ(summary.name, "whole");
  EXPECT_EQ(summary.rows, 2U);
  EXPECT_EQ(summary.networks.size(), 2U);
  ASSERT_EQ(summary.targets.size(), 2U);
  EXPECT_EQ(summary.targets[0].target.name, "hare|float");
  EXPECT_EQ(summary.targets[0].measured, 2U);
  EXPECT_EQ(summary.targets[1].missing, 1U);
  EXPECT_FALSE(summary.warnings.empty());
  EXPECT_EQ(stored(), 3U);
}

TEST_F(Importing, IntoAnOpenStoreTheTypesAreThoseThatAreGiven) {
  Store store = must(Store::create(at("host.db")));
  Listener nobody;
  const ImportSummary summary = must(import_table(store, put("t.csv", test::kSmallTable),
                                                  put("map.toml", test::kSmallMap), test::small_catalogue(), nobody));
  EXPECT_EQ(summary.listed, (std::map<std::string, std::size_t>{{"t_copy", 1}, {"t_mul", 2}}));
  EXPECT_EQ(summary.unlisted, (std::map<std::string, std::size_t>{{"t_copy", 1}}));
  EXPECT_EQ(summary.families().at("res"), 1U);
}

TEST_F(Importing, ADryRunReadsAllAndStoresNothing) {
  options_.dry_run = true;
  EXPECT_EQ(must(import()).rows, 2U);
  EXPECT_FALSE(std::filesystem::exists(at("host.db")));
}

TEST_F(Importing, ABadCellIsNamedAndNoStoreIsLeftBehind) {
  const auto refused = import(test::with(kTable, "1.25", "soon"));
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, Errc::invalid_input);
  EXPECT_TRUE(contains(refused.error().context, at("t.csv") + ":2") && contains(refused.error().context, "hare total"))
      << refused.error().context;
  EXPECT_FALSE(std::filesystem::exists(at("host.db")));
}

TEST_F(Importing, CancelledItLeavesTheStoreAsItWas) {
  must(import());
  const auto none = import("net,hare total\nalex,7\n", test::StopsAfter(0));
  ASSERT_FALSE(none.has_value());
  EXPECT_EQ(none.error().code, Errc::interrupted);
  EXPECT_EQ(stored(), 3U);
}

}  // namespace
}  // namespace latcast::session
