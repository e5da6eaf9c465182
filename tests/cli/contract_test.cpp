// The command line that scripts rely on: names, flags, JSON keys, CSV columns, exit codes.
#include <algorithm>
#include <cmath>
#include <set>

#include "core/pack_content.h"
#include "world.h"

namespace latcast {
namespace {

using test::contains;
using test::Json;
using test::Outcome;

std::set<std::string> keys(const Json& json) {
  std::set<std::string> result;
  for (const auto& [key, value] : json.items()) result.insert(key);
  return result;
}

using Keys = std::set<std::string>;

bool has_all(const Json& json, const Keys& wanted) {
  const Keys got = keys(json);
  return std::ranges::includes(got, wanted);
}

class Cli : public test::CliTest {
 protected:
  void SetUp() override {
    CliTest::SetUp();
    pack_ = test::world().pack;
    test::save(test::small_cnn(), at("cnn.onnx"));
    test::save(test::small_cnn(64), at("wide.onnx"));
    test::write_text(at("text.onnx"), "this is no model, only a text that is long enough to be looked at\n");
  }
  std::string pack_;
};

// ---- help, version, usage

TEST_F(Cli, HelpOfEveryCommandNamesItsFlags) {
  const std::map<std::string, std::vector<std::string>> flags = {
      {"engines", {}},
      {"profile",
       {"--engine", "--threads", "--budget", "--db", "--config", "--catalogue", "--like", "--seed", "--dry-run",
        "--resume", "--engine-path"}},
      {"import", {"TABLE", "--map", "--db", "--catalogue", "--dry-run", "--json"}},
      {"targets", {"--db", "--json"}},
      {"train", {"--db", "--target", "--catalogue", "--rms", "--max-module-time", "--max-pack-size", "--out"}},
      {"select", {"--db", "--rms", "--max-module-time", "--max-pack-size", "--out"}},
      {"rms", {}},
      {"predict",
       {"--pack", "--modules", "--batch", "--dim", "--json", "--csv", "--max-latency", "--min-coverage",
        "--engine-path"}},
      {"measure",
       {"--engine", "--threads", "--rounds", "--burst", "--max-noise", "--modules", "--json", "--csv",
        "--engine-path"}},
      {"recalibrate", {"--pack", "--budget"}},
      {"eval", {"--pack", "--rounds", "--force", "--json"}},
      {"inspect", {"FILE"}},
      {"bench", {"coverage", "predict", "learn"}}};
  const Outcome all = run({"--help"});
  EXPECT_EQ(all.code, 0) << all;
  for (const auto& [command, wanted] : flags) {
    EXPECT_TRUE(contains(all.out, command)) << command;
    const Outcome help = run({command, "--help"});
    EXPECT_EQ(help.code, 0) << help;
    EXPECT_EQ(help.err, "");
    for (const std::string& flag : wanted)
      EXPECT_TRUE(contains(help.out, flag)) << command << " " << flag << "\n" << help.out;
  }
  EXPECT_TRUE(contains(all.out, "130 interrupted"));
}

TEST_F(Cli, HelpTellsTheDefaults) {
  const Outcome profile = run({"profile", "--help"});
  EXPECT_TRUE(contains(profile.out, "10m") && contains(profile.out, "onnxruntime")) << profile;
  const Outcome measure = run({"measure", "--help"});
  EXPECT_TRUE(contains(measure.out, "250ms") && contains(measure.out, "8")) << measure;
  EXPECT_TRUE(contains(run({"recalibrate", "--help"}).out, "15s"));
}

TEST_F(Cli, TellsItsVersion) {
  const Outcome version = run({"--version"});
  EXPECT_EQ(version.code, 0);
  EXPECT_TRUE(version.out.starts_with("latcast ")) << version;
}

TEST_F(Cli, WrongUsageIsTwo) {
  const std::vector<std::vector<std::string>> wrong = {
      {},
      {"predit"},
      {"predict"},
      {"predict", at("cnn.onnx")},
      {"predict", "--pack", pack_},
      {"predict", at("cnn.onnx"), "--pack", pack_, "--modul"},
      {"predict", at("cnn.onnx"), "--pack", pack_, "--max-latency", "soon"},
      {"predict", at("cnn.onnx"), "--pack", pack_, "--max-latency", "0ms"},
      {"predict", at("cnn.onnx"), "--pack", pack_, "--min-coverage", "much"},
      {"predict", at("cnn.onnx"), "--pack", pack_, "--batch", "0"},
      {"predict", at("cnn.onnx"), "--pack", pack_, "--dim", "seq"},
      {"predict", at("cnn.onnx"), "--pack", pack_, "--dim", "seq=-1"},
      {"predict", at("cnn.onnx"), "--pack", pack_, "--dim", "=4"},
      {"profile", "--engine", "fake", "--db", at("x.db"), "--budget", "0"},
      {"profile", "--engine", "fake", "--db", at("x.db"), "--budget", "0s"},
      {"profile", "--engine", "fake", "--db", at("x.db"), "--budget", "-5s"},
      {"profile", "--engine", "fake", "--db", at("x.db"), "--budget", "ten"},
      {"profile", "--engine", "fake", "--db", at("x.db"), "--budget", "nan"},
      {"profile", "--engine", "fake", "--db", at("x.db"), "--threads", "0"},
      {"profile", "--engine", "fake", "--db", at("x.db"), "--budget", "1s", "--seed", "-1"},
      {"profile", "--engine", "fake"},
      {"profile", "--engine", "tensorflow", "--db", at("x.db")},
      {"measure"},
      {"measure", at("cnn.onnx"), "--engine", "fake", "--rounds", "0"},
      {"measure", at("cnn.onnx"), "--engine", "fake", "--burst", "0s"},
      {"measure", at("cnn.onnx"), "--engine", "fake", "--input", "x"},
      {"measure", at("cnn.onnx"), "--engine", "fake", "--max-noise", "-1%"},
      {"train", "--db", at("x.db")},
      {"recalibrate"},
      {"eval", at("cnn.onnx")},
      {"inspect"},
      {"bench"}};
  for (const auto& arguments : wrong) {
    const Outcome outcome = run(arguments);
    std::string line;
    for (const std::string& argument : arguments) line += argument + " ";
    EXPECT_EQ(outcome.code, 2) << line << outcome;
    EXPECT_EQ(outcome.out, "") << line;
    EXPECT_NE(outcome.err, "") << line;
  }
  EXPECT_FALSE(test::fs::exists(at("x.db")));
}

TEST_F(Cli, AMisspeltOptionIsNamed) {
  const Outcome outcome = run({"predict", at("cnn.onnx"), "--pack", pack_, "--modle"});
  EXPECT_EQ(outcome.code, 2);
  EXPECT_TRUE(contains(outcome.err, "--modle")) << outcome;
}

// ---- predict

TEST_F(Cli, PredictJsonHasTheKeysOfTheContract) {
  const Json json = run_json({"predict", at("cnn.onnx"), "--pack", pack_, "--modules", "--json"});
  EXPECT_TRUE(has_all(json, {"schema_version", "tool", "target", "predictions"})) << json.dump(1);
  EXPECT_EQ(json["schema_version"], 2);
  EXPECT_EQ(json["tool"]["name"], "latcast");
  EXPECT_TRUE(json["tool"]["version"].is_string());
  EXPECT_TRUE(has_all(json["target"], {"name", "device", "engine", "engine_version", "conditions"}));
  EXPECT_EQ(json["target"]["engine"], "fake");
  EXPECT_EQ(json["target"]["conditions"], (Json{{"threads", 1}, {"batch", 1}, {"dtype", "float32"}}));
  ASSERT_EQ(json["predictions"].size(), 1U);
  const Json& prediction = json["predictions"][0];
  EXPECT_EQ(keys(prediction), (Keys{"model", "conditions", "latency_ns", "coverage", "cost", "modules"}));
  EXPECT_EQ(prediction["model"], at("cnn.onnx"));
  EXPECT_EQ(keys(prediction["latency_ns"]), (Keys{"quiet", "lower", "upper", "level"}));
  EXPECT_EQ(keys(prediction["coverage"]),
            (Keys{"time_share", "modules", "unknown", "unknown_modules", "extrapolated"}));
  EXPECT_EQ(keys(prediction["cost"]), (Keys{"macs", "macs_partial", "parameters", "weight_bytes"}));
  const Json& latency = prediction["latency_ns"];
  EXPECT_EQ(latency["level"], 0.9);
  EXPECT_GT(latency["lower"].get<double>(), 0);
  EXPECT_LE(latency["lower"].get<double>(), latency["quiet"].get<double>());
  EXPECT_GE(latency["upper"].get<double>(), latency["quiet"].get<double>());
  EXPECT_EQ(prediction["cost"]["parameters"], 16 * 27 + 32 * 16 * 9 + 320 + 10);
  EXPECT_EQ(prediction["cost"]["weight_bytes"], 4 * (16 * 27 + 32 * 16 * 9 + 320 + 10));
  EXPECT_EQ(prediction["cost"]["macs"], 16 * 27 * 32 * 32 + 32 * 16 * 9 * 16 * 16 + 320);
  EXPECT_TRUE(prediction["coverage"]["unknown"].is_array());
  const double share = prediction["coverage"]["time_share"];
  EXPECT_GE(share, 0);
  EXPECT_LE(share, 1);
  EXPECT_EQ(prediction["coverage"]["modules"], prediction["modules"].size());
}

TEST_F(Cli, PredictSaysTheBatchThatItForecasts) {
  const Json fixed = run_json({"predict", at("cnn.onnx"), "--pack", pack_, "--json"});
  EXPECT_EQ(fixed["predictions"][0]["conditions"], (Json{{"threads", 1}, {"batch", 1}, {"dtype", "float32"}}));
}

TEST_F(Cli, ModulesAreNotNegativeAndSumToTheForecast) {
  const Json json = run_json({"predict", at("cnn.onnx"), at("wide.onnx"), "--pack", pack_, "--modules", "--json"});
  for (const Json& prediction : json["predictions"]) {
    double sum = 0;
    double shares = 0;
    std::size_t index = 0;
    for (const Json& module : prediction["modules"]) {
      EXPECT_TRUE(has_all(module, {"index", "type", "kernel", "nodes", "latency_ns", "share", "status", "parameters"}))
          << module.dump(1);
      EXPECT_EQ(module["index"], index++);
      EXPECT_GE(module["latency_ns"].get<double>(), 0);
      EXPECT_TRUE((std::set<std::string>{"ok", "extrapolated", "unknown"}.contains(module["status"])));
      EXPECT_TRUE(module["nodes"].is_array() && !module["nodes"].empty()) << module.dump(1);
      EXPECT_TRUE(module["parameters"].is_object());
      sum += module["latency_ns"].get<double>();
      shares += module["share"].get<double>();
    }
    const double quiet = prediction["latency_ns"]["quiet"];
    EXPECT_NEAR(sum, quiet, 1e-9 * quiet);
    EXPECT_NEAR(shares, 1, 1e-9);
  }
}

TEST_F(Cli, JsonSwallowsNoModel) {
  for (const auto& arguments : std::vector<std::vector<std::string>>{
           {"predict", "--json", at("cnn.onnx"), "--pack", pack_},
           {"predict", "--pack", pack_, "--json", at("cnn.onnx")},
           {"--progress", "never", "predict", at("cnn.onnx"), "--pack", pack_, "--json"}}) {
    const Json json = run_json(arguments);
    ASSERT_EQ(json["predictions"].size(), 1U);
    EXPECT_EQ(json["predictions"][0]["model"], at("cnn.onnx"));
  }
  const Outcome csv = run({"predict", "--csv", at("cnn.onnx"), "--pack", pack_});
  EXPECT_EQ(csv.code, 0) << csv;
  EXPECT_TRUE(contains(csv.out, at("cnn.onnx") + ",")) << csv;
}

TEST_F(Cli, JsonGoesToAFileAndTheTableToStdout) {
  const Outcome outcome =
      run({"predict", at("cnn.onnx"), "--pack", pack_, "--json=" + at("out.json"), "--csv=" + at("out.csv")});
  EXPECT_EQ(outcome.code, 0) << outcome;
  EXPECT_TRUE(contains(outcome.out, "forecast")) << outcome;
  const Json json = Json::parse(test::read_text(at("out.json")), nullptr, false);
  EXPECT_EQ(json["predictions"].size(), 1U);
  EXPECT_FALSE(test::read_text(at("out.csv")).empty());
  for (const auto& entry : test::fs::directory_iterator(folder_))
    EXPECT_FALSE(contains(entry.path().string(), ".tmp")) << entry.path();
}

TEST_F(Cli, AnOutputThatCannotBeWrittenIsAnError) {
  const Outcome outcome = run({"predict", at("cnn.onnx"), "--pack", pack_, "--json=" + at("none/out.json")});
  EXPECT_EQ(outcome.code, 1) << outcome;
  EXPECT_TRUE(contains(outcome.err, at("none/out.json"))) << outcome;
  const Outcome full = run({"sh", "-c", "exec \"$0\" \"$@\" > /dev/full", LATCAST_BINARY, "predict", at("cnn.onnx"),
                            "--pack", pack_, "--json"});
  EXPECT_EQ(full.code, 1) << full;
  EXPECT_TRUE(contains(full.err, "stdout")) << full;
}

TEST_F(Cli, PredictCsvHasTheColumnsOfTheContract) {
  const Outcome outcome = run({"predict", at("cnn.onnx"), at("wide.onnx"), "--pack", pack_, "--csv"});
  EXPECT_EQ(outcome.code, 0) << outcome;
  EXPECT_TRUE(outcome.out.starts_with("model,quiet_ns,lower_ns,upper_ns,coverage_time_share\n" + at("cnn.onnx") + ","))
      << outcome;
  EXPECT_EQ(std::ranges::count(outcome.out, '\n'), 3);
  EXPECT_EQ(std::ranges::count(outcome.out, ','), 3 * 4);
}

TEST_F(Cli, AFailingModelStandsInTheListAndTheOthersAreAnswered) {
  const Outcome outcome =
      run({"predict", at("cnn.onnx"), at("text.onnx"), at("none.onnx"), at("wide.onnx"), "--pack", pack_, "--json"});
  EXPECT_EQ(outcome.code, 1) << outcome;
  const Json json = Json::parse(outcome.out, nullptr, false);
  ASSERT_EQ(json["predictions"].size(), 4U) << outcome;
  EXPECT_TRUE(json["predictions"][0].contains("latency_ns"));
  EXPECT_TRUE(json["predictions"][3].contains("latency_ns"));
  for (const std::size_t index : {1U, 2U}) {
    const Json& failed = json["predictions"][index];
    EXPECT_EQ(keys(failed), (Keys{"model", "error"}));
    EXPECT_EQ(keys(failed["error"]), (Keys{"code", "message"}));
    EXPECT_TRUE(contains(failed["error"]["message"], failed["model"])) << failed.dump(1);
    EXPECT_TRUE(contains(outcome.err, failed["model"])) << outcome;
  }
  EXPECT_EQ(json["predictions"][2]["error"]["code"], "not_found");
}

TEST_F(Cli, ConditionsThatAreNotMetAreThree) {
  const auto predict = [&](std::vector<std::string> more) {
    more.insert(more.begin(), {"predict", at("cnn.onnx"), "--pack", pack_});
    return run(more);
  };
  EXPECT_EQ(predict({"--max-latency", "1h"}).code, 0);
  const Outcome slow = predict({"--max-latency", "1us"});
  EXPECT_EQ(slow.code, 3) << slow;
  EXPECT_TRUE(contains(slow.err, "--max-latency")) << slow;
  EXPECT_EQ(predict({"--min-coverage", "0"}).code, 0);
  const Outcome uncovered = predict({"--min-coverage", "101%"});
  EXPECT_EQ(uncovered.code, 3) << uncovered;
  EXPECT_EQ(predict({"--max-latency", "1us", "--json"}).code, 3);
  // A failure weighs more than a condition.
  EXPECT_EQ(run({"predict", at("cnn.onnx"), at("text.onnx"), "--pack", pack_, "--max-latency", "1us"}).code, 1);
}

TEST_F(Cli, ForecastsDependOnNothingButTheNetwork) {
  test::fs::copy_file(at("cnn.onnx"), at("another name.onnx"));
  onnx::Model renamed = test::small_cnn();
  renamed.producer = "someone else";
  renamed.graph.name = "other";
  for (onnx::Node& node : renamed.graph.nodes) node.name = "n_" + node.name;
  test::save(renamed, at("renamed.onnx"));
  const Json json =
      run_json({"predict", at("cnn.onnx"), at("another name.onnx"), at("renamed.onnx"), "--pack", pack_, "--json"});
  EXPECT_EQ(json["predictions"][0]["latency_ns"], json["predictions"][1]["latency_ns"]);
  EXPECT_EQ(json["predictions"][0]["latency_ns"], json["predictions"][2]["latency_ns"]);
}

// ---- measure

TEST_F(Cli, MeasureJsonHasTheKeysOfTheContract) {
  const Json json = run_json({"measure", at("cnn.onnx"), at("wide.onnx"), "--engine", "fake", "--engine-path",
                              "noise=0.02", "--rounds", "3", "--burst", "2ms", "--json"});
  EXPECT_TRUE(has_all(json, {"schema_version", "tool", "target", "measurements"}));
  EXPECT_TRUE(has_all(json["target"], {"name", "device", "engine", "engine_version", "conditions"}));
  ASSERT_EQ(json["measurements"].size(), 2U);
  const Json& measurement = json["measurements"][0];
  EXPECT_EQ(keys(measurement), (Keys{"model", "latency_ns", "conditions", "rounds", "runs"}));
  EXPECT_EQ(keys(measurement["latency_ns"]), (Keys{"quiet", "noise", "min", "p50", "p90", "p99"}));
  EXPECT_EQ(measurement["rounds"], 3);
  EXPECT_GE(measurement["runs"].get<int>(), 9);
  const Json& latency = measurement["latency_ns"];
  EXPECT_LE(latency["min"].get<double>(), latency["quiet"].get<double>());
  EXPECT_LE(latency["min"].get<double>(), latency["p50"].get<double>());
  EXPECT_LE(latency["p50"].get<double>(), latency["p90"].get<double>());
  EXPECT_LE(latency["p90"].get<double>(), latency["p99"].get<double>());
}

TEST_F(Cli, MeasureWritesCsvModulesAndFailuresToo) {
  const Outcome csv = run({"measure", at("cnn.onnx"), "--engine", "fake", "--rounds", "2", "--burst", "1ms", "--csv"});
  EXPECT_EQ(csv.code, 0) << csv;
  EXPECT_TRUE(csv.out.starts_with("model,quiet_ns,noise_ns,min_ns,p50_ns,p90_ns,p99_ns,rounds,runs\n")) << csv;
  const Json json = run_json({"measure", at("cnn.onnx"), at("text.onnx"), "--engine", "fake", "--rounds", "2",
                              "--burst", "1ms", "--modules", "--json"},
                             1);
  ASSERT_EQ(json["measurements"].size(), 2U);
  EXPECT_EQ(json["measurements"][0]["modules"].size(), 7U);
  EXPECT_EQ(keys(json["measurements"][1]), (Keys{"model", "error"}));
}

TEST_F(Cli, NoiseIsAFieldAndFourOnlyWhenAsked) {
  const std::vector<std::string> noisy = {"measure",   at("cnn.onnx"), "--engine", "fake",    "--engine-path",
                                          "noise=0.4", "--rounds",     "4",        "--burst", "1us"};
  EXPECT_EQ(run(noisy).code, 0);
  std::vector<std::string> asked = noisy;
  asked.insert(asked.end(), {"--max-noise", "0.0001%"});
  const Outcome missed = run(asked);
  EXPECT_EQ(missed.code, 4) << missed;
  EXPECT_TRUE(contains(missed.err, "--max-noise") && contains(missed.err, "--rounds")) << missed;
  asked.insert(asked.end(), {"--json", "--patience", "1s"});
  const Json json = run_json(asked, 4);
  EXPECT_EQ(keys(json["machine"]), (Keys{"load", "cpus", "other_cpus", "stolen_cpus", "scatter", "busy"}));
  EXPECT_EQ(json["machine"]["busy"], true) << json.dump(1);
  EXPECT_EQ(
      run({"measure", at("cnn.onnx"), "--engine", "fake", "--rounds", "4", "--burst", "1ms", "--max-noise", "5%"}).code,
      0);
}

// ---- eval

TEST_F(Cli, EvalSetsForecastBesideMeasurement) {
  const Json json =
      run_json({"eval", at("cnn.onnx"), at("wide.onnx"), "--pack", pack_, "--rounds", "4", "--burst", "2ms", "--json"});
  EXPECT_TRUE(has_all(json, {"schema_version", "tool", "target", "summary", "networks", "errors"}));
  const Json& summary = json["summary"];
  EXPECT_TRUE(
      has_all(summary, {"networks", "mape", "within_5_percent", "within_10_percent", "interval", "noise_floor"}))
      << summary.dump(1);
  EXPECT_EQ(summary["networks"], 2);
  EXPECT_LT(summary["mape"].get<double>(), 0.5);
  ASSERT_EQ(json["networks"].size(), 2U);
  EXPECT_TRUE(has_all(json["networks"][0], {"model", "forecast_ns", "measured_ns", "error", "coverage"}));
  ASSERT_FALSE(json["by_latency"].empty());
  EXPECT_TRUE(has_all(json["by_latency"][0], {"networks", "mape", "bias", "from_ns", "to_ns"})) << json.dump(1);
  const Outcome table = run(
      {"eval", at("cnn.onnx"), at("text.onnx"), "--pack", pack_, "--rounds", "2", "--burst", "1ms", "--by", "latency"});
  EXPECT_EQ(table.code, 1) << table;
  EXPECT_TRUE(contains(table.out, "\nmeasured ") && contains(table.out, "below 1.00 ms")) << table;
  EXPECT_TRUE(contains(table.out, "MAPE") && contains(table.out, "interval held") && contains(table.out, "noise floor"))
      << table;
}

// ---- an engine that is not there

TEST_F(Cli, AMissingEngineIsFiveAndSaysWhatToInstall) {
  const test::Environment nowhere = {{"LATCAST_ONNXRUNTIME", "/nonexistent/libonnxruntime.so.1"}};
  for (const auto& arguments : std::vector<std::vector<std::string>>{
           {"engines"},
           {"measure", at("cnn.onnx"), "--engine", "onnxruntime"},
           {"measure", at("cnn.onnx")},
           {"profile", "--engine", "onnxruntime", "--db", at("x.db"), "--budget", "10s"}}) {
    const Outcome outcome = run(arguments, nowhere);
    EXPECT_EQ(outcome.code, 5) << outcome;
    EXPECT_TRUE(contains(outcome.out + outcome.err, "Install the Python package onnxruntime")) << outcome;
    EXPECT_TRUE(contains(outcome.out + outcome.err, "/nonexistent/libonnxruntime.so.1")) << outcome;
  }
  EXPECT_FALSE(test::fs::exists(at("x.db")));
  EXPECT_EQ(run({"measure", at("cnn.onnx"), "--engine-path", "/nonexistent/lib.so"}).code, 5);
  EXPECT_EQ(run({"measure", at("cnn.onnx"), "--engine-path", LATCAST_BINARY}).code, 5);
}

TEST_F(Cli, EnginesAsJson) {
  const Outcome outcome = run({"engines", "--json"}, {{"LATCAST_ONNXRUNTIME", "/nonexistent/libonnxruntime.so.1"}});
  EXPECT_EQ(outcome.code, 5) << outcome;
  const Json json = Json::parse(outcome.out, nullptr, false);
  ASSERT_EQ(json["engines"].size(), 1U) << outcome;
  EXPECT_EQ(json["engines"][0]["name"], "onnxruntime");
  EXPECT_EQ(json["engines"][0]["available"], false);
  EXPECT_NE(json["engines"][0]["problem"], "");
  const auto& can = json["engines"][0]["capabilities"];
  EXPECT_EQ(can["node_times"], "spans");
  EXPECT_EQ(can["session_options"][0], "optimization_level");
}

// ---- inspect, train, recalibrate

TEST_F(Cli, InspectShowsStoresPacksAndModels) {
  const Outcome store = run({"inspect", test::world().db});
  EXPECT_EQ(store.code, 0) << store;
  EXPECT_TRUE(contains(store.out, "campaign 1") && contains(store.out, "finished") &&
              contains(store.out, "measurements"))
      << store;
  const Outcome pack = run({"inspect", pack_});
  EXPECT_EQ(pack.code, 0) << pack;
  EXPECT_TRUE(contains(pack.out, "engine fake") && contains(pack.out, "kernel class") && contains(pack.out, "anchor"))
      << pack;
  const Outcome model = run({"inspect", at("cnn.onnx")});
  EXPECT_EQ(model.code, 0) << model;
  EXPECT_TRUE(contains(model.out, "7 nodes") && contains(model.out, "input x") && contains(model.out, "Conv")) << model;
}

TEST_F(Cli, InspectShowsTheNetworkCorrectionAndFreeClasses) {
  EXPECT_FALSE(contains(run({"inspect", pack_}).out, "network correction"));
  PackContent content = test::must(read_pack_content(pack_));
  content.network = {{{1, 0}}, constant_form(1.1), {0, 0, 0, 0}, {30, 10, 30, 7}};
  content.types[2].kernels[0].free = true;
  ASSERT_TRUE(write_pack(content, at("corrected.latpack")));
  const Outcome outcome = run({"inspect", at("corrected.latpack")});
  EXPECT_EQ(outcome.code, 0) << outcome;
  const std::string share = content.types[1].name + "/" + content.types[1].kernels[0].name;
  EXPECT_TRUE(contains(outcome.out,
                       "network correction: a factor from the sum, modules and their mean, and the "
                       "shares of " +
                           share + ";"))
      << outcome;
  EXPECT_TRUE(contains(outcome.out, " fused away ")) << outcome;
}

TEST_F(Cli, InspectRefusesGarbage) {
  test::write_text(at("empty"), "");
  test::write_text(at("half.db"), test::read_text(test::world().db).substr(0, 10000));
  test::write_text(at("half.latpack"), test::read_text(pack_).substr(0, 10000));
  test::write_text(at("zeros"), std::string(100000, '\0'));
  for (const std::string name : {"text.onnx", "empty", "half.db", "half.latpack", "zeros", "none"}) {
    const Outcome outcome = run({"inspect", at(name)});
    EXPECT_EQ(outcome.code, 1) << name << outcome;
    EXPECT_TRUE(contains(outcome.err, at(name))) << outcome;
  }
  EXPECT_EQ(run({"inspect", folder_.string()}).code, 1);
}

TEST_F(Cli, TrainChoosesATargetByName) {
  const Outcome wrong = run(
      {"train", "--rms", test::kQuickModels, "--db", test::world().db, "--target", "gpu", "--out", at("x.latpack")});
  EXPECT_EQ(wrong.code, 1) << wrong;
  EXPECT_TRUE(contains(wrong.err, "'gpu'") && contains(wrong.err, "fake")) << wrong;
  EXPECT_FALSE(test::fs::exists(at("x.latpack")));
  const Outcome none = run({"train", "--rms", test::kQuickModels, "--db", at("none.db"), "--out", at("x.latpack")});
  EXPECT_EQ(none.code, 1) << none;
  EXPECT_FALSE(test::fs::exists(at("none.db")));
  const Outcome nowhere =
      run({"train", "--rms", test::kQuickModels, "--db", test::world().db, "--out", at("none/x.latpack")});
  EXPECT_EQ(nowhere.code, 1) << nowhere;
}

TEST_F(Cli, RecalibrateMovesTheAnchorToTheMachinesSpeed) {
  test::fs::copy_file(pack_, at("mine.latpack"));
  const Json before = run_json({"predict", at("cnn.onnx"), "--pack", at("mine.latpack"), "--json"});
  const Outcome outcome =
      run({"recalibrate", "--pack", at("mine.latpack"), "--budget", "10s", "--engine-path", "scale=1.25"});
  EXPECT_EQ(outcome.code, 0) << outcome;
  EXPECT_TRUE(contains(outcome.out, "scatter")) << outcome;
  const Json after = run_json({"predict", at("cnn.onnx"), "--pack", at("mine.latpack"), "--json"});
  const double ratio = after["predictions"][0]["latency_ns"]["quiet"].get<double>() /
                       before["predictions"][0]["latency_ns"]["quiet"].get<double>();
  EXPECT_NEAR(ratio, 1.25, 0.03);
  EXPECT_LT(after["anchor_age_s"].get<double>(), 3600);
  for (const auto& entry : test::fs::directory_iterator(folder_))
    EXPECT_FALSE(contains(entry.path().filename().string(), "tmp")) << entry.path();
}

TEST_F(Cli, RecalibrateNeedsABudgetToMeasureIn) {
  test::fs::copy_file(pack_, at("mine.latpack"));
  const Outcome outcome = run({"recalibrate", "--pack", at("mine.latpack"), "--budget", "1ms"});
  EXPECT_NE(outcome.code, 0) << outcome;
  EXPECT_TRUE(contains(outcome.err, "--budget")) << outcome;
  EXPECT_EQ(test::read_text(at("mine.latpack")), test::read_text(pack_));
}

TEST_F(Cli, PredictTellsTheAnchorsAge) {
  const Outcome outcome = run({"predict", at("cnn.onnx"), "--pack", pack_});
  EXPECT_TRUE(contains(outcome.out, "anchored ") && contains(outcome.out, " ago")) << outcome;
}

TEST_F(Cli, BenchCoverageListsWhatIsUncovered) {
  onnx::Model model = test::small_cnn();
  model.graph.nodes[1].op = "Wobble";
  model.graph.nodes[1].domain = "com.example";
  model.opsets["com.example"] = 1;
  model.graph.value_infos = {test::value("r1", {1, 16, 32, 32})};
  test::save(model, at("odd.onnx"));
  const Outcome outcome = run({"bench", "coverage", at("odd.onnx"), "--pack", pack_});
  EXPECT_EQ(outcome.code, 0) << outcome;
  EXPECT_TRUE(contains(outcome.out, "com.example:Wobble")) << outcome;
}

TEST_F(Cli, StdoutIsTheResultAndNothingElse) {
  const Outcome outcome = run({"predict", at("cnn.onnx"), "--pack", pack_, "--json"});
  EXPECT_FALSE(Json::parse(outcome.out, nullptr, false).is_discarded()) << outcome;
  const Outcome quiet = run({"--quiet", "predict", at("cnn.onnx"), "--pack", pack_});
  EXPECT_EQ(quiet.err, "") << quiet;
}

}  // namespace
}  // namespace latcast
