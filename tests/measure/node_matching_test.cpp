#include "measure/node_matching.h"

#include <gtest/gtest.h>

#include <vector>

#include "graph/net_builder.h"
#include "must.h"

namespace latcast {
namespace {

onnx::Model graph_of(const std::vector<std::pair<std::string, std::string>>& nodes) {
  onnx::Model model;
  for (const auto& [name, op] : nodes) {
    onnx::Node node;
    node.name = name;
    node.op = op;
    model.graph.nodes.push_back(node);
  }
  return model;
}

MatchedTimes match(const onnx::Model& model, const NodeTimes& times) {
  return match_nodes(test::must(executed_as_is(model, {})), times);
}

using Times = std::vector<std::int64_t>;

TEST(NodeMatching, MatchesByNameAndOperator) {
  const auto model = graph_of({{"a", "Conv"}, {"b", "Relu"}});
  const NodeTimes times = {{{"b", "Relu", 20.4}, {"a", "Conv", 10.6}}, {{"pause", {3.6, 2.4}}}};
  EXPECT_EQ(match(model, times).nodes_ns, (Times{11, 20}));
  EXPECT_EQ(match(model, times).overheads_ns.at("pause"), (Times{2, 4}));
}

TEST(NodeMatching, EqualNamesAreMatchedInOrder) {
  const auto model = graph_of({{"", "Relu"}, {"", "Conv"}, {"", "Relu"}});
  const NodeTimes times = {{{"", "Relu", 1}, {"", "Conv", 2}, {"", "Relu", 3}}};
  EXPECT_EQ(match(model, times).nodes_ns, (Times{1, 2, 3}));
}

TEST(NodeMatching, WhatIsNotInTheProfileIsMinusOne) {
  const auto model = graph_of({{"a", "Conv"}, {"b", "Relu"}, {"c", "Relu"}});
  const NodeTimes times = {{{"b", "Relu", 20}, {"c", "Tanh", 5}}};
  EXPECT_EQ(match(model, times).nodes_ns, (Times{-1, 20, -1}));
  EXPECT_EQ(match(model, {}).nodes_ns, (Times{-1, -1, -1}));
  EXPECT_EQ(match(model, {{}, {{"pause", {}}}}).overheads_ns.at("pause"), (Times{-1, -1, -1}));
}

TEST(NodeMatching, WhatIsNotInTheGraphIsPassedOver) {
  const auto model = graph_of({{"a", "Conv"}});
  const NodeTimes times = {{{"x", "Conv", 7}, {"a", "Conv", 9}, {"a", "Conv", 11}}};
  EXPECT_EQ(match(model, times).nodes_ns, (Times{9}));
}

/// Each node works on an input of its own, of this shape.
onnx::Model with_shapes(onnx::Model model, const std::vector<std::vector<std::int64_t>>& shapes) {
  for (std::size_t i = 0; i < shapes.size(); ++i) {
    onnx::ValueInfo input;
    input.name = "in" + std::to_string(i);
    input.type = onnx::DataType::float32;
    input.shape.emplace();
    for (const std::int64_t dim : shapes[i]) input.shape->push_back({dim, ""});
    model.graph.nodes[i].inputs = {input.name};
    model.graph.nodes[i].outputs = {"out" + std::to_string(i)};
    model.graph.inputs.push_back(std::move(input));
  }
  return model;
}

TEST(NodeMatching, ShapesDecideWhereAnEngineDealsNamesAnew) {
  const auto model = with_shapes(graph_of({{"token_1", "Relu"}, {"token_2", "Relu"}, {"token_3", "Relu"}}),
                                 {{1, 64}, {1, 8, 9}, {1, 64}});
  const NodeTimes times = {
      {{"token_3", "Relu", 1, {1, 64}}, {"token_1", "Relu", 2, {1, 8, 9}}, {"token_7", "Relu", 3, {1, 64}}}};
  EXPECT_EQ(match(model, times).nodes_ns, (Times{3, 2, 1}));
}

TEST(NodeMatching, ANodeOfAnotherShapeIsNotMatched) {
  const auto model = with_shapes(graph_of({{"a", "Relu"}, {"b", "Mystery"}}), {{1, 4}, {1, 4}});
  const NodeTimes times = {{{"a", "Relu", 1, {1, 5}}, {"b", "Mystery", 2, {3, 4}}}};
  EXPECT_EQ(match(model, times).nodes_ns, (Times{-1, 2}));
}

}  // namespace
}  // namespace latcast
