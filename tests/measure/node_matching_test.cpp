#include "measure/node_matching.h"

#include <gtest/gtest.h>

#include <vector>

#include "graph/net_builder.h"

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

using Times = std::vector<std::int64_t>;

TEST(NodeMatching, MatchesByNameAndOperator) {
  const auto model = graph_of({{"a", "Conv"}, {"b", "Relu"}});
  const std::vector<NodeTime> times = {{"b", "Relu", 20.4}, {"a", "Conv", 10.6}};
  EXPECT_EQ(match_nodes(model, times), (Times{11, 20}));
}

TEST(NodeMatching, EqualNamesAreMatchedInOrder) {
  const auto model = graph_of({{"", "Relu"}, {"", "Conv"}, {"", "Relu"}});
  const std::vector<NodeTime> times = {{"", "Relu", 1}, {"", "Conv", 2}, {"", "Relu", 3}};
  EXPECT_EQ(match_nodes(model, times), (Times{1, 2, 3}));
}

TEST(NodeMatching, WhatIsNotInTheProfileIsMinusOne) {
  const auto model = graph_of({{"a", "Conv"}, {"b", "Relu"}, {"c", "Relu"}});
  const std::vector<NodeTime> times = {{"b", "Relu", 20}, {"c", "Tanh", 5}};
  EXPECT_EQ(match_nodes(model, times), (Times{-1, 20, -1}));
  EXPECT_EQ(match_nodes(model, {}), (Times{-1, -1, -1}));
}

TEST(NodeMatching, WhatIsNotInTheGraphIsPassedOver) {
  const auto model = graph_of({{"a", "Conv"}});
  const std::vector<NodeTime> times = {{"x", "Conv", 7}, {"a", "Conv", 9}, {"a", "Conv", 11}};
  EXPECT_EQ(match_nodes(model, times), (Times{9}));
}

}  // namespace
}  // namespace latcast
