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
  m.graph.initializers = {weight("w", {1}), weight("w", {1})};
  EXPECT_NE(error_of(m).find("'w' is produced twice"), std::string::npos) << error_of(m);
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

TEST(OnnxReader, RefusesControlFlowByName) {
  Writer attribute;
  attribute.text(1, "then_branch");
  attribute.text(6, "");
  const std::string node = message(2, "y") + message(3, "branch") + message(4, "If") + message(5, attribute.buffer());
  const auto model = read(around_graph(message(1, node)));
  ASSERT_FALSE(model.has_value());
  EXPECT_EQ(model.error().code, Errc::unsupported);
  EXPECT_NE(model.error().context.find("If 'branch'"), std::string::npos) << model.error().context;
}

TEST(OnnxReader, RefusesOnlyFunctionsThatAreCalled) {
  const auto with_function = [](const std::string& called) {
    const std::string node = message(2, "y") + message(4, called) + message(7, "mine");
    return around_graph(message(1, node)) + message(25, message(1, "MyBlock") + message(10, "mine"));
  };
  expect_error(with_function("MyBlock"), "local function 'MyBlock'");
  EXPECT_TRUE(read(with_function("Other")).has_value());
}

TEST(OnnxReader, AcceptsUnknownDomainsAndFutureOperatorSets) {
  Model m = relu_chain(1);
  m.graph.nodes[0].domain = "some.vendor";
  m.opsets = {{"", 99}, {"some.vendor", 3}};
  EXPECT_EQ(error_of(m), "");
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
  std::ofstream(folder_ / "weights.bin") << "x";
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
