// latcast import and latcast targets: what goes in, what is refused, and what the store is like afterwards.
#include <sys/stat.h>

#include <algorithm>
#include <set>

#include "command.h"
#include "must.h"
#include "session/targets.h"
#include "store/store.h"

namespace latcast {
namespace {

using test::contains;
using test::Json;
using test::must;
using test::Outcome;

constexpr const char* kMap = R"toml(name = "small"
rows = "operations"
network = "net"
order = "step"

[target]
latency = "{device} time"
unit = "us"
statistic = "mean"
name = "{device}|float"
device = "{device}"
engine = "toy"
engine_version = "1.0"
[target.condition.cpu]
field = "device"
values = {}
otherwise = 0

[[module]]
type = "torch_pool"
when = 'op == "MEAN"'
[module.parameters]
hi = "side"
ho = 1
channels = "channels"
k = "side"
stride = 1
average = 1
whole = 1

[[module]]
type = "torch_linear"
when = 'op == "FC"'
[module.parameters]
cin = "channels"
cout = 10
)toml";

constexpr const char* kTable =
    "net,step,op,side,channels,hare time,snail time\n"
    "alex,0,MEAN,7,64,1.5,20\n"
    "alex,1,FC,,64,2.5,30\n"
    "bert,0,FC,,32,3,25\n";

constexpr const char* kTotalsMap = R"toml(name = "whole"
rows = "networks"
network = "net"
[target]
latency = "{device} total"
deviation = "{device} std"
unit = "us"
statistic = "mean"
name = "{device}|float"
device = "{device}"
engine = "toy"
engine_version = "1.0"
[target.condition.cpu]
field = "device"
values = {}
otherwise = 0
)toml";

constexpr const char* kTotals = "net,hare total,hare std\nalex,1.25,0.5\nbert,2,\n";

std::string with(std::string text, const std::string& from, const std::string& to) {
  const std::size_t at = text.find(from);
  if (at == std::string::npos) throw std::runtime_error("no '" + from + "' in the text");
  return text.replace(at, from.size(), to);
}

class Import : public test::CliTest {
 protected:
  void SetUp() override {
    CliTest::SetUp();
    test::write_text(at("map.toml"), kMap);
    test::write_text(at("t.csv"), kTable);
    test::write_text(at("totals.toml"), kTotalsMap);
    test::write_text(at("totals.csv"), kTotals);
  }
  [[nodiscard]] std::vector<std::string> command(const std::string& table = "t.csv",
                                                 const std::string& map = "map.toml",
                                                 const std::vector<std::string>& more = {}) const {
    std::vector<std::string> arguments = {"import", at(table), "--map", at(map), "--db", at("host.db")};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return arguments;
  }
  [[nodiscard]] Outcome import_text(const std::string& table, const std::string& map = kMap) const {
    test::write_text(at("t.csv"), table);
    test::write_text(at("map.toml"), map);
    return run(command());
  }
  /// Refused with these words, and nothing is left behind.
  void refuse(const std::string& table, const std::string& what, const std::string& map = kMap) const {
    const Outcome outcome = import_text(table, map);
    EXPECT_EQ(outcome.code, 1) << table.substr(0, 200) << outcome;
    EXPECT_TRUE(contains(outcome.err, what)) << what << outcome;
    EXPECT_FALSE(contains(outcome.err, "internal error")) << outcome;
    EXPECT_FALSE(test::fs::exists(at("host.db"))) << outcome;
  }
  /// All that is in the store, as text.
  [[nodiscard]] std::string dump() const {
    Store store = must(Store::open_read_only(at("host.db")));
    std::string text;
    for (const TargetRecord& target : must(store.targets())) {
      text += target.name + "\n";
      for (const ImportRecord& import : must(store.imports())) {
        for (const OperationRecord& one : must(store.operations(import.id, target.id))) {
          text += import.name + " " + one.type + " " + std::to_string(one.line) + " " +
                  std::to_string(one.latency_ns.value_or(-1)) + "\n";
        }
      }
      for (const TotalRecord& one : must(store.totals(target.id))) {
        text += one.name + " " + std::to_string(one.latency_ns) + "\n";
      }
    }
    return text;
  }
};

TEST_F(Import, StoresAndSaysWhat) {
  const Outcome outcome = run(command());
  ASSERT_EQ(outcome.code, 0) << outcome;
  EXPECT_TRUE(contains(outcome.out, "small: 3 rows, 2 networks of 2 families")) << outcome;
  EXPECT_TRUE(contains(outcome.out, "torch_linear") && contains(outcome.out, "hare|float")) << outcome;
  EXPECT_TRUE(contains(outcome.err, "2 families have a single network: alex, bert")) << outcome;
  Store store = must(Store::open_read_only(at("host.db")));
  const auto targets = must(store.targets());
  ASSERT_EQ(targets.size(), 2U);
  EXPECT_EQ(targets[0].settings.at("statistic"), "mean");
  const auto operations = must(store.operations(must(store.imports())[0].id, targets[0].id));
  ASSERT_EQ(operations.size(), 3U);
  EXPECT_EQ(operations[0].type, "torch_pool");
  EXPECT_EQ(operations[0].latency_ns, 1500);
  EXPECT_EQ(operations[1].parameters, (std::map<std::string, double>{{"cin", 64}, {"cout", 10}}));
  const Outcome inspected = run({"inspect", at("host.db")});
  EXPECT_EQ(inspected.code, 0) << inspected;
  EXPECT_TRUE(contains(inspected.out, "small")) << inspected;
}

TEST_F(Import, WritesJson) {
  const Json json = run_json(command("t.csv", "map.toml", {"--json"}));
  EXPECT_EQ(json["schema_version"], 2);
  const Json& import = json["import"];
  EXPECT_EQ(import["name"], "small");
  EXPECT_EQ(import["stored"], true);
  EXPECT_EQ(import["rows"], 3);
  EXPECT_EQ(import["networks"], 2);
  EXPECT_EQ(import["families"]["alex"], 1);
  EXPECT_EQ(import["modules"].size(), 2U);
  EXPECT_EQ(import["targets"][1]["latencies"], 3);
  EXPECT_FALSE(import["warnings"].empty());
}

TEST_F(Import, ADryRunStoresNothing) {
  const Outcome without = run({"import", at("t.csv"), "--map", at("map.toml"), "--dry-run"});
  EXPECT_EQ(without.code, 0) << without;
  EXPECT_TRUE(contains(without.out, "nothing stored")) << without;
  EXPECT_EQ(run(command("t.csv", "map.toml", {"--dry-run"})).code, 0);
  EXPECT_FALSE(test::fs::exists(at("host.db")));
  EXPECT_EQ(run({"import", at("t.csv"), "--map", at("map.toml")}).code, 2);
  test::write_text(at("t.csv"), with(kTable, "1.5", "x"));
  EXPECT_EQ(run(command("t.csv", "map.toml", {"--dry-run"})).code, 1);
}

TEST_F(Import, RepeatingItDoublesNothing) {
  ASSERT_EQ(run(command()).code, 0);
  const std::string once = dump();
  ASSERT_EQ(run(command()).code, 0);
  EXPECT_EQ(dump(), once);
}

TEST_F(Import, ATargetThatIsGoneIsRemoved) {
  ASSERT_EQ(run(command()).code, 0);
  test::write_text(at("t.csv"), with(kTable, "snail time", "snail"));
  ASSERT_EQ(run(command()).code, 0);
  EXPECT_FALSE(contains(dump(), "snail"));
}

TEST_F(Import, AFailureLeavesTheStoreAsItWas) {
  ASSERT_EQ(run(command()).code, 0);
  const std::string before = dump();
  for (const char* last : {"bert,1,FC,,32,three,25\n", "bert,1,FC,,32\n", "bert,1,TANH,,32,3,25\n", "bert,1,\"FC"}) {
    const Outcome outcome = import_text(with(kTable, "1.5", "9.5") + last);
    EXPECT_EQ(outcome.code, 1) << outcome;
    EXPECT_TRUE(contains(outcome.err, at("t.csv") + ":5: ")) << outcome;
    EXPECT_EQ(dump(), before);
  }
}

TEST_F(Import, AKillLeavesTheStoreAsItWas) {
  ASSERT_EQ(run(command()).code, 0);
  const std::string before = dump();
  // A pipe that gives some rows and then nothing more: the command waits in the midst of the table.
  ASSERT_EQ(mkfifo(at("pipe.csv").c_str(), 0600), 0);
  for (const int signal : {SIGKILL, SIGINT}) {
    test::Command running(folder_, command("pipe.csv"));
    const int pipe = open(at("pipe.csv").c_str(), O_WRONLY | O_CLOEXEC);
    std::string rows = "net,step,op,side,channels,hare time,snail time\n";
    for (int i = 0; i < 5000; ++i) rows += "bert," + std::to_string(i) + ",FC,,32,3,25\n";
    ASSERT_EQ(write(pipe, rows.data(), rows.size()), static_cast<ssize_t>(rows.size()));
    running.send(signal);
    if (signal == SIGINT) {
      // A signal is looked at between rows.
      const std::string row = "bert,5000,FC,,32,3,25\n";
      (void)!write(pipe, row.data(), row.size());
    }
    close(pipe);
    const Outcome outcome = running.wait();
    EXPECT_EQ(outcome.code, signal == SIGKILL ? 128 + SIGKILL : 130) << outcome;
    EXPECT_EQ(dump(), before);
  }
  EXPECT_EQ(run(command()).code, 0);
}

TEST_F(Import, TakesOddButGoodFiles) {
  EXPECT_EQ(import_text("\xEF\xBB\xBF" + with(with(kTable, "\nalex,0", "\r\n\r\nalex,0"), "\nalex,1", "\ralex,1")).code,
            0);
  const std::string plain = dump();
  EXPECT_EQ(import_text(with(with(kTable, "FC,,64", "\"FC\", ,64"), "MEAN,7", "\"MEAN\",7.0")).code, 0);
  const std::string quoted = dump();
  EXPECT_TRUE(contains(plain, "torch_linear") && contains(quoted, "torch_linear"));
  EXPECT_EQ(std::ranges::count(plain, '\n'), std::ranges::count(quoted, '\n'));
}

TEST_F(Import, CountsWhatWasNotMeasured) {
  const Outcome outcome = import_text(with(with(with(kTable, "1.5,20", "-,0"), "2.5,30", "2.5,-3"), "3,25", "NaN,25"));
  EXPECT_EQ(outcome.code, 0) << outcome;
  EXPECT_TRUE(
      contains(outcome.err, "2 cells of 1 target not measured; first: " + at("t.csv") + ":2, column 'hare time'"))
      << outcome;
  EXPECT_TRUE(contains(outcome.err, "2 latencies are zero or negative, taken as not measured; first: " + at("t.csv") +
                                        ":2, column 'snail time'"))
      << outcome;
  EXPECT_TRUE(contains(dump(), "torch_pool 2 -1"));
}

TEST_F(Import, ARowCountsOnce) {
  const Outcome outcome = import_text(std::string(kTable) + "alex,0,MEAN,7,64,1.5,20\n");
  EXPECT_EQ(outcome.code, 0) << outcome;
  EXPECT_TRUE(contains(outcome.err, "1 row repeats an earlier one and count") &&
              contains(outcome.err, at("t.csv") + ":5"))
      << outcome;
  EXPECT_TRUE(contains(outcome.out, "small: 3 rows")) << outcome;
}

TEST_F(Import, RefusesBadTables) {
  refuse(std::string(kTable) + "alex,0,MEAN,7,64,1.6,20\n",
         at("t.csv") + ":5: column 'step': 0 of 'alex' stands with other cells at line 2");
  refuse(with(kTable, "1.5", "abc"), at("t.csv") + ":2: column 'hare time': 'abc' is not a number");
  refuse(with(kTable, "net,", "nets,"),
         "has no column 'net', which " + at("map.toml") + " names; did you mean 'nets'?");
  refuse(with(with(kTable, "hare time", "hare"), "snail time", "snail"), "no heading fits 'latency'");
  refuse(with(kTable, "MEAN", "SUM"), ":2: no listed [[module]]");
  refuse("net,step,op,side,channels,hare time,snail time\n", "no row behind the header");
  refuse("net,step,op,side,channels,hare time,snail time\na,0,FC,,3,-,-\n", "no latency is above 0");
  refuse("", "the file is empty");
  refuse(std::string("net\0,step\n", 10), "NUL byte");
  refuse(std::string("\x7F"
                     "ELF\x02\x01\x01\0\0\0",
                     10),
         at("t.csv"));
  refuse(std::string(3 << 20, 'x'), "longer than 1 MB");
}

TEST_F(Import, RefusesBadMaps) {
  refuse(kTable, at("map.toml") + ":8: 'unit' must be", with(kMap, "\"us\"", "\"fortnights\""));
  refuse(kTable, "the rule for 'torch_pol': the catalogue has no such module type; did you mean 'torch_pool'?",
         with(kMap, "torch_pool", "torch_pol"));
  refuse(kTable, "no parameter 'height'", with(kMap, "hi = ", "height = "));
  refuse(kTable, "parameter 'channels' of the type is missing", with(kMap, "channels = \"channels\"\n", ""));
  refuse(kTable, "unknown key 'ordr'; did you mean 'order'?", with(kMap, "order", "ordr"));
  refuse(kTable, at("map.toml") + ":1: ", "\xFF\xFE");
  refuse(kTable, at("map.toml") + ":1: 'name' is missing", "");
}

TEST_F(Import, RefusesWhatIsNoFile) {
  const auto refuse_files = [&](const std::string& table, const std::string& map, const std::string& what) {
    const Outcome outcome = run({"import", table, "--map", map, "--db", at("host.db")});
    EXPECT_EQ(outcome.code, 1) << outcome;
    EXPECT_TRUE(contains(outcome.err, what)) << outcome;
    EXPECT_FALSE(test::fs::exists(at("host.db")));
  };
  refuse_files(at("none.csv"), at("map.toml"), at("none.csv"));
  refuse_files(folder_.string(), at("map.toml"), "is a folder, not a CSV file");
  refuse_files(at("t.csv"), at("none.toml"), at("none.toml"));
  refuse_files(at("t.csv"), folder_.string(), "not a regular file");
  const Outcome nowhere = run({"import", at("t.csv"), "--map", at("map.toml"), "--db", at("none/host.db")});
  EXPECT_EQ(nowhere.code, 1) << nowhere;
  EXPECT_TRUE(contains(nowhere.err, "cannot be opened")) << nowhere;
  const Outcome table = run({"import", at("t.csv"), "--map", at("map.toml"), "--db", at("t.csv")});
  EXPECT_EQ(table.code, 1) << table;
  EXPECT_TRUE(contains(table.err, "not a latcast store")) << table;
  EXPECT_EQ(test::read_text(at("t.csv")), kTable);
}

TEST_F(Import, WaitsForNoLockForever) {
  ASSERT_EQ(run(command()).code, 0);
  auto other = must(sqlite::Database::open(at("host.db"), sqlite::Database::Mode::read_write));
  ASSERT_TRUE(other.execute("BEGIN IMMEDIATE").has_value());
  const Outcome outcome = run(command());
  EXPECT_EQ(outcome.code, 1) << outcome;
  EXPECT_TRUE(contains(outcome.err, "locked by another process")) << outcome;
}

TEST_F(Import, ADiskThatFillsUpChangesNothing) {
  ASSERT_EQ(run(command()).code, 0);
  const std::string before = dump();
  std::string table = "net,step,op,side,channels,hare time,snail time\n";
  for (int i = 0; i < 20000; ++i) table += "alex," + std::to_string(i) + ",FC,,64,1,2\n";
  test::write_text(at("t.csv"), table);
  std::vector<std::string> limited = {"sh", "-c", "trap '' XFSZ; ulimit -f 800; exec \"$0\" \"$@\"", LATCAST_BINARY};
  std::ranges::move(command(), std::back_inserter(limited));
  const Outcome outcome = run(limited);
  EXPECT_EQ(outcome.code, 1) << outcome;
  EXPECT_TRUE(contains(outcome.err, "disk")) << outcome;
  EXPECT_EQ(dump(), before);
}

TEST_F(Import, ALargeTableTakesLittleMemory) {
#if defined(LATCAST_ADDRESS_SANITIZER)
  GTEST_SKIP() << "address spaces cannot be limited under AddressSanitizer";
#endif
  {
    std::ofstream table(at("t.csv"));
    table << "net,step,op,side,channels,hare time,snail time,remark\n";
    const std::string remark(400, 'x');
    for (int i = 0; i < 40000; ++i) table << "alex," << i << ",FC,," << 1 + i % 512 << ",1.5,2.5," << remark << "\n";
  }
  ASSERT_GT(test::fs::file_size(at("t.csv")), 15'000'000U);
  std::vector<std::string> limited = {"sh", "-c", "ulimit -v 120000; exec \"$0\" \"$@\"", LATCAST_BINARY};
  std::ranges::move(command("t.csv", "map.toml", {"--progress", "always"}), std::back_inserter(limited));
  const Outcome outcome = run(limited);
  EXPECT_EQ(outcome.code, 0) << outcome;
  EXPECT_TRUE(contains(outcome.out, "40000 rows")) << outcome;
}

// ---- rows that are networks

TEST_F(Import, TotalsJoinTheirOperations) {
  ASSERT_EQ(run(command()).code, 0);
  const Outcome outcome = run(command("totals.csv", "totals.toml"));
  ASSERT_EQ(outcome.code, 0) << outcome;
  EXPECT_FALSE(contains(outcome.err, "no operations")) << outcome;
  Store store = must(Store::open_read_only(at("host.db")));
  const auto targets = must(store.targets());
  ASSERT_EQ(targets.size(), 2U);  // the same target as the operations'
  const auto totals = must(store.totals(targets[0].id));
  ASSERT_EQ(totals.size(), 2U);
  EXPECT_EQ(totals[0].latency_ns, 1250);
  EXPECT_EQ(totals[0].deviation_ns, 500);
  EXPECT_FALSE(totals[1].deviation_ns.has_value());
}

TEST_F(Import, SaysWhatHasNoCounterpart) {
  ASSERT_EQ(run(command()).code, 0);
  test::write_text(at("totals.csv"), with(kTotals, "bert", "carl"));
  const Outcome outcome = run(command("totals.csv", "totals.toml"));
  ASSERT_EQ(outcome.code, 0) << outcome;
  EXPECT_TRUE(contains(outcome.err, "1 network has totals on toy but no operations: carl")) << outcome;
  EXPECT_TRUE(contains(outcome.err, "1 network has operations on toy but no totals: bert")) << outcome;
}

TEST_F(Import, ANetworkHasOneTotal) {
  test::write_text(at("totals.csv"), std::string(kTotals) + "alex,1.25,0.5\n");
  const Outcome same = run(command("totals.csv", "totals.toml"));
  EXPECT_EQ(same.code, 0) << same;
  EXPECT_TRUE(contains(same.err, "1 row repeats")) << same;
  test::write_text(at("totals.csv"), std::string(kTotals) + "alex,1.26,0.5\n");
  const Outcome other = run(command("totals.csv", "totals.toml"));
  EXPECT_EQ(other.code, 1) << other;
  EXPECT_TRUE(contains(other.err, at("totals.csv") + ":4: network 'alex' has other totals at line 2")) << other;
}

TEST_F(Import, TheRealTablesGoIn) {
  for (const char* name : {"tflite_cnn_ops_gpu", "tflite_cnn_e2e", "torch_cnn_ops_gpu", "torch_cnn_e2e"}) {
    const Outcome outcome = run({"import", std::string(LATCAST_TEST_DATA) + "/mobile/" + name + ".csv", "--map",
                                 std::string(LATCAST_MAPS) + "/mobile/" + name + ".toml", "--db", at("host.db")});
    ASSERT_EQ(outcome.code, 0) << outcome;
  }
  const Json json = run_json({"targets", "--db", at("host.db"), "--json"});
  std::set<std::string> names;
  for (const Json& target : json["targets"]) names.insert(target["name"].get<std::string>());
  EXPECT_EQ(names.size(), json["targets"].size());
  EXPECT_TRUE(names.contains("s10|gpu|float|tflite") && names.contains("s10|gpu|float|torch"));
  EXPECT_TRUE(names.contains("mi8se|gpu|float"));
}

// ---- targets

TEST_F(Import, TargetsAreListed) {
  ASSERT_EQ(run(command()).code, 0);
  ASSERT_EQ(run(command("totals.csv", "totals.toml")).code, 0);
  const Outcome outcome = run({"targets", "--db", at("host.db")});
  ASSERT_EQ(outcome.code, 0) << outcome;
  EXPECT_TRUE(contains(outcome.out, "hare|float") && contains(outcome.out, "operations, totals")) << outcome;
  const Json json = run_json({"targets", "--db", at("host.db"), "--json"});
  ASSERT_EQ(json["targets"].size(), 2U);
  const Json& hare = json["targets"][0];
  EXPECT_EQ(hare["name"], "hare|float");
  EXPECT_EQ(hare["statistic"], "mean");
  EXPECT_EQ(hare["operations"], (Json{{"networks", 2}, {"rows", 3}}));
  EXPECT_EQ(hare["totals"], (Json{{"networks", 2}}));
  EXPECT_EQ(hare["campaigns"]["carriers"], 0);
  EXPECT_EQ(run({"targets", "--db", at("none.db")}).code, 1);
}

TargetRecord target(std::int64_t id, const std::string& name, const std::string& engine, const std::string& version) {
  return {id, name, "phone", "", engine, version, "", {}};
}

TEST(TargetNames, SayNoMoreThanNeeded) {
  const std::vector<TargetRecord> targets = {target(1, "a", "tflite", "2.10"), target(2, "b", "tflite", "2.10"),
                                             target(3, "b", "torch", "2.0"),   target(4, "c", "tflite", "2.10"),
                                             target(5, "c", "tflite", "2.15"), target(6, "c", "torch", "2.0"),
                                             target(7, "d", "torch", "2.0"),   target(8, "d", "torch", "2.0")};
  EXPECT_EQ(session::target_names(targets),
            (std::vector<std::string>{"a", "b|tflite", "b|torch", "c|tflite 2.10", "c|tflite 2.15", "c|torch",
                                      "d|torch 2.0 #7", "d|torch 2.0 #8"}));
  EXPECT_TRUE(session::target_names({}).empty());
}

TEST_F(Import, ATargetIsChosenByName) {
  Store store = must(Store::create(at("host.db")));
  const auto chosen = [&](const std::string& name) {
    const auto found = session::choose_target(store, name);
    return found ? found->engine + " " + found->engine_version + " " + found->name : found.error().context;
  };
  EXPECT_TRUE(contains(chosen(""), "latcast import"));
  for (const TargetRecord& one : {target(0, "s10|gpu", "tflite", "2.10"), target(0, "s10|gpu", "torch", "2.0"),
                                  target(0, "s10|gpu|extra", "lite", "1"), target(0, "a03", "tflite", "2.15")}) {
    TargetRecord record = one;
    record.device = one.name;
    must(store.ensure_target(record));
  }
  EXPECT_EQ(chosen("s10|gpu|torch"), "torch 2.0 s10|gpu");
  EXPECT_EQ(chosen("a03"), "tflite 2.15 a03");
  EXPECT_EQ(chosen("torch"), "torch 2.0 s10|gpu");
  EXPECT_EQ(chosen("extra"), "lite 1 s10|gpu|extra");
  EXPECT_EQ(chosen("s10|gpu"), "'s10|gpu' fits several targets:\n  s10|gpu|tflite\n  s10|gpu|torch\n  s10|gpu|extra");
  EXPECT_TRUE(contains(chosen("x99"), "the store has no target 'x99'; it has:\n  s10|gpu|tflite"));
  EXPECT_TRUE(contains(chosen(""), "choose one with --target:"));
}

}  // namespace
}  // namespace latcast
