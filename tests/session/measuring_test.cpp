#include "session/measuring.h"

#include <gtest/gtest.h>

#include <string>

#include "core/pack_content.h"
#include "graph/net_builder.h"
#include "must.h"
#include "scratch.h"
#include "session/listeners.h"

namespace latcast::session {
namespace {

using test::must;
using test::StopsAfter;

class Measuring : public test::ScratchTest {
 protected:
  void SetUp() override {
    ScratchTest::SetUp();
    options_.engine = "fake";
    options_.rounds = 3;
    options_.burst = std::chrono::milliseconds(1);
  }

  /// A Relu.
  std::string network(const std::string& name, const Dims& dims, onnx::DataType type = onnx::DataType::float32) {
    onnx::Graph graph;
    graph.inputs = {test::value("x", dims, type)};
    graph.nodes = {test::node("Relu", {"x"}, {"y"})};
    graph.outputs = {test::value("y", dims, type)};
    return put(name, must(onnx::write_model(test::model(std::move(graph)), onnx::Weights::materialize)));
  }
  Measurements measured() {
    Listener nobody;
    return must(measure(options_, nobody));
  }

  MeasureOptions options_;
};

TEST_F(Measuring, TellsTheBatchAndElementTypeThatTheFilesHave) {
  options_.models = {network("half.onnx", {8, 4}, onnx::DataType::float16)};
  Measurements one = measured();
  EXPECT_EQ(find_value(one.target.conditions, "batch"), "8");
  EXPECT_EQ(find_value(one.target.conditions, "dtype"), "float16");
  EXPECT_EQ(find_value(one.target.conditions, "threads"), "1");
  options_.models.push_back(network("whole.onnx", {8, 4}));
  one = measured();
  EXPECT_EQ(find_value(one.models[0].conditions, "dtype"), "float16");
  EXPECT_EQ(find_value(one.models[1].conditions, "dtype"), "float32");
}

TEST_F(Measuring, AFileThatCannotBeMeasuredIsAnErrorInItsPlace) {
  options_.models = {at("none.onnx"), network("relu.onnx", {1, 4})};
  const Measurements two = measured();
  ASSERT_EQ(two.models.size(), 2U);
  EXPECT_FALSE(two.models[0].measurement.has_value());
  ASSERT_TRUE(two.models[1].measurement.has_value());
  EXPECT_EQ(two.models[1].measurement->quiet.rounds, 3);
}

TEST_F(Measuring, CancelledItKeepsWholeRoundsOrSaysSo) {
  options_.models = {network("a.onnx", {1, 4}), network("b.onnx", {1, 8})};
  StopsAfter one_step(1);
  const auto none = measure(options_, one_step);
  ASSERT_FALSE(none.has_value());
  EXPECT_EQ(none.error().code, Errc::interrupted);
  StopsAfter two_steps(2);
  const Measurements both = must(measure(options_, two_steps));
  for (const MeasuredModel& model : both.models) EXPECT_EQ(must(model.measurement).quiet.rounds, 1) << model.model;
}

}  // namespace
}  // namespace latcast::session
