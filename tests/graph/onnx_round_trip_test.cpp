#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>

#include "graph/net_builder.h"

namespace latcast::onnx {
namespace {

using namespace latcast::test;

std::span<const std::byte> bytes_of(const std::string& text) { return std::as_bytes(std::span(text)); }

Model written_and_read(const Model& original, Weights weights) {
  const auto bytes = write_model(original, weights);
  EXPECT_TRUE(bytes.has_value());
  auto read = read_model(bytes_of(*bytes));
  EXPECT_TRUE(read.has_value()) << (read ? "" : read.error().context);
  return read ? *read : Model{};
}

Model everything() {
  Graph graph;
  graph.name = "g";
  graph.inputs = {value("x", {2, 3})};
  graph.inputs[0].shape->at(0) = {.value = -1, .name = "batch"};
  graph.initializers = {weight("w", {3, 40}), int_values("shape", {-1, 4}), float_values("scales", {1.0, 0.5})};
  graph.nodes = {node("MatMul", {"x", "w"}, {"m"}),
                 node("Reshape", {"m", "shape"}, {"r"}, {integer("allowzero", -1), ints("many", {1, -2, 3})}),
                 node("Custom", {"r", "", "scales"}, {"y"}, {text("mode", "fast"), real("alpha", 0.25F)}, "my.domain")};
  graph.outputs = {value("y", {})};
  graph.outputs[0].shape.reset();
  return model(std::move(graph), 21);
}

TEST(OnnxRoundTrip, KeepsNodesAttributesAndShapes) {
  const Model read = written_and_read(everything(), Weights::materialize);
  ASSERT_EQ(read.graph.nodes.size(), 3U);
  EXPECT_EQ(read.opsets.at(""), 21);
  EXPECT_EQ(read.graph.nodes[1].attribute("allowzero")->i, -1);
  EXPECT_EQ(read.graph.nodes[1].attribute("many")->ints, (Dims{1, -2, 3}));
  const Node& custom = read.graph.nodes[2];
  EXPECT_EQ(custom.domain, "my.domain");
  EXPECT_EQ(custom.inputs, (std::vector<std::string>{"r", "", "scales"}));
  EXPECT_EQ(custom.attribute("mode")->s, "fast");
  EXPECT_EQ(custom.attribute("alpha")->f, 0.25F);
  EXPECT_EQ(custom.attribute("absent"), nullptr);
  EXPECT_EQ(read.graph.inputs[0].shape->at(0).name, "batch");
  EXPECT_EQ(read.graph.inputs[0].shape->at(1).value, 3);
  EXPECT_FALSE(read.graph.outputs[0].shape.has_value());
}

TEST(OnnxRoundTrip, KeepsValuesOfSmallTensors) {
  const Model read = written_and_read(everything(), Weights::materialize);
  EXPECT_EQ(read.graph.initializers[1].ints, (Dims{-1, 4}));
  EXPECT_EQ(read.graph.initializers[2].floats, (std::vector<double>{1.0, 0.5}));
  EXPECT_EQ(read.graph.initializers[0].floats.size(), 120U);
}

TEST(OnnxRoundTrip, KeepsValuesOfEveryType) {
  for (const DataType type : {DataType::int8, DataType::uint8, DataType::int16, DataType::uint16, DataType::int32,
                              DataType::uint32, DataType::int64, DataType::uint64, DataType::boolean}) {
    Model m = relu_chain(1);
    Tensor tensor = int_values("v", {0, 1, 1});
    tensor.type = type;
    m.graph.initializers = {tensor};
    EXPECT_EQ(written_and_read(m, Weights::materialize).graph.initializers[0].ints, (Dims{0, 1, 1})) << to_string(type);
  }
  for (const DataType type : {DataType::float16, DataType::bfloat16, DataType::float32, DataType::float64}) {
    Model m = relu_chain(1);
    Tensor tensor = float_values("v", {0.0, -1.5, 1024.0});
    tensor.type = type;
    m.graph.initializers = {tensor};
    EXPECT_EQ(written_and_read(m, Weights::materialize).graph.initializers[0].floats, tensor.floats) << to_string(type);
  }
}

TEST(OnnxRoundTrip, SkeletonKeepsFillsInLittleSpace) {
  Model m = relu_chain(1);
  m.graph.initializers = {weight("big", {4096, 4096}), weight("ones", {7})};
  m.graph.initializers[1].fill = {Fill::Kind::constant, 1.0F};
  const auto bytes = write_model(m, Weights::skeleton);
  ASSERT_TRUE(bytes.has_value());
  EXPECT_LT(bytes->size(), 1000U);
  const auto read = read_model(bytes_of(*bytes));
  ASSERT_TRUE(read.has_value()) << read.error().context;
  EXPECT_EQ(read->graph.initializers[0].fill.kind, Fill::Kind::normal);
  EXPECT_EQ(read->graph.initializers[0].fill.scale, 0.05F);
  EXPECT_EQ(read->graph.initializers[1].fill.kind, Fill::Kind::constant);
}

TEST(OnnxRoundTrip, SkeletonAndItsCopyMaterializeTheSame) {
  const Model original = everything();
  const Model copy = written_and_read(original, Weights::skeleton);
  EXPECT_EQ(*write_model(original, Weights::skeleton), *write_model(copy, Weights::skeleton));
  EXPECT_EQ(*write_model(original, Weights::materialize), *write_model(copy, Weights::materialize));
}

TEST(OnnxRoundTrip, MadeUpWeightsHaveTheAskedDeviationAndDependOnTheName) {
  Model m = relu_chain(1);
  m.graph.initializers = {weight("a", {32, 32}), weight("b", {32, 32})};
  const Model read = written_and_read(m, Weights::materialize);
  const auto& a = read.graph.initializers[0].floats;
  double sum = 0;
  double squares = 0;
  for (const double v : a) sum += v, squares += v * v;
  const double n = static_cast<double>(a.size());
  EXPECT_NEAR(sum / n, 0.0, 0.01);
  EXPECT_NEAR(std::sqrt(squares / n), 0.05, 0.01);
  EXPECT_NE(a, read.graph.initializers[1].floats);
}

TEST(OnnxRoundTrip, RefusesTwoGigabytes) {
  Model m = relu_chain(1);
  m.graph.initializers = {weight("w", {1 << 15, 1 << 15})};
  const auto bytes = write_model(m, Weights::materialize);
  ASSERT_FALSE(bytes.has_value());
  EXPECT_EQ(bytes.error().code, Errc::unsupported);
  EXPECT_TRUE(write_model(m, Weights::skeleton).has_value());
}

TEST(OnnxRoundTrip, TenThousandNodesComeBack) {
  const Model m = relu_chain(10000);
  EXPECT_EQ(written_and_read(m, Weights::skeleton).graph.nodes.size(), 10000U);
}

TEST(OnnxRoundTrip, RereadingARealFileChangesNothing) {
  const std::filesystem::path file = std::filesystem::path(LATCAST_TEST_DATA) / "graph/shufflenet.onnx";
  const auto first = read_model_file(file);
  ASSERT_TRUE(first.has_value()) << first.error().context;
  const Model second = written_and_read(*first, Weights::skeleton);
  ASSERT_EQ(first->graph.nodes.size(), second.graph.nodes.size());
  EXPECT_EQ(*write_model(*first, Weights::skeleton), *write_model(second, Weights::skeleton));
}

}  // namespace
}  // namespace latcast::onnx
