#include "graph/ir.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "graph/executed_graph.h"
#include "graph/infer_shapes.h"
#include "graph/net_builder.h"
#include "must.h"

namespace latcast::ir {
namespace {

using latcast::test::must;

/// x -> a -> b -> d, a -> c -> d
onnx::Model diamond() {
  onnx::Graph graph;
  graph.inputs = {test::value("x", {2, 3})};
  graph.outputs = {test::value("d", {2, 3})};
  graph.nodes = {test::node("Relu", {"x"}, {"a"}), test::node("Tanh", {"a"}, {"b"}), test::node("Neg", {"a"}, {"c"}),
                 test::node("Add", {"b", "c"}, {"d"})};
  return test::model(std::move(graph));
}

Graph edit(const onnx::Model& model) { return must(link(model, {}, nullptr)); }

/// As it would be executed.
onnx::Model written(Graph graph, const onnx::Model& model) {
  graph.name_all();
  std::vector<NodeId> order = graph.order();
  return to_model({std::move(graph), std::move(order), {}}, model);
}

std::vector<std::string> operators(const onnx::Model& model) {
  std::vector<std::string> out;
  for (const onnx::Node& node : model.graph.nodes) out.push_back(node.op);
  return out;
}

TEST(Ir, ComesBackAsItWas) {
  const onnx::Model model = diamond();
  const onnx::Model back = written(edit(model), model);
  EXPECT_EQ(operators(back), (std::vector<std::string>{"Relu", "Neg", "Tanh", "Add"}));
  EXPECT_TRUE(test::infer_shapes(back, {}, nullptr)->at("d").known);
}

TEST(Ir, OrderGoesDepthFirstFromTheEnd) {
  const Graph graph = edit(diamond());
  EXPECT_EQ(graph.order(), (std::vector<NodeId>{0, 2, 1, 3}));
}

TEST(Ir, KnowsReadersAndMakers) {
  const Graph graph = edit(diamond());
  EXPECT_EQ(graph.only_reader(0), kNothing);  // two of them
  EXPECT_EQ(graph.only_reader(1), 3U);
  EXPECT_EQ(graph.only_reader(3), kNothing);  // the graph's output
  EXPECT_EQ(graph.producer(graph.node(3).inputs[0])->op, "Tanh");
  EXPECT_EQ(graph.producer(graph.node(0).inputs[0]), nullptr);
  EXPECT_EQ(graph.uses(graph.node(3).outputs[0]), 1U);
}

TEST(Ir, BypassesInTheMiddleAndAtTheEnd) {
  Graph graph = edit(diamond());
  EXPECT_TRUE(graph.bypass(1));
  EXPECT_EQ(graph.node(3).inputs[0], graph.node(0).outputs[0]);
  EXPECT_TRUE(graph.node(1).removed);
  EXPECT_EQ(graph.only_reader(2), 3U);

  onnx::Graph chain;
  chain.inputs = {test::value("x", {2, 3})};
  chain.outputs = {test::value("y", {2, 3})};
  chain.nodes = {test::node("Relu", {"x"}, {"a"}), test::node("Identity", {"a"}, {"y"})};
  const onnx::Model model = test::model(std::move(chain));
  Graph end = edit(model);
  EXPECT_TRUE(end.bypass(1));
  const onnx::Model back = written(end, model);
  ASSERT_EQ(back.graph.nodes.size(), 1U);
  EXPECT_EQ(back.graph.nodes[0].outputs[0], "y");  // the output keeps its name
}

TEST(Ir, DoesNotBypassFromAnInputToAnOutput) {
  onnx::Graph chain;
  chain.inputs = {test::value("x", {2, 3})};
  chain.outputs = {test::value("y", {2, 3})};
  chain.nodes = {test::node("Identity", {"x"}, {"y"})};
  Graph graph = edit(test::model(std::move(chain)));
  EXPECT_FALSE(graph.bypass(0));
  EXPECT_FALSE(graph.node(0).removed);
}

TEST(Ir, NewValuesHaveNamesOfTheirOwn) {
  const onnx::Model model = diamond();
  Graph graph = edit(model);
  const ValueId result = graph.node(3).outputs[0];
  for (int i = 0; i < 2; ++i) {
    const ValueId between = graph.add_value("a", graph.value(result).info);
    const ValueId after = graph.add_value(Label(between, "_more"), graph.value(result).info);
    graph.add_node("Neg", {}, "", {result}, {between});
    graph.add_node("Neg", {}, "", {between}, {after});
  }
  std::set<std::string> names = {"x"};
  for (const onnx::Node& node : written(graph, model).graph.nodes) names.insert(node.outputs[0]);
  EXPECT_EQ(names, (std::set<std::string>{"x", "a", "b", "c", "d", "a_0", "a_0_more", "a_1", "a_1_more"}));
}

}  // namespace
}  // namespace latcast::ir
