// An executed graph as bytes: what is written comes back, and no bytes do harm.
#include "graph/executed_graph.h"

#include <gtest/gtest.h>

#include <array>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>

#include "graph/module_network.h"
#include "graph/net_builder.h"
#include "must.h"

namespace latcast {
namespace {

using namespace latcast::test;

const std::filesystem::path kData = std::filesystem::path(LATCAST_TEST_DATA) / "graph";

/// Every kind of attribute, a shape as data, a number that no float is, an input that is left out, a shape that nobody
/// knows.
ExecutedGraph example() {
  onnx::Graph graph;
  graph.inputs = {value("x", {2, 3, 4})};
  graph.outputs = {value("y", {6, 4})};
  graph.initializers = {int_values("shape", {6, 4}), weight("w", {64, 64})};
  onnx::Tensor third = weight("third", {});
  third.fill = {};
  third.type = onnx::DataType::float64;
  third.floats = {1.0 / 3};
  graph.initializers.push_back(third);
  onnx::Attribute tensor("value", 0);
  tensor.kind = onnx::Attribute::Kind::t;
  tensor.t = std::make_shared<onnx::Tensor>(int_values("", {-1, 7}));
  graph.nodes = {node("Reshape", {"x", "shape"}, {"r"}),
                 node("Clip", {"r", "", "third"}, {"c"},
                      {integer("i", -5), real("f", 0.25F), text("s", "a word"), ints("is", {1, -2}),
                       onnx::Attribute("fs", std::vector<float>{0.5F}), tensor}),
                 node("Mystery", {"c", "w"}, {"m"}, {}, "com.example"), node("Relu", {"c"}, {"y"})};
  onnx::Model model = test::model(std::move(graph), 17);
  model.opsets["com.example"] = 3;
  ExecutedGraph out = must(executed_as_is(model, {}));
  out.kernels = {"", "clip_simd", "", ""};
  out.layouts[out.node(1).outputs[0]] = "NCHWc";
  out.stands_for[1] = {1, 3};
  out.stands_for[3] = {};
  return out;
}

std::string bytes_of(const std::string& file) {
  std::ifstream in(kData / file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

TEST(ExecutedGraphBytes, ComeBackAsTheyWere) {
  const ExecutedGraph graph = example();
  const ExecutedGraph back = must(read_executed_graph(write_executed_graph(graph)));
  EXPECT_EQ(write_executed_graph(back), write_executed_graph(graph));
  EXPECT_EQ(back.order, graph.order);
  EXPECT_EQ(back.stands_for, graph.stands_for);
  EXPECT_EQ(back.kernels, graph.kernels);
  EXPECT_EQ(back.layouts, graph.layouts);
  EXPECT_EQ(back.graph.opsets(), graph.graph.opsets());
  const ir::Node& clip = back.node(1);
  EXPECT_EQ(clip.inputs[1], ir::kNothing);
  EXPECT_EQ(back.graph.info(clip.inputs[2]).values, (std::vector<double>{1.0 / 3}));
  EXPECT_EQ(back.graph.info(clip.inputs[0]).dims, (Dims{6, 4}));
  EXPECT_EQ(clip.integer("i", 0), -5);
  EXPECT_EQ(clip.real("f", 0), 0.25F);
  EXPECT_EQ(clip.integers("is"), (Dims{1, -2}));
  EXPECT_EQ(clip.attribute("value")->t->ints, (std::vector<std::int64_t>{-1, 7}));
  EXPECT_FALSE(back.graph.info(back.node(2).outputs[0]).known);
  EXPECT_TRUE(back.graph.value(back.node(3).outputs[0]).output);
}

TEST(ExecutedGraphBytes, OfARealNetworkAreTheSameModules) {
  const Catalogue catalogue = must(Catalogue::builtin());
  const std::string onnx = bytes_of("resnet50.optimized.onnx");  // as older stores have it
  ExecutedGraph graph = must(read_executed_graph(onnx));
  const std::string bytes = write_executed_graph(graph);
  EXPECT_LT(bytes.size(), onnx.size());
  ExecutedGraph back = must(read_executed_graph(bytes));
  const ModuleNetwork expected = match_modules(graph, catalogue, nullptr);
  const ModuleNetwork found = match_modules(back, catalogue, nullptr);
  ASSERT_EQ(found.modules.size(), expected.modules.size());
  for (std::size_t i = 0; i < found.modules.size(); ++i) {
    EXPECT_EQ(found.modules[i].op, expected.modules[i].op);
    EXPECT_EQ(found.modules[i].parameters, expected.modules[i].parameters);
    EXPECT_EQ(found.modules[i].input_bytes, expected.modules[i].input_bytes);
  }
}

TEST(ExecutedGraphBytes, DamagedOnesAreAnErrorOrHarmless) {
  const Catalogue catalogue = must(Catalogue::builtin());
  const std::string bytes = write_executed_graph(example());
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    const auto cut = read_executed_graph(bytes.substr(0, size));
    ASSERT_FALSE(cut.has_value()) << size;
    EXPECT_EQ(cut.error().code, Errc::corrupt);
  }
  std::mt19937 random(1);
  for (int i = 0; i < 5000; ++i) {
    std::string damaged = bytes;
    for (int j = 0; j < 3; ++j) damaged[19 + random() % (damaged.size() - 19)] = static_cast<char>(random());
    auto graph = read_executed_graph(damaged);
    if (!graph) {
      EXPECT_EQ(graph.error().code, Errc::corrupt);
      continue;
    }
    (void)match_modules(*graph, catalogue, nullptr);
    (void)to_model(*graph, {});
  }
}

TEST(ExecutedGraphBytes, SayWhatIsWrongWithThem) {
  const auto error_of = [](std::string_view bytes) { return read_executed_graph(bytes).error(); };
  EXPECT_EQ(error_of("").code, Errc::corrupt);
  EXPECT_EQ(error_of("nonsense").code, Errc::corrupt);
  std::string bytes = write_executed_graph(example());
  const std::size_t op = bytes.find("Mystery");
  ASSERT_NE(op, std::string::npos);
  bytes[op - 1] = 100;  // longer than its message
  EXPECT_NE(error_of(bytes).context.find("damaged executed graph: "), std::string::npos) << error_of(bytes).context;
}

TEST(ExecutedGraphShapes, AreCompletedByTheCatalogue) {
  const std::array<std::pair<std::string, std::string>, 1> sources{
      {{"mystery.toml",
        "name = \"mystery\"\nsummary = \"known to this file alone\"\noperators = "
        "[\"com.example:Mystery\"]\nshapes = [[\"in0[0]\", \"2 * in0[1]\"]]\n[parameters]\nout = "
        "\"out0[1]\"\n[[kernel]]\nname = \"any\"\nbase = [\"1\"]\nfeatures = [\"out\"]\n"}}};
  const Catalogue catalogue = must(Catalogue::from_sources(sources));
  ExecutedGraph graph = must(read_executed_graph(write_executed_graph(example())));
  const ModuleNetwork network = match_modules(graph, catalogue, nullptr);
  EXPECT_EQ(graph.graph.info(graph.node(2).outputs[0]).dims, (Dims{6, 8}));
  EXPECT_EQ(network.modules[2].parameters, (std::vector<double>{8}));
}

}  // namespace
}  // namespace latcast
