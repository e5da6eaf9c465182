// What ONNX Runtime saved of a network, told in no engine's own form.
#include "engine/onnxruntime/saved_graph.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <set>

#include "must.h"

namespace latcast::ort {
namespace {

const std::filesystem::path kData = std::filesystem::path(LATCAST_TEST_DATA) / "graph";

EngineModel original() {
  EngineModel model;
  model.file = kData / "squeezenet.onnx";
  return model;
}

TEST(SavedGraph, KnowsShapesLayoutsAndTheFilesNodes) {
  const ExecutedGraph graph = test::must(read_saved_graph(kData / "squeezenet.optimized.onnx", original()));
  std::set<std::size_t> stands_for;
  for (std::size_t place = 0; place < graph.order.size(); ++place) {
    const ir::Node& node = graph.node(place);
    const bool blocked = node.domain == "com.microsoft.nchwc" && node.op != "ReorderOutput";
    EXPECT_EQ(graph.layouts.contains(node.outputs[0]), blocked) << node.name;
    EXPECT_TRUE(graph.graph.info(node.outputs[0]).known) << node.name;
    EXPECT_EQ(graph.stands_for[place].empty(), node.op.starts_with("Reorder")) << node.name;
    stands_for.insert(graph.stands_for[place].begin(), graph.stands_for[place].end());
  }
  EXPECT_GT(stands_for.size(), graph.order.size());
}

TEST(SavedGraph, ThatCannotBeReadIsAnError) {
  EXPECT_FALSE(read_saved_graph(kData / "none.onnx", original()));
  EXPECT_FALSE(read_saved_graph(kData / "squeezenet.optimized.onnx", {}));
}

}  // namespace
}  // namespace latcast::ort
