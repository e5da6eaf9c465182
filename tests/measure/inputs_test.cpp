#include <gtest/gtest.h>

#include <array>
#include <cstring>

#include "graph/net_builder.h"
#include "measure/given_inputs.h"
#include "measure/model_file.h"
#include "must.h"
#include "scratch.h"

namespace latcast {
namespace {

using onnx::DataType;
using test::must;

class Inputs : public test::ScratchTest {
 protected:
  /// An operator that reads, beside tensors of these shapes, an input "i" at place `at`.
  static onnx::Graph reading(const onnx::Node& like, const std::vector<Dims>& others, std::size_t at, const Dims& dims,
                             DataType type = DataType::int64) {
    onnx::Graph graph;
    onnx::Node node = like;
    for (std::size_t i = 0; i < others.size(); ++i) {
      node.inputs.push_back("x" + std::to_string(i));
      graph.inputs.push_back(test::value(node.inputs.back(), others[i]));
    }
    node.inputs.resize(std::max(at, node.inputs.size()));
    node.inputs.insert(node.inputs.begin() + static_cast<std::ptrdiff_t>(at), "i");
    node.outputs = {"y"};
    graph.inputs.push_back(test::value("i", dims, type));
    graph.nodes = {node};
    graph.outputs = {onnx::ValueInfo{.name = "y", .type = DataType::float32, .shape = std::nullopt}};
    return graph;
  }
  static EngineModel planned(onnx::Graph graph) { return must(plan_inputs(test::model(std::move(graph), 20), {})); }
  /// Both ends of what is in the last input.
  static std::pair<double, double> range(onnx::Graph graph) {
    const auto values = planned(std::move(graph)).inputs.back().range;
    return values ? std::pair{values->from, values->to} : std::pair{-1.0, -1.0};
  }
  using Pair = std::pair<double, double>;
};

onnx::Node node(const std::string& op, std::vector<onnx::Attribute> attributes = {}, const std::string& domain = "") {
  onnx::Node out = test::node(op, {}, {}, std::move(attributes));
  out.domain = domain;
  return out;
}

TEST_F(Inputs, IndicesStayWithinWhatTheyIndex) {
  EXPECT_EQ(range(reading(node("Gather"), {{50, 8}}, 1, {1, 4})), Pair(0, 49));
  EXPECT_EQ(range(reading(node("Gather", {{"axis", -1}}), {{50, 8}}, 1, {4})), Pair(0, 7));
  EXPECT_EQ(range(reading(node("Gather"), {{200000, 8}}, 1, {4})), Pair(0, 29999));
  EXPECT_EQ(range(reading(node("GatherElements", {{"axis", 1}}), {{50, 8}}, 1, {50, 3})), Pair(0, 7));
  EXPECT_EQ(range(reading(node("ScatterElements", {{"axis", 1}}), {{50, 8}, {50, 3}}, 1, {50, 3})), Pair(0, 7));
  EXPECT_EQ(range(reading(node("GatherND"), {{50, 8, 9}}, 1, {4, 2})), Pair(0, 7));
  EXPECT_EQ(range(reading(node("GatherND", {{"batch_dims", 1}}), {{4, 8, 9}}, 1, {4, 2, 1})), Pair(0, 7));
  EXPECT_EQ(range(reading(node("ScatterND"), {{50, 8}, {4, 8}}, 1, {4, 1})), Pair(0, 49));
  EXPECT_EQ(
      range(reading(node("RoiAlign", {{"output_height", 2}, {"output_width", 2}}), {{3, 8, 16, 16}, {5, 4}}, 2, {5})),
      Pair(0, 2));
}

TEST_F(Inputs, BoxesLieWithinTheirImage) {
  const onnx::Node align = node("RoiAlign", {{"output_height", 2}, {"output_width", 2}, {"spatial_scale", 0.25}});
  const EngineModel model = planned(reading(align, {{3, 8, 16, 32}, {2}}, 1, {2, 4}, DataType::float32));
  const std::string& bytes = model.inputs.back().bytes;
  ASSERT_EQ(bytes.size(), 32U);
  std::array<float, 8> boxes{};
  std::memcpy(boxes.data(), bytes.data(), bytes.size());
  EXPECT_EQ(boxes, (std::array<float, 8>{0, 0, 64, 32, 0, 0, 64, 32}));
}

TEST_F(Inputs, LengthsAreAllThereIs) {
  EXPECT_EQ(
      range(reading(node("GRU", {{"hidden_size", 4}}), {{100, 2, 8}, {1, 12, 8}, {1, 12, 4}}, 4, {2}, DataType::int32)),
      Pair(100, 100));
  EXPECT_EQ(range(reading(node("ReverseSequence", {{"time_axis", 1}, {"batch_axis", 0}}), {{2, 60, 8}}, 1, {2})),
            Pair(60, 60));
  const std::vector<Dims> grouped = {{1, 3, 64}, {1, 3, 32}, {1, 3, 32}, {1, 2, 7, 16}, {1, 2, 7, 16}};
  const std::vector<onnx::Attribute> heads = {{"num_heads", 4}, {"kv_num_heads", 2}};
  EXPECT_EQ(range(reading(node("GroupQueryAttention", heads, "com.microsoft"), grouped, 5, {1}, DataType::int32)),
            Pair(9, 9));
  EXPECT_EQ(range(reading(node("GroupQueryAttention", heads, "com.microsoft"), grouped, 6, {1}, DataType::int32)),
            Pair(10, 10));
  const onnx::Node attention = node("MultiHeadAttention", {{"num_heads", 4}}, "com.microsoft");
  const std::vector<Dims> tokens = {{2, 12, 64}, {2, 12, 64}, {2, 12, 64}};
  EXPECT_EQ(range(reading(attention, tokens, 4, {2}, DataType::int32)), Pair(12, 12));
  EXPECT_EQ(range(reading(attention, tokens, 4, {2, 12}, DataType::int32)), Pair(1, 1));
}

TEST_F(Inputs, MasksAreOfOnesAndRealNumbersOfAnyKind) {
  EXPECT_EQ(range(reading(node("Cast", {{"to", 1}}), {}, 0, {1, 8})), Pair(1, 1));
  EXPECT_EQ(range(reading(node("Not"), {}, 0, {1, 8}, DataType::boolean)), Pair(1, 1));
  EXPECT_EQ(range(reading(node("Relu"), {}, 0, {1, 8}, DataType::float32)), Pair(-1, -1));
}

TEST_F(Inputs, AreFollowedThroughNodesThatPassThemOn) {
  onnx::Graph graph = reading(node("Gather"), {{50, 8}}, 1, {4}, DataType::float32);
  graph.nodes[0].inputs[1] = "wide";
  graph.nodes.insert(graph.nodes.begin(), {test::node("Cast", {"i"}, {"whole"}, {{"to", 7}}),
                                           test::node("Unsqueeze", {"whole", "axes"}, {"wide"})});
  graph.initializers = {test::int_values("axes", {0})};
  EXPECT_EQ(range(graph), Pair(0, 49));
  // What two nodes want must suit both, and the type.
  graph.inputs.push_back(test::value("small", {9, 8}));
  graph.nodes.push_back(test::node("Gather", {"small", "whole"}, {"z"}));
  EXPECT_EQ(must(plan_inputs(test::model(graph), {})).inputs[1].range.value_or(ValueRange{}).to, 8);
}

/// As numpy.save() writes it.
std::string npy(const std::string& descr, const std::string& shape, const std::string& elements,
                const std::string& fortran = "False") {
  std::string header = "{'descr': '" + descr + "', 'fortran_order': " + fortran + ", 'shape': " + shape + ", }";
  header.resize(117, ' ');
  return std::string("\x93NUMPY\x01\x00", 8) + std::string("\x76\x00", 2) + header + "\n" + elements;
}

TEST_F(Inputs, ReadArraysOfNumpy) {
  const std::string text = npy("<i2", "(2, 3)", "abcdefghijkl");
  const NumpyArray array = must(read_numpy(text));
  EXPECT_EQ(array.type, DataType::int16);
  EXPECT_EQ(array.dims, (Dims{2, 3}));
  EXPECT_EQ(array.bytes, "abcdefghijkl");
  EXPECT_EQ(must(read_numpy(npy("|u1", "(4,)", "abcd"))).dims, Dims{4});
  EXPECT_EQ(must(read_numpy(npy("<f4", "()", "abcd"))).dims, Dims{});
}

TEST_F(Inputs, RefuseWhatIsNoArrayOfTheRightKind) {
  EXPECT_EQ(read_numpy("PK\x03\x04 an archive").error().context, "not a .npy file");
  EXPECT_FALSE(read_numpy(npy(">i4", "(1,)", "abcd")).has_value());
  EXPECT_FALSE(read_numpy(npy("|O", "(1,)", "abcd")).has_value());
  EXPECT_FALSE(read_numpy(npy("<f4", "(1, 2)", "abcdefgh", "True")).has_value());
  EXPECT_FALSE(read_numpy(npy("<f4", "(2,)", "abcd")).has_value());
  EXPECT_FALSE(read_numpy(npy("<f4", "(-1,)", "abcd")).has_value());
  EXPECT_FALSE(read_numpy(npy("<f4", "(4294967296, 4294967296, 4)", "")).has_value());
  const std::string whole = npy("|u1", "(4,)", "abcd");
  for (std::size_t size = 0; size < whole.size(); ++size) EXPECT_FALSE(read_numpy(whole.substr(0, size)).has_value());
}

TEST_F(Inputs, TakeWhatIsGiven) {
  EngineModel model = planned(reading(node("Gather"), {{50, 8}}, 1, {4}));
  ASSERT_TRUE(give_inputs(model, {{"i", "range:3..5"}, {"x0", "constant:0.5"}}).has_value());
  EXPECT_EQ(model.inputs[1].range.value_or(ValueRange{}).from, 3);
  EXPECT_EQ(model.inputs[1].range.value_or(ValueRange{}).to, 5);
  EXPECT_EQ(model.inputs[0].range.value_or(ValueRange{}).from, 0.5);
  const std::string elements(32, '\1');
  ASSERT_TRUE(give_inputs(model, {{"i", put("i.npy", npy("<i8", "(4,)", elements))}}).has_value());
  EXPECT_EQ(model.inputs[1].bytes, elements);
}

TEST_F(Inputs, RefuseWhatDoesNotFit) {
  const auto refusal = [&](const std::string& name, const std::string& values) {
    EngineModel model = planned(reading(node("Gather"), {{50, 8}}, 1, {4}));
    const auto given = give_inputs(model, {{name, values}});
    return given ? "taken" : given.error().context;
  };
  EXPECT_EQ(refusal("ids", "constant:1"), "no input is called 'ids'; there are 'x0', 'i'");
  EXPECT_EQ(refusal("i", put("four.npy", npy("<i4", "(2, 2)", std::string(16, '\0')))),
            "input 'i': " + at("four.npy") + " has int32 2x2, the input takes int64 4");
  EXPECT_EQ(refusal("i", "constant:0.5"), "input 'i': int64 cannot hold that");
  EXPECT_EQ(refusal("i", "constant:1e300"), "input 'i': int64 cannot hold that");
  for (const char* wrong : {"constant:", "constant:x", "range:5..3", "range:5", "range:..", "constant:nan"})
    EXPECT_EQ(refusal("i", wrong), "input 'i': write constant:V or range:A..B with numbers A <= B") << wrong;
  EXPECT_EQ(refusal("i", at("none.npy")).find("input 'i': " + at("none.npy")), 0U);
}

}  // namespace
}  // namespace latcast
