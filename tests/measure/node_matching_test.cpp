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
  const std::vector<NodeTime> times = {{"b", "Relu", 20.4, 3.6}, {"a", "Conv", 10.6, 2.4}};
  EXPECT_EQ(match_nodes(model, times).nodes_ns, (Times{11, 20}));
  EXPECT_EQ(match_nodes(model, times).pauses_ns, (Times{2, 4}));
}

TEST(NodeMatching, EqualNamesAreMatchedInOrder) {
  const auto model = graph_of({{"", "Relu"}, {"", "Conv"}, {"", "Relu"}});
  const std::vector<NodeTime> times = {{"", "Relu", 1, 0}, {"", "Conv", 2, 0}, {"", "Relu", 3, 0}};
  EXPECT_EQ(match_nodes(model, times).nodes_ns, (Times{1, 2, 3}));
}

TEST(NodeMatching, WhatIsNotInTheProfileIsMinusOne) {
  const auto model = graph_of({{"a", "Conv"}, {"b", "Relu"}, {"c", "Relu"}});
  const std::vector<NodeTime> times = {{"b", "Relu", 20, 0}, {"c", "Tanh", 5, 0}};
  EXPECT_EQ(match_nodes(model, times).nodes_ns, (Times{-1, 20, -1}));
  EXPECT_EQ(match_nodes(model, {}).nodes_ns, (Times{-1, -1, -1}));
  EXPECT_EQ(match_nodes(model, {}).pauses_ns, (Times{-1, -1, -1}));
}

TEST(NodeMatching, WhatIsNotInTheGraphIsPassedOver) {
  const auto model = graph_of({{"a", "Conv"}});
  const std::vector<NodeTime> times = {{"x", "Conv", 7, 0}, {"a", "Conv", 9, 0}, {"a", "Conv", 11, 0}};
  EXPECT_EQ(match_nodes(model, times).nodes_ns, (Times{9}));
}

}  // namespace
}  // namespace latcast
