// From nothing to a forecast on the inference engine of this machine: structure and sanity, no promise about time.
#include <cmath>
#include <set>

#include "engine/worker/worker.h"
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
    Worker worker("onnxruntime", {}, {});
    const auto info = must(worker.info());
    if (!info.available) GTEST_SKIP() << info.problem;
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
  EXPECT_GT(measurement["latency_ns"]["quiet"].get<double>(), 1000);
  EXPECT_GE(measurement["runs"].get<int>(), 9);
  EXPECT_FALSE(measurement["modules"].empty());
  EXPECT_EQ(json["target"]["settings"]["execution_provider"], "CPUExecutionProvider");
}

TEST_F(RealEngine, OnboardsForecastsAndEvaluates) {
  const Outcome profile = run({"profile", "--engine", "onnxruntime", "--db", at("host.db"), "--budget", "12s"});
  ASSERT_EQ(profile.code, 0) << profile;
  const Outcome train = run({"train", "--db", at("host.db"), "--out", at("host.latpack")});
  ASSERT_EQ(train.code, 0) << train;

  const Json json = run_json({"predict", at("cnn.onnx"), "--pack", at("host.latpack"), "--modules", "--json"});
  const Json& prediction = json["predictions"][0];
  const double quiet = prediction["latency_ns"]["quiet"];
  EXPECT_GT(quiet, 1000);
  EXPECT_LT(quiet, 1e10);
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
  EXPECT_TRUE(std::isfinite(eval["summary"]["mape"].get<double>()));

  const Outcome recalibrate = run({"recalibrate", "--pack", at("host.latpack"), "--budget", "3s"});
  EXPECT_TRUE(recalibrate.code == 0 || contains(recalibrate.err, "reference carriers")) << recalibrate;
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
}

}  // namespace
}  // namespace latcast
