// Graphs that ONNX Runtime made of public networks: shapes as its profiler saw them, names of the file's nodes.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

#include "graph/infer_shapes.h"
#include "graph/provenance.h"
#include "must.h"

namespace latcast {
namespace {

std::filesystem::path data(const std::string& name) {
  return std::filesystem::path(LATCAST_TEST_DATA) / "graph" / name;
}

onnx::Model executed(const std::string& name) {
  auto model = onnx::read_model_file(data(name + ".optimized.onnx"), onnx::ExternalWeights::ignored);
  EXPECT_TRUE(model.has_value()) << (model ? "" : model.error().context);
  return *model;
}

/// With what it stands for of the file.
ExecutedGraph traced(const std::string& name, const onnx::Model& original) {
  static constexpr std::array<std::string_view, 2> kReorders = {"ReorderInput", "ReorderOutput"};
  ExecutedGraph graph = test::must(executed_as_is(executed(name), {}));
  trace_nodes(graph, original.graph, kReorders);
  return graph;
}

std::string to_text(const TensorInfo& info) {
  std::string result;
  for (const std::int64_t dim : info.dims) result += (result.empty() ? "" : "x") + std::to_string(dim);
  return info.known ? result : "?";
}

class SavedGraph : public testing::TestWithParam<const char*> {};

TEST_P(SavedGraph, HasTheShapesThatTheProfilerSaw) {
  const onnx::Model model = executed(GetParam());
  const auto tensors = test::infer_shapes(model, {}, nullptr);
  ASSERT_TRUE(tensors.has_value()) << tensors.error().context;
  std::ifstream expected(data(std::string(GetParam()) + ".shapes.txt"));
  std::size_t checked = 0;
  for (std::string line; std::getline(expected, line); ++checked) {
    std::istringstream fields(line);
    std::string name;
    std::getline(fields, name, '\t');
    const auto found = std::ranges::find(model.graph.nodes, name, &onnx::Node::name);
    ASSERT_NE(found, model.graph.nodes.end()) << name;
    std::string shape;
    for (std::size_t i = 0; std::getline(fields, shape, '\t'); ++i)
      EXPECT_EQ(to_text(tensors->at(found->outputs[i])), shape) << name;
  }
  EXPECT_GT(checked, 15U);
}

INSTANTIATE_TEST_SUITE_P(Light, SavedGraph, testing::Values("squeezenet", "shufflenet", "resnet50", "bvlc_alexnet"));

TEST(Provenance, EveryNodeThatIsNotConstantIsInExactlyOneModule) {
  for (const std::string name : {"squeezenet", "shufflenet"}) {
    const auto original = onnx::read_model_file(data(name + ".onnx"));
    ASSERT_TRUE(original.has_value()) << original.error().context;
    const auto lists = traced(name, *original).stands_for;
    std::multiset<std::size_t> seen;
    for (const auto& list : lists) seen.insert(list.begin(), list.end());
    for (std::size_t i = 0; i < original->graph.nodes.size(); ++i) {
      const std::string& op = original->graph.nodes[i].op;
      const bool constant = op == "Constant" || op == "ConstantOfShape";
      EXPECT_EQ(seen.count(i), constant ? 0U : 1U) << name << " " << op << " " << i;
    }
  }
}

TEST(Provenance, AFusedConvolutionStandsForItsActivation) {
  const auto original = onnx::read_model_file(data("squeezenet.onnx"));
  const ExecutedGraph graph = traced("squeezenet", *original);
  const auto& lists = graph.stands_for;
  std::size_t fused = 0;
  for (std::size_t i = 0; i < lists.size(); ++i) {
    if (graph.node(i).op != "Conv") continue;
    std::vector<std::string> ops;
    for (const std::size_t node : lists[i])
      if (original->graph.nodes[node].op != "Dropout") ops.push_back(original->graph.nodes[node].op);
    EXPECT_EQ(ops, (std::vector<std::string>{"Conv", "Relu"}));
    ++fused;
  }
  EXPECT_EQ(fused, 26U);
}

}  // namespace
}  // namespace latcast
