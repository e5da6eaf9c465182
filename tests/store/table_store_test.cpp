#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <string>
#include <vector>

#include "must.h"
#include "store/import_writer.h"

namespace latcast {
namespace {

namespace fs = std::filesystem;
using test::must;

class TableStore : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::path(testing::TempDir()) /
              ("latcast_table_store_" + std::string(testing::UnitTest::GetInstance()->current_test_info()->name()));
    fs::remove_all(folder_);
    fs::create_directories(folder_);
  }
  void TearDown() override { fs::remove_all(folder_); }

  [[nodiscard]] Store make() const { return must(Store::create((folder_ / "t.db").string())); }

  static ImportRecord import(const std::string& name, const std::string& kind = "operations") {
    return {0, name, kind, "name = \"" + name + "\"", name + ".csv", 1700000000, "0.1.0", {}};
  }
  static TargetRecord target(const std::string& device) {
    return {0, device + "|float", device, "", "toy", "1.0", "", {{"statistic", "mean"}, {"condition.fast", "0.5"}}};
  }

  /// One network with two operations, measured on every device.
  static void fill(ImportWriter& rows, const std::vector<std::string>& devices, std::int64_t latency_ns = 100) {
    const std::int64_t network = must(rows.add_network("res1", "res"));
    const std::int64_t second = must(rows.add_operation({0, network, 2, 3, "t_copy", {{"size", 7}}, false, {}, ""}));
    const std::int64_t first = must(rows.add_operation({0, network, 1, 2, "t_mul", {{"rows", 4}}, true, {}, ""}));
    for (const std::string& device : devices) {
      const std::int64_t id = must(rows.add_target(target(device)));
      must_do(rows.add_latency(id, first, latency_ns, "quick"));
    }
    (void)second;
  }
  static void must_do(const Result<void>& result) { ASSERT_TRUE(result.has_value()) << result.error().context; }
  static void fill_and_commit(Store& store, const std::string& name, const std::vector<std::string>& devices,
                              std::int64_t latency_ns = 100) {
    ImportWriter rows = must(ImportWriter::begin(store, import(name)));
    fill(rows, devices, latency_ns);
    must_do(rows.commit({{"rows", 2}}));
  }

  fs::path folder_;
};

TEST_F(TableStore, GivesBackWhatWasPutIn) {
  {
    Store store = make();
    fill_and_commit(store, "small", {"hare", "snail"});
  }
  Store store = must(Store::open_read_only((folder_ / "t.db").string()));
  const auto imports = must(store.imports());
  ASSERT_EQ(imports.size(), 1U);
  EXPECT_EQ(imports[0].name, "small");
  EXPECT_EQ(imports[0].kind, "operations");
  EXPECT_EQ(imports[0].map, "name = \"small\"");
  EXPECT_EQ(imports[0].file, "small.csv");
  EXPECT_EQ(imports[0].imported_unix_s, 1700000000);
  EXPECT_EQ(imports[0].tool_version, "0.1.0");
  EXPECT_EQ(imports[0].counts, (std::map<std::string, std::int64_t>{{"rows", 2}}));
  const auto targets = must(store.targets());
  ASSERT_EQ(targets.size(), 2U);
  EXPECT_EQ(targets[0].conditions(), (Conditions{{"fast", 0.5}}));
  const auto networks = must(store.table_networks(imports[0].id));
  ASSERT_EQ(networks.size(), 1U);
  EXPECT_EQ(networks[0].family, "res");
  const auto operations = must(store.operations(imports[0].id, targets[1].id));
  ASSERT_EQ(operations.size(), 2U);
  EXPECT_EQ(operations[0].type, "t_mul");  // by position, not as they were put in
  EXPECT_EQ(operations[0].position, 1);
  EXPECT_EQ(operations[0].line, 2);
  EXPECT_EQ(operations[0].parameters, (std::map<std::string, double>{{"rows", 4}}));
  EXPECT_TRUE(operations[0].listed);
  EXPECT_EQ(operations[0].latency_ns, 100);
  EXPECT_EQ(operations[0].kernel, "quick");
  EXPECT_FALSE(operations[1].listed);
  EXPECT_FALSE(operations[1].latency_ns.has_value());
  const TargetContents contents = must(store.contents(targets[0].id));
  EXPECT_EQ(contents.operations, 1);
  EXPECT_EQ(contents.operation_networks, 1);
  EXPECT_EQ(contents.totals, 0);
  EXPECT_EQ(contents.campaigns, 0);
}

TEST_F(TableStore, KeepsTotals) {
  Store store = make();
  ImportWriter rows = must(ImportWriter::begin(store, import("whole", "networks")));
  const std::int64_t id = must(rows.add_target(target("hare")));
  must_do(rows.add_total(id, must(rows.add_network("res1", "res")), 5000, 12));
  must_do(rows.add_total(id, must(rows.add_network("alex", "alex")), 7000, std::nullopt));
  must_do(rows.commit({}));
  const auto totals = must(store.totals(id));
  ASSERT_EQ(totals.size(), 2U);
  EXPECT_EQ(totals[0].name, "res1");
  EXPECT_EQ(totals[0].family, "res");
  EXPECT_EQ(totals[0].latency_ns, 5000);
  EXPECT_EQ(totals[0].deviation_ns, 12);
  EXPECT_FALSE(totals[1].deviation_ns.has_value());
  EXPECT_EQ(must(store.contents(id)).totals, 2);
  EXPECT_EQ(must(store.measured_networks("toy", false, {})), (std::vector<std::string>{"alex", "res1"}));
  EXPECT_TRUE(must(store.measured_networks("toy", true, {})).empty());
  EXPECT_TRUE(must(store.measured_networks("other", false, {})).empty());
}

TEST_F(TableStore, AnImportOfTheSameNameReplaces) {
  Store store = make();
  fill_and_commit(store, "small", {"hare", "snail"});
  const auto before = must(store.targets());
  fill_and_commit(store, "small", {"hare"}, 250);
  ASSERT_EQ(must(store.imports()).size(), 1U);
  const auto targets = must(store.targets());
  ASSERT_EQ(targets.size(), 1U);  // nothing is left of the other
  EXPECT_EQ(targets[0].id, before[0].id);
  const std::int64_t id = must(store.imports())[0].id;
  EXPECT_EQ(must(store.table_networks(id)).size(), 1U);
  const auto operations = must(store.operations(id, targets[0].id));
  ASSERT_EQ(operations.size(), 2U);
  EXPECT_EQ(operations[0].latency_ns, 250);
}

TEST_F(TableStore, ImportsOfOtherNamesStay) {
  Store store = make();
  fill_and_commit(store, "small", {"hare"});
  fill_and_commit(store, "other", {"hare"});
  const auto targets = must(store.targets());
  ASSERT_EQ(targets.size(), 1U);
  EXPECT_EQ(must(store.contents(targets[0].id)).operations, 2);
  EXPECT_EQ(must(store.measured_networks("toy", true, {})).size(), 1U);  // the same network in both
  EXPECT_EQ(must(store.measured_networks("toy", true, {"none"})).size(), 0U);
  fill_and_commit(store, "small", {"snail"});
  EXPECT_EQ(must(store.targets()).size(), 2U);
  EXPECT_EQ(must(store.contents(targets[0].id)).operations, 1);
}

TEST_F(TableStore, GivenUpNothingChanges) {
  Store store = make();
  fill_and_commit(store, "small", {"hare"});
  {
    ImportWriter rows = must(ImportWriter::begin(store, import("small")));
    fill(rows, {"snail"}, 9);
  }
  const auto targets = must(store.targets());
  ASSERT_EQ(targets.size(), 1U);
  EXPECT_EQ(targets[0].device, "hare");
  EXPECT_EQ(must(store.operations(1, targets[0].id))[0].latency_ns, 100);
  fill_and_commit(store, "small", {"snail"});  // and it can be written again
  EXPECT_EQ(must(store.targets())[0].device, "snail");
}

TEST_F(TableStore, AMeasuredTargetOutlivesItsTable) {
  Store store = make();
  const std::int64_t id = must(store.ensure_target(target("hare")));
  must(store.add_campaign({0, id, 1, "0.1.0", 1, 1, 0, "running", "{}", {}}));
  fill_and_commit(store, "small", {"hare"});
  fill_and_commit(store, "small", {"snail"});
  EXPECT_EQ(must(store.targets()).size(), 2U);
}

TEST_F(TableStore, NotesRowsThatComeTwice) {
  Store store = make();
  ImportWriter rows = must(ImportWriter::begin(store, import("small")));
  const std::int64_t network = must(rows.add_network("res1", "res"));
  EXPECT_EQ(must(rows.note_row(network, 0, 2, 111)).line, 0);
  EXPECT_EQ(must(rows.note_row(network, 0.5, 3, 111)).line, 0);
  const EarlierRow same = must(rows.note_row(network, 0, 4, 111));
  EXPECT_EQ(same.line, 2);
  EXPECT_TRUE(same.same);
  const EarlierRow other = must(rows.note_row(network, 0, 5, ~std::uint64_t{0}));
  EXPECT_EQ(other.line, 2);
  EXPECT_FALSE(other.same);
}

TEST_F(TableStore, OneImportAtATime) {
  Store store = make();
  Store other = must(Store::create((folder_ / "t.db").string(), std::chrono::milliseconds(20)));
  ImportWriter rows = must(ImportWriter::begin(store, import("small")));
  const auto second = ImportWriter::begin(other, import("small"));
  ASSERT_FALSE(second.has_value());
  EXPECT_EQ(second.error().code, Errc::io);
}

}  // namespace
}  // namespace latcast
