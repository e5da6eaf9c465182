#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <random>

#include "graph/infer_shapes.h"
#include "graph/net_builder.h"
#include "graph/wire.h"

namespace latcast::onnx {
namespace {

using namespace latcast::test;
using wire::Writer;

Result<Model> read(const std::string& text) { return read_model(std::as_bytes(std::span(text))); }

std::string file_bytes(const std::string& name) {
  std::ifstream stream(std::filesystem::path(LATCAST_TEST_DATA) / "graph" / name, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

std::string error_of(const Model& m) {
  const auto model = read(*write_model(m, Weights::skeleton));
  return model ? "" : model.error().context;
}

std::string message(std::uint32_t number, const std::string& inner) {
  Writer out;
  out.text(number, inner);
  return out.buffer();
}

/// A ModelProto around hand-made bytes of a GraphProto.
std::string around_graph(const std::string& graph) {
  Writer out;
  out.integer(1, 8);
  return out.buffer() + message(7, graph);
}

void expect_error(const std::string& bytes, std::string_view part) {
  const auto model = read(bytes);
  ASSERT_FALSE(model.has_value()) << part;
  EXPECT_NE(model.error().context.find(part), std::string::npos) << model.error().context;
}

TEST(OnnxReader, TellsOtherFilesFromDamagedOnes) {
  expect_error("", "not an ONNX file");
  expect_error("hello world, this is text", "not an ONNX file");
  expect_error("{\"json\": true}", "not an ONNX file");
  expect_error(std::string("\x89PNG\r\n\x1a\n\0\0\0", 11), "not an ONNX file");
  expect_error(std::string("PK\x03\x04zip", 7), "not an ONNX file");
  expect_error(std::string(100, '\0'), "not an ONNX file");
  expect_error("version https://git-lfs.github.com/spec/v1\noid sha256:1\n", "Git LFS");
  expect_error(std::string("\x08\x08", 2), "no graph");
}

TEST(OnnxReader, NamesTheByteWhereATruncatedFileEnds) {
  const std::string whole = file_bytes("squeezenet.onnx");
  ASSERT_GT(whole.size(), 10000U);
  expect_error(whole.substr(0, 10000), "truncated at byte 10000");
}

TEST(OnnxReader, RefusesEveryTruncation) {
  const std::string small = *write_model(relu_chain(4), Weights::materialize);
  for (std::size_t size = 0; size < small.size(); ++size) EXPECT_FALSE(read(small.substr(0, size)).has_value()) << size;
  const std::string large = file_bytes("shufflenet.optimized.onnx");
  for (std::size_t size = 0; size < large.size() - 200; size += 1000)
    EXPECT_FALSE(read(large.substr(0, size)).has_value()) << size;
}

TEST(OnnxReader, SurvivesRandomDamage) {
  const std::string whole = file_bytes("squeezenet.optimized.onnx");
  std::mt19937 random(1);
  for (int round = 0; round < 3000; ++round) {
    std::string damaged = whole;
    for (unsigned hits = 1 + random() % 8; hits > 0; --hits)
      damaged[random() % damaged.size()] = static_cast<char>(random());
    // Whatever still reads must also go through shape inference.
    if (const auto model = read(damaged)) static_cast<void>(infer_shapes(*model, {.named = {}, .batch = 1}, nullptr));
  }
}

TEST(OnnxReader, RefusesMalformedWireData) {
  expect_error(std::string("\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 12), "not an ONNX file");
  expect_error(around_graph("\x0b"), "wire type");
  expect_error(around_graph("\x0a\xff\xff\xff\xff\x0f"), "damaged: a message ends inside");
  expect_error(around_graph(std::string("\x0a\x04\x0a\x80\x80\x80", 6)), "ends inside");
}

TEST(OnnxReader, DeepNestingCostsNothing) {
  std::string type = message(1, "");
  for (int depth = 0; depth < 20000; ++depth) type = message(4, type).substr(0, 60000);
  Writer info;
  info.text(1, "x");
  info.text(2, type);
  expect_error(around_graph(message(11, info.buffer())), "");
}

TEST(OnnxReader, BoundsTheAttributesOfANode) {
  std::string node = message(4, "Relu");
  for (int i = 0; i < 1000000; ++i) node += message(5, message(1, "a"));
  expect_error(around_graph(message(1, node)), "more than 1024 attributes");
}

TEST(OnnxReader, RefusesImpossibleDimensions) {
  Model m = relu_chain(1);
  m.graph.initializers = {weight("w", {std::int64_t{1} << 40, std::int64_t{1} << 40})};
  EXPECT_NE(error_of(m).find("'w' has negative or impossibly large"), std::string::npos) << error_of(m);
  m.graph.initializers = {weight("w", {-3})};
  EXPECT_NE(error_of(m).find("'w' has negative"), std::string::npos);
  m.graph.initializers.clear();
  m.graph.inputs = {value("t0", {std::int64_t{1} << 62, 4})};
  EXPECT_NE(error_of(m).find("'t0' has impossibly large"), std::string::npos) << error_of(m);
}

TEST(OnnxReader, RefusesDataThatDoNotFitTheDims) {
  Writer tensor;
  tensor.integer(1, 5);
  tensor.integer(2, 1);
  tensor.text(8, "w");
  tensor.text(9, "123");
  expect_error(around_graph(message(5, tensor.buffer())), "3 bytes of data for 5 elements of float32");
}

TEST(OnnxReader, ReadsUnpackedAndPackedNumbers) {
  Writer tensor;
  tensor.integer(1, 2);
  tensor.integer(2, 7);
  tensor.text(8, "w");
  tensor.integer(7, -5);
  tensor.integer(7, 6);
  Writer packed;
  packed.integer(1, 3);
  packed.integer(2, 6);
  packed.text(8, "p");
  packed.text(5, "\x01\x02\x03");
  const std::string node = message(1, "w") + message(2, "y") + message(4, "Relu");
  const auto model = read(around_graph(message(5, tensor.buffer()) + message(5, packed.buffer()) + message(1, node)));
  ASSERT_TRUE(model.has_value()) << model.error().context;
  EXPECT_EQ(model->graph.initializers[0].ints, (Dims{-5, 6}));
  EXPECT_EQ(model->graph.initializers[1].ints, (Dims{1, 2, 3}));
  EXPECT_EQ(model->opsets.at(""), 1);
}

TEST(OnnxReader, NamesCyclesAndMissingProducers) {
  Model m = relu_chain(3);
  std::swap(m.graph.nodes[0], m.graph.nodes[2]);
  EXPECT_NE(error_of(m).find("cycle or its nodes are out of order"), std::string::npos) << error_of(m);
  m = relu_chain(1);
  m.graph.nodes[0].inputs[0] = m.graph.nodes[0].outputs[0];
  EXPECT_NE(error_of(m).find("cycle"), std::string::npos) << error_of(m);
  m = relu_chain(2);
  m.graph.nodes[1].inputs[0] = "nowhere";
  EXPECT_NE(error_of(m).find("'nowhere', which nothing produces"), std::string::npos) << error_of(m);
  m = relu_chain(1);
  m.graph.outputs[0].name = "z";
  EXPECT_NE(error_of(m).find("output 'z' is produced by no node"), std::string::npos) << error_of(m);
}

TEST(OnnxReader, RefusesTensorsProducedTwice) {
  Model m = relu_chain(2);
  m.graph.nodes[1].outputs[0] = "t1";
  EXPECT_NE(error_of(m).find("'t1' is produced twice"), std::string::npos) << error_of(m);
  m = relu_chain(1);
  m.graph.initializers = {weight("w", {1}), weight("w", {2})};
  EXPECT_NE(error_of(m).find("'w' is produced twice"), std::string::npos) << error_of(m);
  m.graph.initializers = {weight("w", {1}), weight("v", {1}), weight("w", {1})};  // engines take the last one
  EXPECT_EQ(read(*write_model(m, Weights::materialize))->graph.initializers.size(), 2U);
}

TEST(OnnxReader, AcceptsDisconnectedNodesAndEqualNodeNames) {
  Model m = relu_chain(2);
  m.graph.nodes.push_back(node("Relu", {"t0"}, {"apart"}));
  for (Node& n : m.graph.nodes) n.name = "same";
  EXPECT_EQ(error_of(m), "");
}

TEST(OnnxReader, RefusesAGraphWithoutNodes) {
  Model m = relu_chain(1);
  m.graph.nodes.clear();
  EXPECT_NE(error_of(m).find("no nodes"), std::string::npos);
}

TEST(OnnxReader, ReadsAnEmptyListOfFloats) {
  Writer attribute;
  attribute.text(1, "scales");
  attribute.text(7, "");  // packed floats, none
  const std::string node = message(2, "y") + message(3, "up") + message(4, "Relu") + message(5, attribute.buffer());
  const auto model = read(around_graph(message(1, node)));
  ASSERT_TRUE(model.has_value()) << model.error().context;
  EXPECT_TRUE(model->graph.nodes[0].attributes[0].floats.empty());
}

TEST(OnnxReader, ReadsGraphsInsideOfNodes) {
  Graph branch;
  branch.nodes = {node("Relu", {"t1"}, {"inner"})};
  branch.outputs = {value("inner", {1, 8})};
  Model m = relu_chain(1);
  m.graph.nodes.push_back(node("If", {"t1"}, {"y"}, {test::graph("then_branch", branch)}));
  const auto back = read(*write_model(m, Weights::materialize));
  ASSERT_TRUE(back.has_value()) << back.error().context;
  ASSERT_NE(back->graph.nodes[1].attributes[0].g, nullptr);
  EXPECT_EQ(back->graph.nodes[1].attributes[0].g->nodes[0].name, "Relu_inner");
  branch.nodes[0].inputs[0] = "nowhere";
  m.graph.nodes[1].attributes = {test::graph("then_branch", branch)};
  EXPECT_NE(error_of(m).find("'nowhere', which nothing produces"), std::string::npos) << error_of(m);
  for (int depth = 0; depth < 40; ++depth) {
    Graph outer;
    outer.outputs = branch.outputs;
    outer.nodes = {node("If", {"t1"}, {"inner"}, {test::graph("then_branch", branch)})};
    branch = outer;
  }
  m.graph.nodes[1].attributes = {test::graph("then_branch", branch)};
  EXPECT_NE(error_of(m).find("32 deep"), std::string::npos) << error_of(m);
}

TEST(OnnxReader, NamesInsideOfNodesAreTheirOwn) {
  const auto error_with = [](const Graph& branch) {
    Model m = relu_chain(1);
    m.graph.nodes.push_back(node("If", {"t1"}, {"y"}, {test::graph("then_branch", branch)}));
    return error_of(m);
  };
  Graph branch;
  branch.nodes = {node("Relu", {"t1"}, {"t0"})};
  EXPECT_NE(error_with(branch).find("'t0' is produced twice"), std::string::npos) << error_with(branch);
  branch.nodes = {node("Relu", {"t1"}, {"inner"})};
  branch.initializers = {weight("t1", {1})};
  EXPECT_NE(error_with(branch).find("'t1' is produced twice"), std::string::npos) << error_with(branch);
  branch.initializers.clear();
  branch.outputs = {value("nobody", {1})};
  EXPECT_NE(error_with(branch).find("output 'nobody' is produced by no node"), std::string::npos);
}

TEST(OnnxReader, WritesFunctionsOutWhereTheyAreCalled) {
  const std::string call =
      message(1, "x") + message(2, "y") + message(3, "block") + message(4, "Twice") + message(7, "mine");
  const std::string body = message(1, "a") + message(2, "b") + message(4, "Relu");
  const std::string function =
      message(1, "Twice") + message(10, "mine") + message(4, "a") + message(5, "b") + message(7, body);
  const auto model = read(around_graph(message(11, message(1, "x")) + message(1, call)) + message(25, function));
  ASSERT_TRUE(model.has_value()) << model.error().context;
  ASSERT_EQ(model->graph.nodes.size(), 1U);
  EXPECT_EQ(model->graph.nodes[0].name, "block/Relu");
  EXPECT_EQ(model->graph.nodes[0].inputs, std::vector<std::string>{"x"});
  EXPECT_EQ(model->graph.nodes[0].outputs, std::vector<std::string>{"y"});
}

TEST(OnnxReader, TellsOtherFilesApart) {
  using namespace std::string_literals;
  const std::vector<std::pair<std::string, std::string>> files = {
      {"version https://git-lfs.github.com/spec/v1\n", "Git LFS pointer"},
      {"\x1f\x8b\x08", "gunzip"},
      {"PK\x03\x04", "torch.onnx.export"},
      {"\x18\0\0\0ORTM"s, ".ort"},
      {"\x1c\0\0\0TFL3"s, "TensorFlow Lite"},
      {"GGUF\x03\0\0\0"s, "GGUF"},
      {"\x58\0\0\0\0\0\0\0{\"w\":"s, "safetensors"},
      {"<!DOCTYPE html>", "web page"},
      {"<?xml version", "OpenVINO"},
      {"ir_version: 8\n", "as text"},
      {"\x08\x01\x12\x14\x0a\x12\x22\x05serve\x2a\x06"s + "2.15.02\x01v", "SavedModel"}};
  for (const auto& [bytes, what] : files) expect_error(bytes, what);
}

TEST(OnnxReader, RefusesElementTypesThatAreNone) {
  Model m = relu_chain(1);
  m.graph.inputs[0].type = static_cast<DataType>(999);
  EXPECT_NE(error_of(m).find("'t0' has the element type 999"), std::string::npos) << error_of(m);
}

TEST(OnnxReader, KnowsWhichInitializersCallersMayOverride) {
  for (const std::int64_t version : {3, 8}) {
    Model m = relu_chain(1);
    m.ir_version = version;
    m.graph.initializers = {weight("w", {3}), weight("v", {3})};
    m.graph.inputs.push_back(value("w", {3}));
    const auto back = read(*write_model(m, Weights::materialize));
    ASSERT_TRUE(back.has_value());
    EXPECT_EQ(back->graph.initializers[0].overridable, version == 8);
    EXPECT_FALSE(back->graph.initializers[1].overridable);
  }
}

TEST(OnnxReader, AcceptsUnknownDomainsAndFutureOperatorSets) {
  Model m = relu_chain(1);
  m.graph.nodes[0].domain = "some.vendor";
  m.opsets = {{"", 99}, {"some.vendor", 3}};
  EXPECT_EQ(error_of(m), "");
}

TEST(OnnxReader, AnEmptyTextIsData) {
  const auto stripped = [](const std::string& data) {
    const std::string tensor = message(8, "w") + std::string("\x08\x01\x10\x08", 4) + data;  // one string
    const auto model =
        read(around_graph(message(5, tensor) + message(1, message(1, "w") + message(2, "y") + message(4, "Identity"))));
    return model->graph.initializers.at(0).stripped;
  };
  EXPECT_TRUE(stripped(""));
  EXPECT_FALSE(stripped(message(6, "")));
}

TEST(OnnxReader, InitializersListedAsInputsAreNotInputs) {
  Model m = relu_chain(1);
  m.graph.initializers = {weight("w", {3})};
  m.graph.inputs.push_back(value("w", {3}));
  const auto read_back = read(*write_model(m, Weights::materialize));
  ASSERT_TRUE(read_back.has_value());
  EXPECT_EQ(read_back->graph.inputs.size(), 1U);
}

class OnnxReaderFile : public testing::Test {
 protected:
  std::filesystem::path folder_ =
      std::filesystem::path(testing::TempDir()) / testing::UnitTest::GetInstance()->current_test_info()->name();
  void SetUp() override { std::filesystem::create_directories(folder_); }
  void TearDown() override { std::filesystem::remove_all(folder_); }
  std::filesystem::path write(const Model& m) {
    const auto file = folder_ / "model.onnx";
    std::ofstream(file, std::ios::binary) << *write_model(m, Weights::skeleton);
    return file;
  }
};

TEST_F(OnnxReaderFile, NamesMissingFilesAndFolders) {
  const auto missing = read_model_file(folder_ / "none.onnx");
  ASSERT_FALSE(missing.has_value());
  EXPECT_EQ(missing.error().code, Errc::not_found);
  EXPECT_NE(missing.error().context.find("none.onnx"), std::string::npos);
  EXPECT_FALSE(read_model_file(folder_).has_value());
}

TEST_F(OnnxReaderFile, NamesAMissingWeightFileUnlessToldToIgnoreIt) {
  Model m = relu_chain(1);
  m.graph.initializers = {weight("w", {5000})};
  m.graph.initializers[0].external_location = "weights.bin";
  const auto file = write(m);
  const auto refused = read_model_file(file);
  ASSERT_FALSE(refused.has_value());
  EXPECT_NE(refused.error().context.find("weights.bin"), std::string::npos);
  EXPECT_TRUE(read_model_file(file, ExternalWeights::ignored).has_value());
  std::ofstream(folder_ / "weights.bin") << std::string(19999, 'x');
  EXPECT_NE(read_model_file(file).error().context.find("too short: it has 19999 bytes of 20000"), std::string::npos);
  std::ofstream(folder_ / "weights.bin") << std::string(20000, 'x');
  EXPECT_TRUE(read_model_file(file).has_value());
}

TEST_F(OnnxReaderFile, FourBitsAreHalfAByteInAWeightFile) {
  Model m = relu_chain(1);
  m.graph.initializers = {weight("w", {5000})};
  m.graph.initializers[0].type = static_cast<DataType>(21);  // uint4
  m.graph.initializers[0].external_location = "weights.bin";
  const auto file = write(m);
  std::ofstream(folder_ / "weights.bin") << std::string(2499, 'x');
  EXPECT_NE(read_model_file(file).error().context.find("has 2499 bytes of 2500"), std::string::npos);
  std::ofstream(folder_ / "weights.bin") << std::string(2500, 'x');
  EXPECT_TRUE(read_model_file(file).has_value());
}

TEST_F(OnnxReaderFile, RefusesWeightFilesOutsideTheFolder) {
  Model m = relu_chain(1);
  m.graph.initializers = {weight("w", {5000})};
  m.graph.initializers[0].external_location = "../../etc/passwd";
  const auto refused = read_model_file(write(m));
  ASSERT_FALSE(refused.has_value());
  EXPECT_NE(refused.error().context.find("outside"), std::string::npos) << refused.error().context;
}

}  // namespace
}  // namespace latcast::onnx
