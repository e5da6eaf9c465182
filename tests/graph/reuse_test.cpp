#include "graph/reuse.h"

#include <gtest/gtest.h>

#include <array>
#include <string>
#include <vector>

#include "graph/module_network.h"
#include "graph/net_builder.h"

namespace latcast {
namespace {

using namespace latcast::test;

constexpr const char* kTold = R"toml(
name = "told"
summary = "how cold inputs are"
operators = ["Relu", "Add", "MatMul"]
[parameters]
bytes_0 = "reuse(in0)"
bytes_1 = "reuse(in1)"
idle_1 = "idle(in1)"
idle_0 = "idle(in0)"
[[kernel]]
name = "any"
base = ["1"]
features = ["bytes_0"]
)toml";

struct Cold {
  double bytes_0, bytes_1, idle_1, idle_0;
};

/// By node; of those that the type above does not cover, zeros.
std::vector<Cold> told(onnx::Graph graph) {
  const std::array<std::pair<std::string, std::string>, 1> sources{{{"told.toml", kTold}}};
  const auto catalogue = Catalogue::from_sources(sources);
  EXPECT_TRUE(catalogue.has_value());
  const onnx::Model net = model(std::move(graph));
  auto executed = executed_as_is(net, {});
  EXPECT_TRUE(executed.has_value());
  const ModuleNetwork network = match_modules(*executed, *catalogue, &net);
  std::vector<Cold> out;
  for (const Module& module : network.modules) {
    const auto& p = module.parameters;
    out.push_back(p.size() == 4 ? Cold{p[0], p[1], p[2], p[3]} : Cold{});
  }
  return out;
}

/// x through as many layers of 4 MB.
onnx::Graph layers(int count) {
  onnx::Graph graph;
  graph.inputs = {value("x0", {1, 1000})};
  for (int i = 0; i < count; ++i) {
    const std::string in = "x" + std::to_string(i), out = "x" + std::to_string(i + 1), w = "w" + std::to_string(i);
    graph.initializers.push_back(weight(w, {1000, 1000}));
    graph.nodes.push_back(node("MatMul", {in, w}, {out}));
  }
  return graph;
}

TEST(Reuses, WeightsWereTouchedInTheRunBefore) {
  const std::vector<Cold> alone = told(layers(1)), two = told(layers(2)), ten = told(layers(10));
  EXPECT_LT(alone[0].bytes_1, 1e4);
  EXPECT_NEAR(two[0].bytes_1, 4e6, 2e4);
  EXPECT_NEAR(two[1].bytes_1, 4e6, 2e4);
  EXPECT_NEAR(ten[3].bytes_1, 36e6, 1e5);
}

TEST(Reuses, IdleIsTheTimeOfWhatRanSince) {
  const std::vector<Cold> two = told(layers(2)), ten = told(layers(10));
  EXPECT_GT(two[0].idle_1, 1e5);                // 8 MB at some bytes a nanosecond
  EXPECT_GT(ten[0].idle_1, 5 * two[0].idle_1);  // weights of 40 MB come more slowly than those of 8 MB
  EXPECT_GT(two[0].idle_1, two[1].idle_0);      // the activation was just written
}

TEST(Reuses, TheOtherSideOfASkipIsColderThanTheLastOutput) {
  onnx::Graph graph;
  graph.inputs = {value("x", {1, 4, 16, 16})};
  for (const auto& [in, out] : {std::pair{"x", "a"}, {"a", "b"}, {"b", "c"}, {"c", "d"}})
    graph.nodes.push_back(node("Relu", {in}, {out}));
  graph.nodes.push_back(node("Add", {"d", "a"}, {"y"}));
  constexpr double kMap = 4 * 4 * 256;
  const std::vector<Cold> found = told(std::move(graph));
  EXPECT_EQ(found[4].bytes_0, 0);
  EXPECT_EQ(found[4].bytes_1, 3 * kMap);  // b, c and d
  EXPECT_GT(found[4].idle_1, found[4].idle_0);
}

TEST(Reuses, ActivationsAreNoMoreThanAreAliveAtOnce) {
  onnx::Graph graph;
  graph.inputs = {value("x", {1, 1000})};
  graph.nodes.push_back(node("Relu", {"x"}, {"a"}));
  std::string last = "a";
  for (int i = 0; i < 50; ++i) {
    const std::string out = "b" + std::to_string(i);
    graph.nodes.push_back(node("Relu", {last}, {out}));
    last = out;
  }
  graph.nodes.push_back(node("Add", {last, "a"}, {"y"}));
  const std::vector<Cold> found = told(std::move(graph));
  EXPECT_LE(found[51].bytes_1, 4 * 4000);  // the input, a and two of the others
  EXPECT_GE(found[51].bytes_1, 2 * 4000);
}

TEST(Reuses, ViewsTouchNothingAndAreTheirTensor) {
  onnx::Graph graph;
  graph.inputs = {value("x", {1, 4, 16, 16})};
  graph.initializers = {int_values("flat", {4, 256})};
  graph.nodes = {node("Relu", {"x"}, {"a"}), node("Relu", {"a"}, {"b"}), node("Reshape", {"a", "flat"}, {"r"}),
                 node("Relu", {"r"}, {"y"})};
  constexpr double kMap = 4 * 4 * 256;
  const std::vector<Cold> found = told(std::move(graph));
  EXPECT_EQ(found[1].bytes_0, 0);
  EXPECT_EQ(found[3].bytes_0, 0);  // a was read by the node before the view
  EXPECT_GE(found[0].bytes_0, kMap);
}

}  // namespace
}  // namespace latcast
