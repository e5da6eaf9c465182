// latcast graph, and forecasts of files without the engine.
#include <cmath>

#include "real_engine.h"
#include "world.h"

namespace latcast {
namespace {

using test::contains;
using test::Json;
using test::must;
using test::Outcome;

const test::Environment kNoEngine = {{"LATCAST_ONNXRUNTIME", "/nonexistent/lib.so"}};

class Graph : public test::CliTest {
 protected:
  void SetUp() override {
    CliTest::SetUp();
    test::save(test::small_cnn(32), at("cnn.onnx"));
  }
};

TEST_F(Graph, IsDeducedWithoutTheEngine) {
  const Outcome shown = run({"graph", at("cnn.onnx")}, kNoEngine);
  EXPECT_EQ(shown.code, 0) << shown;
  EXPECT_TRUE(contains(shown.err, "deduced by rules")) << shown;
  EXPECT_TRUE(contains(shown.out, "executed nodes, by rules")) << shown;
  const Outcome asked = run({"graph", at("cnn.onnx"), "--graph", "engine"}, kNoEngine);
  EXPECT_EQ(asked.code, 5) << asked;
  EXPECT_TRUE(contains(asked.err, "Install")) << asked;
}

TEST_F(Graph, ListsNodesWithShapesAndWhatTheyStandFor) {
  const Outcome outcome = run({"graph", at("cnn.onnx"), "--graph", "rules", "--json"}, kNoEngine);
  ASSERT_EQ(outcome.code, 0) << outcome;
  const Json json = Json::parse(outcome.out);
  EXPECT_EQ(json["graph"], "rules");
  ASSERT_FALSE(json["nodes"].empty());
  std::size_t stands_for = 0;
  for (const Json& node : json["nodes"]) {
    EXPECT_FALSE(node["op"].get<std::string>().empty());
    EXPECT_FALSE(node["outputs"].empty());
    stands_for += node["nodes"].size();
  }
  EXPECT_GT(stands_for, json["nodes"].size() / 2);
}

TEST_F(Graph, IsWrittenForViewers) {
  const Outcome outcome = run({"graph", at("cnn.onnx"), "--graph", "rules", "--onnx", at("executed.onnx")}, kNoEngine);
  ASSERT_EQ(outcome.code, 0) << outcome;
  const auto model = onnx::read_model_file(at("executed.onnx"), onnx::ExternalWeights::ignored);
  ASSERT_TRUE(model.has_value()) << model.error().context;
  EXPECT_FALSE(model->graph.nodes.empty());
}

TEST_F(Graph, ShowsForecastsOfAPack) {
  const Outcome outcome = run({"graph", at("cnn.onnx"), "--pack", test::world().pack, "--json"});
  ASSERT_EQ(outcome.code, 0) << outcome;
  const Json json = Json::parse(outcome.out);
  ASSERT_FALSE(json["nodes"].empty());
  for (const Json& node : json["nodes"]) {
    EXPECT_GT(node["latency_ns"].get<double>(), 0.0);
    EXPECT_EQ(node.value("kernel", ""), node["op"] == "Conv" ? "conv_by_8" : "");  // as the fake engine tells
  }
}

TEST_F(Graph, SaysWhatIsWrongWithAFile) {
  test::write_text(at("text.onnx"), "no model");
  const Outcome outcome = run({"graph", at("text.onnx"), "--graph", "rules"}, kNoEngine);
  EXPECT_EQ(outcome.code, 1) << outcome;
  EXPECT_TRUE(contains(outcome.err, at("text.onnx"))) << outcome;
  const Outcome none = run({"graph", at("none.onnx"), "--graph", "rules"}, kNoEngine);
  EXPECT_EQ(none.code, 1) << none;
}

TEST_F(Graph, ThereAreNoRulesForEveryEngine) {
  const Outcome outcome = run({"predict", at("cnn.onnx"), "--pack", test::world().pack, "--graph", "rules"});
  EXPECT_EQ(outcome.code, 1) << outcome;
  EXPECT_TRUE(contains(outcome.err, "no rules for what fake executes")) << outcome;
}

/// On the engine of this machine. All are equal where the rules were checked; another version may differ in a few.
class RealEngineProbes : public test::CliTest {
 protected:
  void SetUp() override {
    CliTest::SetUp();
    if (const std::string problem = test::no_engine(); !problem.empty()) GTEST_SKIP() << problem;
  }
};

TEST_F(RealEngineProbes, AreMostlyAsTheEngineExecutesThem) {
  const Json json = run_json({"bench", "graph", "--probes", "--json"});
  std::size_t equal = 0;
  for (const Json& one : json["networks"]) {
    if (one["equal"].get<bool>()) {
      ++equal;
    } else {
      RecordProperty(one["model"].get<std::string>(), "differs");
    }
  }
  EXPECT_GE(equal * 10, json["networks"].size() * 9);
  EXPECT_GT(json["rules"]["blocked channels"]["applied"].get<int>(), 0);
  const Outcome text = run({"bench", "graph", "--probes"});
  EXPECT_TRUE(contains(text.out, "of them not equal")) << text;
  const bool all = equal == json["networks"].size();
  EXPECT_TRUE(contains(text.out, all ? "the rules hold for" : "rules that do not hold for")) << text;
}

}  // namespace
}  // namespace latcast
