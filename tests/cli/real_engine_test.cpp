// From nothing to a forecast on the inference engine of this machine; where there is one, all of it must work.
#include "real_engine.h"

#include <cmath>
#include <set>

#include "world.h"

namespace latcast {
namespace {

using test::contains;
using test::Json;
using test::must;
using test::Outcome;

class RealEngine : public test::CliTest {
 protected:
  void SetUp() override {
    CliTest::SetUp();
    if (const std::string problem = test::no_engine(); !problem.empty()) GTEST_SKIP() << problem;
    test::save(test::small_cnn(32), at("cnn.onnx"));
  }
};

TEST_F(RealEngine, IsListed) {
  const Json json = run_json({"engines", "--json"});
  EXPECT_EQ(json["engines"][0]["available"], true);
  EXPECT_NE(json["engines"][0]["version"], "");
}

TEST_F(RealEngine, MeasuresAModel) {
  const Json json = run_json({"measure", at("cnn.onnx"), "--engine", "onnxruntime", "--rounds", "3", "--burst", "10ms",
                              "--modules", "--json"});
  const Json& measurement = json["measurements"][0];
  const double quiet = measurement["latency_ns"]["quiet"];
  EXPECT_GT(quiet, 2e4);  // 5.6 million multiply-accumulates
  EXPECT_LT(quiet, 2e7);
  double sum = 0;
  for (const Json& module : measurement["modules"]) sum += module["latency_ns"].get<double>();
  EXPECT_NEAR(sum, quiet, 1e-9 * quiet);
  EXPECT_GE(measurement["runs"].get<int>(), 9);
  EXPECT_FALSE(measurement["modules"].empty());
  EXPECT_EQ(json["target"]["settings"]["execution_provider"], "CPUExecutionProvider");
}

TEST_F(RealEngine, IsFedWhatTheNetworkAllows) {
  onnx::Graph graph;
  graph.inputs = {test::value("frames", {20, 2, 8}),
                  test::value("lengths", {2}, onnx::DataType::int32),
                  test::value("image", {2, 4, 16, 16}),
                  test::value("boxes", {64, 4}),
                  test::value("images", {64}, onnx::DataType::int64),
                  test::value("places", {3, 5}, onnx::DataType::int64),
                  test::value("rows", {3, 5})};
  graph.initializers = {test::weight("w", {1, 12, 8}), test::weight("r", {1, 12, 4}), test::weight("data", {3, 7})};
  graph.nodes = {test::node("GRU", {"frames", "w", "r", "", "lengths"}, {"y"}, {test::integer("hidden_size", 4)}),
                 test::node("RoiAlign", {"image", "boxes", "images"}, {"z"},
                            {test::integer("output_height", 2), test::integer("output_width", 2)}),
                 test::node("ScatterElements", {"data", "places", "rows"}, {"s"}, {test::integer("axis", 1)})};
  graph.outputs = {test::value("y", {20, 1, 2, 4}), test::value("z", {64, 4, 2, 2}), test::value("s", {3, 7})};
  test::save(test::model(std::move(graph)), at("fed.onnx"));
  const std::vector<std::string> measure = {"measure", at("fed.onnx"), "--rounds", "1", "--burst", "1ms"};
  EXPECT_EQ(run(measure).code, 0) << run(measure);
  std::vector<std::string> wrong = measure;
  wrong.insert(wrong.end(), {"--input", "places=constant:7"});
  const Outcome refused = run(wrong);
  EXPECT_EQ(refused.code, 1) << refused;
  EXPECT_TRUE(contains(refused.err, "out of")) << refused;
}

TEST_F(RealEngine, OnboardsForecastsAndEvaluates) {
  const Outcome profile = run({"profile", "--engine", "onnxruntime", "--db", at("host.db"), "--budget", "12s"});
  ASSERT_EQ(profile.code, 0) << profile;
  const Outcome train = run({"train", "--db", at("host.db"), "--out", at("host.latpack")});
  ASSERT_EQ(train.code, 0) << train;

  const Json json = run_json({"predict", at("cnn.onnx"), "--pack", at("host.latpack"), "--modules", "--json"});
  const Json& prediction = json["predictions"][0];
  const double quiet = prediction["latency_ns"]["quiet"];
  EXPECT_LE(prediction["latency_ns"]["lower"].get<double>(), quiet);
  EXPECT_GE(prediction["latency_ns"]["upper"].get<double>(), quiet);
  double sum = 0;
  std::set<std::string> nodes;
  for (const Json& module : prediction["modules"]) {
    EXPECT_GE(module["latency_ns"].get<double>(), 0);
    sum += module["latency_ns"].get<double>();
    for (const Json& node : module["nodes"]) nodes.insert(node.get<std::string>());
  }
  EXPECT_NEAR(sum, quiet, 1e-9 * quiet);
  EXPECT_TRUE(nodes.contains("Conv_c1") && nodes.contains("Gemm_y")) << prediction.dump(1);

  const Json eval =
      run_json({"eval", at("cnn.onnx"), "--pack", at("host.latpack"), "--rounds", "2", "--burst", "20ms", "--json"});
  EXPECT_EQ(eval["summary"]["networks"], 1);
  // A network of a few modules after a campaign of seconds, on a machine that may be busy: the order of magnitude.
  // RealEngineSlow is about accuracy.
  const double error = eval["networks"][0]["error"];
  EXPECT_LT(std::abs(std::log(1 + error)), std::log(10)) << eval.dump(1);

  const Json field = Json::parse(
      run({"bench", "field", folder_, "--pack", at("host.latpack"), "--rounds", "1", "--burst", "5ms", "--json"}).out);
  const Json& forecasts = field["networks"][0]["forecasts"];
  EXPECT_EQ(forecasts[0]["graph"], "engine") << field.dump(1);
  EXPECT_EQ(forecasts[1]["graph"], "rules") << field.dump(1);

  const Outcome recalibrate = run({"recalibrate", "--pack", at("host.latpack"), "--budget", "8s"});
  if (contains(recalibrate.err, "reference carriers; at least")) {
    GTEST_SKIP() << "this machine is too busy: 12 s gave too few reference carriers\n" << recalibrate.err;
  }
  EXPECT_EQ(recalibrate.code, 0) << recalibrate;
  EXPECT_TRUE(contains(recalibrate.out, "this machine takes")) << recalibrate;
}

TEST_F(RealEngine, RefusesWhatTheEngineRefusesByName) {
  onnx::Model model = test::small_cnn();
  model.graph.nodes[1].op = "Wobble";
  model.graph.nodes[1].domain = "com.example";
  model.opsets["com.example"] = 1;
  test::save(model, at("odd.onnx"));
  const Json json =
      run_json({"measure", at("cnn.onnx"), at("odd.onnx"), "--rounds", "1", "--burst", "1ms", "--json"}, 1);
  EXPECT_TRUE(json["measurements"][0].contains("latency_ns"));
  EXPECT_TRUE(contains(json["measurements"][1]["error"]["message"], "Wobble")) << json.dump(1);
  model = test::small_cnn();
  model.ir_version = 99;
  test::save(model, at("newer.onnx"));
  const std::string reason = run({"graph", at("newer.onnx"), "--graph", "engine"}).err;
  EXPECT_LT(reason.find("version: 99"), reason.find("model.cc")) << reason;
}

}  // namespace
}  // namespace latcast
