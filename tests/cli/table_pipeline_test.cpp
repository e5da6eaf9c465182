// Tables of measurements -> store -> pack -> forecasts of other tables, through the command.
#include <algorithm>
#include <array>
#include <sstream>

#include "catalogue/catalogue.h"
#include "command.h"
#include "core/pack_content.h"
#include "learn/train.h"

namespace latcast {
namespace {

using test::contains;
using test::Json;
using test::Outcome;

constexpr const char* kGpu = "pixel4|gpu|float";
constexpr const char* kCpu = "pixel4|1large|float";
constexpr const char* kCpus = "pixel4|2large|float";

std::string table(const std::string& name) { return std::string(LATCAST_TEST_DATA) + "/mobile/" + name + ".csv"; }
std::string map(const std::string& name) { return std::string(LATCAST_MAPS) + "/mobile/" + name + ".toml"; }
std::string operations_map() { return map("tflite_cnn_ops_gpu"); }

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> out;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) out.push_back(line);
  return out;
}

std::vector<std::string> fields_of(const std::string& line) {
  std::vector<std::string> out;
  std::istringstream stream(line);
  for (std::string field; std::getline(stream, field, ',');) out.push_back(field);
  return out;
}

/// The extract's networks under several names, with some rows less each: a table large enough to learn from.
struct GeneratedTables {
  std::string operations, totals;
};

constexpr int kCopies = 3;

GeneratedTables generate() {
  const std::vector<std::string> rows = lines_of(test::read_text(table("tflite_cnn_ops_gpu")));
  const std::vector<std::string> header = fields_of(rows.front());
  const auto column = [&](const std::string& name) {
    return static_cast<std::size_t>(std::ranges::find(header, name) - header.begin());
  };
  const std::size_t latency = column(std::string("pixel4|gpu|lat_us"));
  GeneratedTables out{rows.front() + "\n",
                      "model,pixel4|gpu|float|mean,pixel4|gpu|float|std,pixel4|1large|float|mean,"
                      "pixel4|1large|float|std,pixel4|2large|float|mean\n"};
  for (int copy = 0; copy < kCopies; ++copy) {
    std::string last;
    double sum = 0;
    const auto finish = [&] {
      if (last.empty()) return;
      out.totals += last + "," + std::to_string(1.05 * sum + 200) + ",9," + std::to_string(4 * sum + 500) + ",," +
                    std::to_string(2.2 * sum + 700) + "\n";
      sum = 0;
    };
    int place = 0;
    for (std::size_t i = 1; i < rows.size(); ++i) {
      const std::string name = rows[i].substr(0, rows[i].find(',')) + "_copy" + std::to_string(copy);
      if (name != last) {
        finish();
        place = 0;
      }
      last = name;
      if (copy > 0 && place++ % (5 + copy) == 3) continue;
      out.operations += name + rows[i].substr(rows[i].find(',')) + "\n";
      sum += std::stod(fields_of(rows[i])[latency]);
    }
    finish();
  }
  return out;
}

class TablePipeline : public test::CliTest {
 protected:
  /// A store of generated tables; packs are trained by the tests.
  void SetUp() override {
    CliTest::SetUp();
    const GeneratedTables tables = generate();
    test::write_text(at("ops.csv"), tables.operations);
    test::write_text(at("totals.csv"), tables.totals);
  }

  [[nodiscard]] Outcome import(const std::string& file, const std::string& map_file) const {
    return run({"import", file, "--map", map_file, "--db", at("phones.db")});
  }
  void import_generated() const {
    const Outcome operations = import(at("ops.csv"), operations_map());
    ASSERT_EQ(operations.code, 0) << operations;
    const Outcome totals = import(at("totals.csv"), map("tflite_cnn_e2e"));
    ASSERT_EQ(totals.code, 0) << totals;
  }
  [[nodiscard]] Outcome train(const std::string& target, const std::string& pack,
                              const std::vector<std::string>& more = {}) const {
    std::vector<std::string> arguments = {"train", "--db",   at("phones.db"), "--target",  target,
                                          "--out", at(pack), "--rms",         "base_ridge"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return run(arguments);
  }
  /// Stores and trains for the CPU, which is quick.
  void make_cpu_pack() const {
    import_generated();
    const Outcome outcome = train(kCpu, "cpu.latpack");
    ASSERT_EQ(outcome.code, 0) << outcome;
  }
  [[nodiscard]] Outcome predict(const std::string& pack, const std::vector<std::string>& more = {},
                                const std::string& file = table("tflite_cnn_ops_gpu"),
                                const std::string& map_file = operations_map()) const {
    std::vector<std::string> arguments = {"predict", "--pack", at(pack), "--table", file, "--map", map_file};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return run(arguments);
  }
  void refuse(const Outcome& outcome, const std::string& what, int code = 1) const {
    EXPECT_EQ(outcome.code, code) << outcome;
    EXPECT_TRUE(contains(outcome.err, what)) << what << outcome;
    EXPECT_FALSE(contains(outcome.err, "internal error")) << outcome;
    EXPECT_TRUE(outcome.out.empty()) << outcome;
  }
};

TEST_F(TablePipeline, LearnsFromOperationsAndForecastsATable) {
  import_generated();
  const Outcome trained = train(kGpu, "gpu.latpack", {"--verbose"});
  ASSERT_EQ(trained.code, 0) << trained;
  EXPECT_TRUE(contains(trained.out, "9 networks; ")) << trained;
  EXPECT_TRUE(contains(trained.out, "kernel classes by the catalogue's rules: as recorded in ")) << trained;
  EXPECT_TRUE(contains(trained.out, "networks, out of fold: MAPE ")) << trained;

  const Outcome outcome = predict("gpu.latpack", {"--csv"});
  ASSERT_EQ(outcome.code, 0) << outcome;
  const std::vector<std::string> lines = lines_of(outcome.out);
  ASSERT_EQ(lines.size(), 4U) << outcome;
  EXPECT_EQ(lines[0], "model,quiet_ns,lower_ns,upper_ns,coverage_time_share");
  for (std::size_t i = 1; i < lines.size(); ++i) {
    const std::vector<std::string> fields = fields_of(lines[i]);
    ASSERT_EQ(fields.size(), 5U) << lines[i];
    EXPECT_GT(std::stod(fields[1]), 1e5);
    EXPECT_LT(std::stod(fields[2]), std::stod(fields[1]));
    EXPECT_GT(std::stod(fields[3]), std::stod(fields[1]));
  }
  EXPECT_EQ(fields_of(lines[1])[0], "fdmobilenet_wd2");
}

TEST_F(TablePipeline, LatenciesInAWrongUnitAreRefused) {
  const std::string slow_map = at("ms.toml");
  std::string text = test::read_text(map("tflite_cnn_e2e"));
  test::write_text(slow_map, text.replace(text.find("unit = \"us\""), 11, "unit = \"ms\""));
  ASSERT_EQ(import(at("ops.csv"), operations_map()).code, 0);
  refuse(import(at("totals.csv"), slow_map), "times smaller (us for ms, ms for s) would fit. --force imports them");
  EXPECT_FALSE(contains(run({"targets", "--db", at("phones.db")}).out, kCpu));  // all of it or nothing
  const Outcome forced = run({"import", at("totals.csv"), "--map", slow_map, "--db", at("phones.db"), "--force"});
  EXPECT_EQ(forced.code, 0) << forced;
  EXPECT_TRUE(contains(forced.err, "times the sum of their operations")) << forced;
  refuse(train(kGpu, "gpu.latpack"), "would fit. --force trains on them");
  const Outcome trained = train(kGpu, "gpu.latpack", {"--force"});
  EXPECT_EQ(trained.code, 0) << trained;
  EXPECT_TRUE(contains(trained.out, "times the sum of their operations")) << trained;
}

TEST_F(TablePipeline, ModulesAddUpToTheirNetwork) {
  make_cpu_pack();
  const Outcome networks = predict("cpu.latpack", {"--csv"});
  const Outcome modules = predict("cpu.latpack", {"--csv", "--modules"});
  ASSERT_EQ(modules.code, 0) << modules;
  const std::vector<std::string> lines = lines_of(modules.out);
  ASSERT_GT(lines.size(), 60U);
  EXPECT_EQ(lines[0], "model,line,type,kernel,latency_ns,lower_ns,upper_ns,status");
  double sum = 0;
  for (std::size_t i = 1; i < lines.size(); ++i) {
    const std::vector<std::string> fields = fields_of(lines[i]);
    ASSERT_EQ(fields.size(), 8U) << lines[i];
    EXPECT_TRUE(fields[3].starts_with("cpu_")) << lines[i];
    if (fields[0] == "fdmobilenet_wd2") sum += std::stod(fields[4]);
  }
  const double quiet_ns = std::stod(fields_of(lines_of(networks.out)[1])[1]);
  EXPECT_NEAR(sum / quiet_ns, 1.0, 1e-9);
  EXPECT_EQ(fields_of(lines[1])[1], "2");  // the table's first row

  const Outcome text = predict("cpu.latpack", {"--modules"});
  EXPECT_TRUE(contains(text.out, "mobile_conv2d") && contains(text.out, "mean latency")) << text;
  const Json json = Json::parse(predict("cpu.latpack", {"--json", "--modules"}).out);
  EXPECT_EQ(json["target"]["name"], kCpu);
  ASSERT_EQ(json["predictions"].size(), 3U);
  EXPECT_EQ(json["predictions"][0]["modules"].size(), json["predictions"][0]["coverage"]["modules"]);
}

TEST_F(TablePipeline, LatenciesOfTheTableAreNotNeeded) {
  make_cpu_pack();
  std::string bare;
  for (const std::string& line : lines_of(test::read_text(table("tflite_cnn_ops_gpu")))) {
    std::vector<std::string> fields = fields_of(line);
    fields.resize(15);
    for (std::size_t i = 0; i < fields.size(); ++i) bare += (i > 0 ? "," : "") + fields[i];
    bare += "\n";
  }
  test::write_text(at("bare.csv"), bare);
  const Outcome with = predict("cpu.latpack", {"--csv"}), without = predict("cpu.latpack", {"--csv"}, at("bare.csv"));
  EXPECT_EQ(without.code, 0) << without;
  EXPECT_EQ(without.out, with.out);
}

TEST_F(TablePipeline, TooLongIsExitCode3) {
  make_cpu_pack();
  const Outcome slow = predict("cpu.latpack", {"--max-latency", "1us"});
  EXPECT_EQ(slow.code, 3) << slow;
  EXPECT_TRUE(contains(slow.err, "fdmobilenet_wd2: forecast") && contains(slow.err, "above --max-latency")) << slow;
  EXPECT_TRUE(contains(slow.out, "fdmobilenet_wd2")) << slow;
  refuse(run({"predict", at("model.onnx"), "--pack", at("cpu.latpack")}), "the pack is of the imported table");
  EXPECT_EQ(predict("cpu.latpack", {"--max-latency", "100s"}).code, 0);
}

TEST_F(TablePipeline, RefusesWhatIsNoTableToForecast) {
  make_cpu_pack();
  refuse(predict("cpu.latpack", {}, at("none.csv")), "none.csv");
  refuse(predict("cpu.latpack", {}, table("tflite_cnn_ops_gpu"), at("none.toml")), "none.toml");
  const std::string rows = test::read_text(table("tflite_cnn_ops_gpu"));
  test::write_text(at("empty.csv"), rows.substr(0, rows.find('\n') + 1));
  refuse(predict("cpu.latpack", {}, at("empty.csv")), "the table has no rows");
  std::string renamed = rows;
  renamed.replace(renamed.find("input_channel"), 13, "input_chunnel");
  test::write_text(at("renamed.csv"), renamed);
  refuse(predict("cpu.latpack", {}, at("renamed.csv")), "input_channel");
  refuse(predict("cpu.latpack", {}, table("tflite_cnn_e2e"), map("tflite_cnn_e2e")), "need lists of operations");
  refuse(predict("cpu.latpack", {}, table("torch_cnn_ops_gpu"), map("torch_cnn_ops_gpu")), "torch_conv2d");
  test::write_text(at("x.latpack"), "no pack");
  refuse(predict("x.latpack"), "x.latpack");
}

TEST_F(TablePipeline, TablesAndModelsAreNotMixed) {
  const std::string file = table("tflite_cnn_ops_gpu");
  refuse(run({"predict", "--pack", at("x"), "--table", file}), "--table needs a --map", 2);
  refuse(run({"predict", "--pack", at("x"), "--map", operations_map(), "a.onnx"}), "--map describes a --table", 2);
  refuse(run({"predict", "--pack", at("x"), "--table", file, "--map", operations_map(), "a.onnx"}), "not both", 2);
  refuse(run({"predict", "--pack", at("x")}), "give ONNX files, or a --table with its --map", 2);
}

TEST_F(TablePipeline, APackOfGraphsIsNotForTables) {
  // As a campaign leaves it: module types that look at nodes.
  const auto catalogue = Catalogue::builtin();
  ASSERT_TRUE(catalogue.has_value()) << catalogue.error().context;
  const Catalogue graphs = catalogue->restricted([](const ModuleType& type) { return !type.given(); });
  ASSERT_TRUE(write_pack(learn::untrained(graphs), at("graphs.latpack")).has_value());
  refuse(predict("graphs.latpack"), "this pack is for executed graphs, not for tables");
}

TEST_F(TablePipeline, WithoutTotalsItSaysThatTheErrorIsUnknown) {
  ASSERT_EQ(import(at("ops.csv"), operations_map()).code, 0);
  const Outcome outcome = train(kGpu, "gpu.latpack");
  EXPECT_EQ(outcome.code, 0) << outcome;
  EXPECT_TRUE(contains(outcome.out, "9 networks, 0 with an end-to-end latency")) << outcome;
  EXPECT_TRUE(contains(outcome.out, "no network could be judged")) << outcome;
}

TEST_F(TablePipeline, SaysWhatAPackCannotBeLearntFrom) {
  // Three networks with totals only, and totals whose operations no table has.
  ASSERT_EQ(import(table("tflite_cnn_ops_gpu"), operations_map()).code, 0);
  ASSERT_EQ(import(table("tflite_cnn_e2e"), map("tflite_cnn_e2e")).code, 0);
  ASSERT_EQ(import(table("torch_cnn_e2e"), map("torch_cnn_e2e")).code, 0);
  refuse(train("pixel4|1large|float|tflite", "few.latpack"), "at least 5 networks with a total");
  refuse(train("pixel4|1large|float|torch", "none.latpack"), "has a list of operations");
  EXPECT_FALSE(test::fs::exists(at("few.latpack")));
  EXPECT_FALSE(test::fs::exists(at("none.latpack")));
}

TEST_F(TablePipeline, AllTargetsGoIntoAFolder) {
  import_generated();
  const Outcome outcome =
      run({"train", "--db", at("phones.db"), "--all-targets", "--out", at("packs"), "--rms", "base_ridge"});
  ASSERT_EQ(outcome.code, 0) << outcome;
  const std::array<const char*, 3> files = {"packs/pixel4-gpu-float.latpack", "packs/pixel4-1large-float.latpack",
                                            "packs/pixel4-2large-float.latpack"};
  for (const char* file : files) {
    EXPECT_TRUE(contains(outcome.out, at(file) + ": 9 networks, MAPE out of fold ")) << outcome;
    const Outcome forecast = predict(file);
    EXPECT_EQ(forecast.code, 0) << forecast;
  }
  const Outcome both = run({"train", "--db", at("phones.db"), "--all-targets", "--target", "x", "--out", at("packs")});
  EXPECT_EQ(both.code, 2) << both;
}

TEST_F(TablePipeline, AllTargetsGoOnWhereOneCannotBeLearnt) {
  ASSERT_EQ(import(at("ops.csv"), operations_map()).code, 0);
  const std::string totals = test::read_text(at("totals.csv"));
  std::string some;
  const std::vector<std::string> lines = lines_of(totals);
  for (std::size_t i = 0; i < lines.size(); ++i) {
    some += lines[i] + (i == 0 ? ",pixel4|2med|float|mean,pixel4|2med|float|std" : i < 4 ? ",1000," : ",,") + "\n";
  }
  test::write_text(at("totals.csv"), some);
  ASSERT_EQ(import(at("totals.csv"), map("tflite_cnn_e2e")).code, 0);
  const Outcome outcome =
      run({"train", "--db", at("phones.db"), "--all-targets", "--out", at("packs"), "--rms", "base_ridge"});
  EXPECT_EQ(outcome.code, 0) << outcome;
  EXPECT_TRUE(contains(outcome.err, "pixel4|2med|float: no pack: at least 5 networks")) << outcome;
  EXPECT_FALSE(test::fs::exists(at("packs/pixel4-2med-float.latpack")));
  EXPECT_TRUE(test::fs::exists(at("packs/pixel4-1large-float.latpack")));
}

/// Quiet latency of every network, as --csv prints them.
std::vector<double> forecasts_of(const Outcome& outcome) {
  std::vector<double> out;
  const std::vector<std::string> lines = lines_of(outcome.out);
  for (std::size_t i = 1; i < lines.size(); ++i) out.push_back(std::stod(fields_of(lines[i])[1]));
  return out;
}

TEST_F(TablePipeline, AProxysPackHelpsAndIsNotNeededAfterwards) {
  make_cpu_pack();
  const std::vector<std::string> more = {"--proxy", at("cpu.latpack")};
  const Outcome outcome = train(kCpus, "cpus.latpack", more);
  ASSERT_EQ(outcome.code, 0) << outcome;
  test::fs::remove(at("cpu.latpack"));
  const Outcome predicted = predict("cpus.latpack", {"--csv"}, at("ops.csv"));
  ASSERT_EQ(predicted.code, 0) << predicted;
  const std::vector<std::string> totals = lines_of(test::read_text(at("totals.csv")));
  const std::vector<double> forecasts = forecasts_of(predicted);
  ASSERT_EQ(forecasts.size() + 1, totals.size());
  for (std::size_t i = 0; i < forecasts.size(); ++i) {
    EXPECT_NEAR(forecasts[i] / (1e3 * std::stod(fields_of(totals[i + 1])[5])), 1.0, 0.2) << totals[i + 1];
  }
}

TEST_F(TablePipeline, AKnownLatencyElsewhereScalesTheForecast) {
  make_cpu_pack();
  const Outcome outcome = train(kCpus, "cpus.latpack", {"--proxy", at("cpu.latpack"), "--proxy-known"});
  ASSERT_EQ(outcome.code, 0) << outcome;
  const auto ask = [&](const std::string& known) {
    const Outcome predicted =
        predict("cpus.latpack",
                {"--csv", "--proxy", at("cpu.latpack"), "--known", at(known), "--known-map", map("tflite_cnn_e2e")},
                at("ops.csv"));
    EXPECT_EQ(predicted.code, 0) << predicted;
    return forecasts_of(predicted);
  };
  const std::vector<double> before = ask("totals.csv");
  const std::vector<std::string> lines = lines_of(test::read_text(at("totals.csv")));
  std::string doubled = lines.front() + "\n";
  for (std::size_t i = 1; i < lines.size(); ++i) {
    const std::vector<std::string> cells = fields_of(lines[i]);
    doubled += cells[0] + "," + cells[1] + ",9," + std::to_string(2 * std::stod(cells[3])) + ",," + cells[5] + "\n";
  }
  test::write_text(at("doubled.csv"), doubled);
  const std::vector<double> after = ask("doubled.csv");
  ASSERT_EQ(before.size(), after.size());
  for (std::size_t i = 0; i < before.size(); ++i) EXPECT_NEAR(after[i] / before[i], 2.0, 1e-6);
}

TEST_F(TablePipeline, RefusesProxiesThatDoNotFit) {
  make_cpu_pack();
  const std::string cpu = at("cpu.latpack");
  ASSERT_EQ(train(kCpus, "cpus.latpack", {"--proxy", cpu, "--proxy-known"}).code, 0);
  const std::string file = at("totals.csv"), its_map = map("tflite_cnn_e2e");
  refuse(predict("cpus.latpack"), "forecasts networks whose latency on pixel4|1large|float is known");
  refuse(predict("cpu.latpack", {"--proxy", cpu, "--known", file, "--known-map", its_map}),
         "was not trained with --proxy-known");
  refuse(predict("cpus.latpack", {"--proxy", at("cpus.latpack"), "--known", file, "--known-map", its_map}),
         "was trained with the pack of pixel4|1large|float");
  refuse(predict("cpus.latpack", {"--proxy", cpu, "--known", at("ops.csv"), "--known-map", operations_map()}),
         "--known needs networks' latencies");
  refuse(predict("cpus.latpack", {"--proxy", cpu}), "--proxy requires --known", 2);
  refuse(
      run({"predict", "--pack", at("cpus.latpack"), "a.onnx", "--proxy", cpu, "--known", file, "--known-map", its_map}),
      "are for networks that are given as a --table", 2);
  refuse(train(kCpus, "x.latpack", {"--proxy", cpu, "--max-pack-size", "1kB"}), "--max-pack-size", 3);
  test::write_text(at("other.csv"), "model,pixel4|1large|float|mean,pixel4|1large|float|std\nnobody,5,1\n");
  refuse(predict("cpus.latpack", {"--proxy", cpu, "--known", at("other.csv"), "--known-map", its_map}),
         "other.csv: has no latency of ");
  test::write_text(at("other.csv"), "model,s10|1large|float|mean,s10|1large|float|std\nnobody,5,1\n");
  refuse(predict("cpus.latpack", {"--proxy", cpu, "--known", at("other.csv"), "--known-map", its_map}),
         "has no latencies of pixel4|1large|float");
  refuse(train(kGpu, "gpu.latpack", {"--proxy", cpu, "--proxy-known"}), "run other kernels");
  refuse(train(kCpus, "x.latpack", {"--proxy", at("none.latpack")}), "none.latpack");
  refuse(train(kCpus, "x.latpack", {"--proxy-known"}), "--proxy-known requires --proxy", 2);
}

TEST_F(TablePipeline, InspectShowsWhatTotalsTaught) {
  make_cpu_pack();
  const Outcome outcome = run({"inspect", at("cpu.latpack")});
  ASSERT_EQ(outcome.code, 0) << outcome;
  const std::vector<std::string> lines = lines_of(outcome.out);
  const auto line = std::ranges::find_if(lines, [](const std::string& one) { return contains(one, "cpu_depthwise"); });
  ASSERT_NE(line, lines.end()) << outcome;
  EXPECT_TRUE(contains(*line, "totals")) << *line;
}

}  // namespace
}  // namespace latcast
