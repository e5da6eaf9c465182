#include "tables/table_reader.h"

#include <cmath>
#include <string>
#include <vector>

#include "scratch.h"
#include "small_map.h"

namespace latcast {
namespace {

using test::contains;
using test::kSmallMap;
using test::kSmallTable;
using test::must;
using test::with;
using State = TableCell::State;
using Use = TableReader::Use;

class Reader : public test::ScratchTest {
 protected:
  [[nodiscard]] Result<TableReader> open(const std::string& table, const std::string& map = kSmallMap,
                                         Use use = Use::measurements) {
    map_ = must(parse_map(map, "map.toml"));
    return TableReader::open(put("t.csv", table), map_, catalogue_, use);
  }
  [[nodiscard]] std::vector<TableRow> rows(TableReader& reader) const {
    std::vector<TableRow> result;
    TableRow row;
    while (must(reader.next(row))) result.push_back(row);
    return result;
  }
  [[nodiscard]] std::vector<TableRow> read(const std::string& table, const std::string& map = kSmallMap,
                                           Use use = Use::measurements) {
    TableReader reader = must(open(table, map, use));
    return rows(reader);
  }
  void expect_problem(const std::string& table, const std::string& map, const std::string& what) {
    auto reader = open(table, map);
    std::string said = reader ? "" : reader.error().context;
    TableRow row;
    while (reader && said.empty()) {
      const auto more = reader->next(row);
      if (!more) said = more.error().context;
      if (more && !*more) break;
    }
    EXPECT_TRUE(contains(said, at("t.csv")) && contains(said, what)) << what << "\n" << said;
  }

  Catalogue catalogue_ = test::small_catalogue();
  TableMap map_;
};

TEST_F(Reader, FindsTargets) {
  const TableReader reader = must(open(kSmallTable));
  ASSERT_EQ(reader.targets().size(), 2U);
  const TableTarget& hare = reader.targets()[0];
  EXPECT_EQ(hare.name, "hare|float");
  EXPECT_EQ(hare.device, "hare");
  EXPECT_EQ(hare.engine, "toy");
  EXPECT_EQ(hare.engine_version, "1.0");
  EXPECT_EQ(hare.settings, (std::map<std::string, std::string>{{"precision", "float"}, {"statistic", "median"}}));
  EXPECT_EQ(hare.conditions, (Conditions{{"fast", 1}}));
  EXPECT_EQ(reader.targets()[1].conditions, (Conditions{{"fast", 0}}));
  EXPECT_EQ(hare.latency, 6U);
  EXPECT_EQ(hare.kernel, 7U);
}

TEST_F(Reader, MakesModules) {
  const auto rows = read(kSmallTable);
  ASSERT_EQ(rows.size(), 3U);
  EXPECT_EQ(rows[0].line, 2U);
  EXPECT_EQ(rows[0].network, "res1");
  EXPECT_EQ(rows[0].order, 0);
  ASSERT_EQ(rows[0].modules.size(), 1U);
  EXPECT_EQ(catalogue_.types()[rows[0].modules[0].type].name, "t_mul");
  ASSERT_EQ(rows[0].modules[0].parameters.size(), 2U);
  EXPECT_EQ(rows[0].modules[0].parameters[0], 4);
  EXPECT_EQ(rows[0].modules[0].parameters[1], 8);
  // What comes unlisted stands before, as in the map.
  ASSERT_EQ(rows[1].modules.size(), 2U);
  EXPECT_FALSE(rows[1].modules[0].listed);
  EXPECT_EQ(rows[1].modules[0].parameters, (std::vector<double>{20}));
  EXPECT_TRUE(rows[1].modules[1].listed);
  EXPECT_EQ(rows[2].modules[0].parameters[1], 1);  // the default
}

TEST_F(Reader, ReadsLatencies) {
  const auto rows = read(kSmallTable);
  EXPECT_EQ(rows[0].latencies[0].state, State::measured);
  EXPECT_EQ(rows[0].latencies[0].latency_ns, 1500);
  EXPECT_EQ(rows[0].latencies[0].kernel, "quick");
  EXPECT_EQ(rows[1].latencies[0].kernel, "");
  EXPECT_EQ(rows[1].latencies[1].state, State::missing);
  EXPECT_EQ(rows[2].latencies[1].state, State::not_positive);
  EXPECT_NE(rows[0].fingerprint, rows[1].fingerprint);
}

TEST_F(Reader, ForecastsNeedNoLatencies) {
  const auto rows = read("op,hidden,inner,rows,net,step\nMUL,0,8,4,res1,0\nCOPY,2,,6,res1,1\n", kSmallMap, Use::inputs);
  ASSERT_EQ(rows.size(), 2U);
  EXPECT_EQ(rows[0].modules[0].parameters[1], 8);
  EXPECT_EQ(rows[1].modules.size(), 2U);
  EXPECT_TRUE(rows[0].latencies.empty());
}

TEST_F(Reader, ReadsNeighbours) {
  const std::string map = with(kSmallMap, "when = \"hidden > 0\"",
                               "when = 'next.op == \"COPY\" || previous.op == \"COPY\" || present(previous.inner)'");
  const auto rows = read(kSmallTable, with(map, "hidden * 10", "(next.rows | 100) + (previous.rows | 1000)"));
  ASSERT_EQ(rows.size(), 3U);
  ASSERT_EQ(rows[0].modules.size(), 2U);  // the next is a copy
  EXPECT_EQ(rows[0].modules[0].parameters[0], 1006);
  ASSERT_EQ(rows[1].modules.size(), 2U);  // the one before has an inner
  EXPECT_EQ(rows[1].modules[0].parameters[0], 104);
  EXPECT_EQ(rows[2].modules.size(), 1U);  // rows of another network are no neighbours
}

TEST_F(Reader, NeighboursMustStandTogetherAndInOrder) {
  const std::string map = with(kSmallMap, "hidden > 0", "(next.hidden | 0) > 0");
  const std::string table = kSmallTable;
  expect_problem(table + "res1,2,MUL,1,1,0,1,,1,\n", map, ":5: rows of 'res1' ended at line 3; map.toml looks at");
  expect_problem(table + "alex,-1,MUL,1,1,0,1,,1,\n", map, ":5: column 'step' falls behind line 4");
  EXPECT_EQ(read(table + "res1,2,MUL,1,1,0,1,,1,\n").size(), 4U);
}

TEST_F(Reader, ARepeatedRowIsNoNeighbour) {
  const std::string map = with(kSmallMap, "when = \"hidden > 0\"", "when = 'next.op == \"MUL\"'");
  TableReader reader =
      must(open(std::string(kSmallTable) + "alex,0,MUL,5,,0,3,quick,0,slow\n", with(map, "hidden * 10", "1")));
  EXPECT_EQ(rows(reader).back().modules.size(), 1U);
  EXPECT_EQ(reader.repeated().count, 1U);
  EXPECT_EQ(reader.repeated().line, 5U);
}

TEST_F(Reader, AMissingNumberIsAnErrorWithItsPlace) {
  expect_problem(with(kSmallTable, "MUL,4,8", "MUL,,8"), kSmallMap,
                 ":2: column 'rows' has no value, and 'rows' of the rule for 't_mul' at map.toml:33 needs one");
  expect_problem(kSmallTable, with(kSmallMap, "rows = \"rows\"", "rows = \"next.rows\""),
                 ":4: column 'rows' of the next row, which does not exist, has no value");
}

TEST_F(Reader, AnUnreadableNumberIsAnErrorWithItsPlace) {
  expect_problem(with(kSmallTable, "MUL,4,8", "MUL,four,8"), kSmallMap, ":2: column 'rows': 'four' is not a number");
  expect_problem(with(kSmallTable, "1.5,quick", "1.5 us,quick"), kSmallMap,
                 ":2: column 'hare time': '1.5 us' is not a");
  expect_problem(with(kSmallTable, "1.5,quick", "inf,quick"), kSmallMap, "'inf' is not a number");
  expect_problem(with(kSmallTable, "1.5,quick", "1e999,quick"), kSmallMap, "'1e999' is not a number");
  expect_problem(with(kSmallTable, "1.5,quick", "1e30,quick"), kSmallMap, "cannot be");
  expect_problem(with(kSmallTable, "res1,1,", "res1,one,"), kSmallMap, ":3: column 'step': 'one' is not a number");
  // In a row whose rule does not look at it, anything may stand.
  EXPECT_EQ(read(with(kSmallTable, "COPY,6,-", "COPY,6,none")).size(), 3U);
  EXPECT_EQ(read(with(kSmallTable, "MUL,4,8", "MUL, +4e0 ,8"))[0].modules[0].parameters[0], 4);
}

TEST_F(Reader, ColumnsMustBeThere) {
  expect_problem(with(kSmallTable, "net,", "model,"), kSmallMap, "has no column 'net', which map.toml names");
  expect_problem(with(kSmallTable, ",inner,", ",iner,"), kSmallMap,
                 "has no column 'inner', which map.toml names; did you mean 'iner'?");
  expect_problem(with(kSmallTable, "snail kernel", "rows"), kSmallMap, "two columns are headed 'rows'");
  expect_problem(with(with(kSmallTable, "hare time", "a"), "snail time", "b"), kSmallMap,
                 "no heading fits 'latency' of map.toml, '{device} time'; the headings are 'net', 'step'");
  expect_problem(with(with(kSmallTable, "hare kernel", "a"), "snail kernel", "b"), kSmallMap,
                 "no heading fits 'kernel'");
  expect_problem(with(kSmallTable, "snail time", "hare time"), kSmallMap, "two columns are headed 'hare time'");
  // What the map does not name may be anything.
  EXPECT_EQ(read(with(with(kSmallTable, "hare kernel", ""), "snail kernel", "hare kernel")).size(), 3U);
}

TEST_F(Reader, TargetsMustDiffer) {
  expect_problem(kSmallTable,
                 with(with(kSmallMap, "device = \"{device}\"", "device = \"phone\""), "values = { hare = 1 }\n", ""),
                 "'hare time' and 'snail time' are of the same target");
  auto without = open(kSmallTable, with(kSmallMap, "otherwise = 0\n", ""));
  ASSERT_FALSE(without.has_value());
  EXPECT_TRUE(contains(without.error().context, "no value for 'snail' and no 'otherwise'")) << without.error().context;
}

TEST_F(Reader, ARowNeedsExactlyOneListedRule) {
  expect_problem(with(kSmallTable, "COPY", "PASTE"), kSmallMap,
                 ":3: no listed [[module]] of map.toml fits this row: op = 'PASTE'");
  expect_problem(kSmallTable, with(kSmallMap, "op == \"COPY\"", "rows > 0"),
                 ":2: the rules at lines 33 and 40 of map.toml both fit");
  TableReader reader =
      must(open(with(kSmallTable, "COPY", "PASTE"), with(kSmallMap, "order =", "unmatched = \"skip\"\norder =")));
  EXPECT_EQ(rows(reader).size(), 2U);
  EXPECT_EQ(reader.unmatched().count, 1U);
  EXPECT_EQ(reader.unmatched().line, 3U);
}

TEST_F(Reader, NetworksAndOrdersMustBeThere) {
  expect_problem(with(kSmallTable, "\nalex,", "\n,"), kSmallMap, ":4: column 'net' names no network");
  expect_problem(with(kSmallTable, "\nalex,0", "\nalex,-"), kSmallMap, ":4: column 'step' has no value");
}

TEST_F(Reader, HeadingsThatAreNoNamesHaveAliases) {
  std::string map = with(kSmallMap, "[target]", "[columns]\nrows = \"number of rows\"\n[target]");
  EXPECT_EQ(read(with(kSmallTable, ",rows,", ",number of rows,"), map)[0].modules[0].parameters[0], 4);
  expect_problem(kSmallTable, map, "has no column 'number of rows'");
}

TEST_F(Reader, TheRealTablesHaveWhatTheirMapsSay) {
  const Catalogue catalogue = must(Catalogue::builtin());
  const std::map<std::string, std::size_t> files = {
      {"tflite_cnn_ops_gpu", 60}, {"torch_cnn_ops_gpu", 99}, {"tflite_cnn_e2e", 3}, {"torch_cnn_e2e", 3}};
  for (const auto& [name, expected] : files) {
    const TableMap map = must(read_map(std::string(LATCAST_MAPS) + "/mobile/" + name + ".toml"));
    TableReader reader = must(TableReader::open(std::string(LATCAST_TEST_DATA) + "/mobile/" + name + ".csv", map,
                                                catalogue, Use::measurements));
    EXPECT_EQ(rows(reader).size(), expected) << name;
    EXPECT_EQ(reader.progress(), 1) << name;
  }
}

}  // namespace
}  // namespace latcast
