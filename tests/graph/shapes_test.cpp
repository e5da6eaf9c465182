#include <gtest/gtest.h>

#include <sstream>

#include "graph/infer_shapes.h"
#include "graph/net_builder.h"
#include "graph/shapes/node_shapes.h"

namespace latcast {
namespace {

using namespace latcast::test;
using onnx::DataType;

std::string to_text(const Dims& dims) {
  std::string result;
  for (const std::int64_t dim : dims) result += (result.empty() ? "" : "x") + std::to_string(dim);
  return result.empty() ? "scalar" : result;
}

std::string to_text(const TensorInfo& info) { return info.known ? to_text(info.dims) : "?"; }

/// A node over inputs of the given shapes (constants: int values); the shapes of its outputs.
struct Case {
  std::string op;
  std::vector<Dims> inputs;
  std::vector<onnx::Attribute> attributes;
  std::vector<std::string> expected;
  std::vector<Dims> constants = {};
  std::string domain = {};
  std::int64_t opset = 17;
};

std::vector<std::string> shapes_of(const Case& c) {
  onnx::Graph graph;
  std::vector<std::string> names;
  for (const Dims& dims : c.inputs) {
    names.push_back("x" + std::to_string(names.size()));
    graph.inputs.push_back(value(names.back(), dims));
  }
  for (const Dims& values : c.constants) {
    names.push_back("x" + std::to_string(names.size()));
    graph.initializers.push_back(int_values(names.back(), values));
  }
  std::vector<std::string> outputs;
  for (std::size_t i = 0; i < c.expected.size(); ++i) outputs.push_back("y" + std::to_string(i));
  graph.nodes = {node(c.op, names, outputs, c.attributes, c.domain)};
  const auto tensors = infer_shapes(model(std::move(graph), c.opset), {}, nullptr);
  EXPECT_TRUE(tensors.has_value());
  std::vector<std::string> result;
  for (const std::string& output : outputs) result.push_back(to_text(tensors->at(output)));
  return result;
}

void expect_all(const std::vector<Case>& cases) {
  for (const Case& c : cases)
    EXPECT_EQ(shapes_of(c), c.expected) << c.op << " over " << (c.inputs.empty() ? "nothing" : to_text(c.inputs[0]));
}

TEST(ShapeRules, Elementwise) {
  expect_all({{"Relu", {{2, 3}}, {}, {"2x3"}},
              {"Add", {{2, 3, 4}, {3, 1}}, {}, {"2x3x4"}},
              {"Add", {{2, 3}, {4}}, {}, {"?"}},
              {"Mul", {{}, {5}}, {}, {"5"}},
              {"Where", {{2, 1}, {1, 3}, {}}, {}, {"2x3"}},
              {"Sum", {{4, 1}, {1, 5}, {4, 5}}, {}, {"4x5"}},
              {"Dropout", {{7}}, {}, {"7", "7"}},
              {"Add", {{0, 3}, {1, 3}}, {}, {"0x3"}}});
}

TEST(ShapeRules, Convolution) {
  expect_all(
      {{"Conv",
        {{1, 3, 224, 224}, {64, 3, 7, 7}},
        {ints("strides", {2, 2}), ints("pads", {3, 3, 3, 3})},
        {"1x64x112x112"}},
       {"Conv", {{2, 8, 50}, {16, 8, 3}}, {ints("dilations", {2})}, {"2x16x46"}},
       {"Conv",
        {{1, 4, 9, 9}, {4, 1, 3, 3}},
        {integer("group", 4), text("auto_pad", "SAME_UPPER"), ints("strides", {2, 2})},
        {"1x4x5x5"}},
       {"Conv", {{1, 2, 4, 8, 8}, {6, 2, 3, 3, 3}}, {}, {"1x6x2x6x6"}},
       {"Conv", {{1, 3, 2, 2}, {8, 3, 7, 7}}, {}, {"?"}},
       {"Conv", {{1, 3, 8, 8}, {8, 3, 3, 3}}, {ints("strides", {0, 0})}, {"?"}},
       {"Conv", {{1, 3, 8, 8}, {8, 3, 3, 3}}, {ints("strides", {1})}, {"?"}},
       {"ConvTranspose",
        {{1, 8, 10, 10}, {8, 4, 3, 3}},
        {ints("strides", {2, 2}), ints("pads", {1, 1, 1, 1}), ints("output_padding", {1, 1})},
        {"1x4x20x20"}},
       {"MaxPool",
        {{1, 3, 7, 7}},
        {ints("kernel_shape", {3, 3}), ints("strides", {2, 2}), integer("ceil_mode", 1)},
        {"1x3x3x3"}},
       {"MaxPool",
        {{1, 3, 8, 8}},
        {ints("kernel_shape", {3, 3}), ints("strides", {2, 2}), integer("ceil_mode", 1)},
        {"1x3x4x4", "1x3x4x4"}},
       {"GlobalAveragePool", {{2, 5, 6, 7}}, {}, {"2x5x1x1"}},
       {"FusedConv", {{1, 3, 8, 8}, {8, 3, 3, 3}}, {text("activation", "Relu")}, {"1x8x6x6"}, {}, "com.microsoft"},
       {"NhwcMaxPool",
        {{1, 8, 8, 3}},
        {ints("kernel_shape", {2, 2}), ints("strides", {2, 2})},
        {"1x4x4x3"},
        {},
        "com.microsoft"}});
}

TEST(ShapeRules, MatrixProducts) {
  expect_all({{"MatMul", {{5, 1, 3, 4}, {2, 4, 6}}, {}, {"5x2x3x6"}},
              {"MatMul", {{4}, {4, 6}}, {}, {"6"}},
              {"MatMul", {{3, 4}, {4}}, {}, {"3"}},
              {"MatMul", {{3, 4}, {5, 6}}, {}, {"?"}},
              {"Gemm", {{4, 3}, {6, 4}}, {integer("transA", 1), integer("transB", 1)}, {"3x6"}},
              {"FusedMatMul",
               {{2, 4, 3}, {2, 6, 4}},
               {integer("transA", 1), integer("transB", 1)},
               {"2x3x6"},
               {},
               "com.microsoft"},
              {"Einsum", {{2, 3, 4}, {2, 4, 5}}, {text("equation", "bij,bjk->bik")}, {"2x3x5"}},
              {"Einsum", {{7, 2, 3}, {3, 5}}, {text("equation", "...ij, jk -> ...ik")}, {"7x2x5"}},
              {"Einsum", {{2, 3}, {3, 2}}, {text("equation", "ij,jk")}, {"2x2"}},
              {"Einsum", {{2, 3}}, {text("equation", "abc->a")}, {"?"}}});
}

TEST(ShapeRules, Movement) {
  expect_all({{"Reshape", {{2, 3, 4}}, {}, {"2x12"}, {{0, -1}}},
              {"Reshape", {{2, 3, 4}}, {}, {"?"}, {{5, -1}}},
              {"Reshape", {{2, 3, 4}}, {}, {"?"}, {{-1, -1}}},
              {"Reshape", {{0, 3}}, {integer("allowzero", 1)}, {"3x0"}, {{3, 0}}},
              {"Flatten", {{2, 3, 4}}, {integer("axis", -1)}, {"6x4"}},
              {"Transpose", {{2, 3, 4}}, {}, {"4x3x2"}},
              {"Transpose", {{2, 3, 4}}, {ints("perm", {1, 0, 2})}, {"3x2x4"}},
              {"Squeeze", {{1, 3, 1}}, {}, {"3"}},
              {"Squeeze", {{1, 3, 1}}, {}, {"1x3"}, {{-1}}},
              {"Squeeze", {{1, 3}}, {ints("axes", {0})}, {"3"}, {}, "", 11},
              {"Unsqueeze", {{3}}, {}, {"1x3x1"}, {{0, -1}}},
              {"Concat", {{2, 3}, {2, 5}}, {integer("axis", 1)}, {"2x8"}},
              {"Concat", {{2, 3}, {3, 5}}, {integer("axis", 1)}, {"?"}},
              {"Split", {{7, 2}}, {integer("axis", 0)}, {"4x2", "3x2"}},
              {"Split", {{7, 2}}, {}, {"1x2", "6x2"}, {{1, 6}}},
              {"Split", {{7, 2}}, {}, {"?", "?"}, {{1, 1}}},
              {"Split", {{400000}}, {}, {"100000", "100000", "99999", "100001"}, {{100000, 100000, 99999, 100001}}},
              {"Slice", {{10, 6}}, {}, {"4x6"}, {{1}, {9}, {0}, {2}}},
              {"Slice", {{10, 6}}, {}, {"10x6"}, {{-1}, {INT64_MIN}, {1}, {-1}}},
              {"Slice", {{10, 6}}, {}, {"10x3"}, {{3}, {INT64_MAX}, {-1}}},
              {"Slice", {{10, 6}}, {}, {"?"}, {{0}, {1}, {0}, {0}}},
              {"Pad", {{2, 3}}, {}, {"2x6"}, {{0, 1, 0, 2}}},
              {"Tile", {{2, 3}}, {}, {"4x3"}, {{2, 1}}},
              {"Expand", {{3, 1}}, {}, {"2x3x4"}, {{2, 1, 4}}},
              {"DepthToSpace", {{1, 8, 2, 3}}, {integer("blocksize", 2)}, {"1x2x4x6"}},
              {"SpaceToDepth", {{1, 2, 4, 6}}, {integer("blocksize", 2)}, {"1x8x2x3"}}});
}

TEST(ShapeRules, Indexing) {
  expect_all({{"Gather", {{10, 4}}, {}, {"3x4"}, {{0, 1, 2}}},
              {"Gather", {{2, 10, 4}}, {integer("axis", 1)}, {"2x1x4"}, {{5}}},
              {"GatherND", {{2, 3, 4}, {5, 2}}, {}, {"5x4"}},
              {"TopK", {{2, 9}}, {}, {"2x3", "2x3"}, {{3}}},
              {"OneHot", {{2, 3}}, {}, {"2x3x8"}, {{8}, {0, 1}}},
              {"Range", {}, {}, {"4"}, {{1}, {8}, {2}}},
              {"ConstantOfShape", {}, {}, {"2x3"}, {{2, 3}}},
              {"NonZero", {}, {}, {"1x2"}, {{4, 0, 5}}},
              {"NonZero", {{4, 4}}, {}, {"?"}},
              {"Shape", {{4, 5, 6}}, {integer("start", 1)}, {"2"}},
              {"ScatterND", {{4, 5}, {2, 1}, {2, 5}}, {}, {"4x5"}}});
}

TEST(ShapeRules, ReductionsAndNormalisations) {
  expect_all({{"ReduceMean", {{2, 3, 4}}, {ints("axes", {-1})}, {"2x3x1"}},
              {"ReduceMean", {{2, 3, 4}}, {integer("keepdims", 0)}, {"3x4"}, {{0}}, "", 18},
              {"ReduceSum", {{2, 3}}, {}, {"1x1"}},
              {"ReduceSum", {{2, 3}}, {integer("noop_with_empty_axes", 1)}, {"2x3"}},
              {"ArgMax", {{2, 3}}, {integer("axis", 1), integer("keepdims", 0)}, {"2"}},
              {"LayerNormalization", {{2, 3, 4}, {4}, {4}}, {}, {"2x3x4", "2x3x1"}},
              {"BatchNormalization", {{1, 3, 4, 4}, {3}, {3}, {3}, {3}}, {}, {"1x3x4x4"}},
              {"SkipLayerNormalization", {{1, 5, 8}, {1, 5, 8}, {8}}, {}, {"1x5x8"}, {}, "com.microsoft"},
              {"Softmax", {{2, 3}}, {}, {"2x3"}}});
}

TEST(ShapeRules, RecurrentAndAttention) {
  expect_all({{"LSTM",
               {{7, 2, 10}, {2, 32, 10}, {2, 32, 8}},
               {integer("hidden_size", 8), text("direction", "bidirectional")},
               {"7x2x2x8", "2x2x8", "2x2x8"}},
              {"GRU", {{7, 2, 10}, {1, 24, 10}, {1, 24, 8}}, {integer("layout", 1)}, {"7x2x1x8", "7x1x8"}},
              {"Attention", {{1, 8, 64}, {64, 192}}, {integer("num_heads", 4)}, {"1x8x64"}, {}, "com.microsoft"},
              {"Attention", {{1, 4, 8, 16}, {1, 4, 9, 16}, {1, 4, 9, 20}}, {}, {"1x4x8x20"}, {}, "", 23},
              {"MultiHeadAttention",
               {{1, 8, 64}, {1, 9, 64}, {1, 9, 32}},
               {integer("num_heads", 4)},
               {"1x8x32"},
               {},
               "com.microsoft"}});
}

TEST(ShapeRules, Resampling) {
  expect_all({{"GridSample", {{1, 3, 8, 8}, {1, 5, 6, 2}}, {}, {"1x3x5x6"}},
              {"RoiAlign",
               {{1, 16, 20, 20}, {7, 4}, {7}},
               {integer("output_height", 5), integer("output_width", 6)},
               {"7x16x5x6"}},
              {"DFT", {{1, 64, 1}}, {integer("onesided", 1), integer("axis", 1)}, {"1x33x2"}},
              {"STFT", {{1, 400}}, {}, {"1x19x21x2"}, {{20}, Dims(40, 1)}}});
}

TEST(ShapeRules, Blocked) {
  expect_all(
      {{"Conv", {{1, 16, 8, 8}, {32, 16, 3, 3}}, {ints("pads", {1, 1, 1, 1})}, {"1x32x8x8"}, {}, "com.microsoft.nchwc"},
       {"ReorderOutput", {{1, 16, 8, 8}}, {integer("channels", 10)}, {"1x10x8x8"}, {}, "com.microsoft.nchwc"},
       {"ReorderOutput",
        {{1, 16, 8, 9}},
        {integer("channels", 10), integer("channels_last", 1)},
        {"1x8x9x10"},
        {},
        "com.microsoft.nchwc"},
       {"ReorderInput", {{1, 32, 8, 8}}, {}, {"1x32x8x8"}, {}, "com.microsoft.nchwc"},
       {"ReorderInput", {{1, 12, 8, 8}}, {}, {"?"}, {}, "com.microsoft.nchwc"}});
}

TEST(ShapeRules, BlockedChannelsAreRoundedAsTheReaderNeeds) {
  onnx::Graph graph;
  graph.inputs = {value("x", {1, 12, 8, 8})};
  graph.initializers = {weight("w", {8, 16, 1, 1})};
  graph.nodes = {node("ReorderInput", {"x"}, {"b"}, {}, "com.microsoft.nchwc"),
                 node("Conv", {"b", "w"}, {"y"}, {}, "com.microsoft.nchwc")};
  const auto tensors = infer_shapes(model(std::move(graph)), {}, nullptr);
  EXPECT_EQ(to_text(tensors->at("b")), "1x16x8x8");
}

TEST(ShapeRules, ResizeByScalesAndSizes) {
  onnx::Graph graph;
  graph.inputs = {value("x", {1, 3, 10, 11})};
  graph.initializers = {float_values("scales", {1, 1, 2, 0.5}), int_values("sizes", {1, 3, 7, 7})};
  graph.nodes = {node("Resize", {"x", "", "scales"}, {"a"}), node("Resize", {"x", "", "", "sizes"}, {"b"})};
  const auto tensors = infer_shapes(model(std::move(graph)), {}, nullptr);
  EXPECT_EQ(to_text(tensors->at("a")), "1x3x20x5");
  EXPECT_EQ(to_text(tensors->at("b")), "1x3x7x7");
}

TEST(ShapeRules, MissingInputsAndUnknownOperatorsAreUnknown) {
  expect_all({{"Conv", {{1, 3, 8, 8}}, {}, {"?"}},
              {"Gather", {{3}}, {}, {"?"}},
              {"Made", {{3}}, {}, {"?", "?"}, {}, "up"},
              {"Transpose", {{2, 3}}, {ints("perm", {0, 7})}, {"?"}},
              {"Concat", {{2, 3}}, {integer("axis", 9)}, {"?"}}});
}

TEST(ShapeRules, EveryRuleSurvivesEveryShape) {
  const std::vector<Dims> odd = {
      {}, {0}, {1}, {2, 0}, {3, 4, 5}, {1, 1, 1, 1}, {std::int64_t{1} << 31, 1 << 20}, {1, 2, 3, 4, 5, 6}};
  const std::vector<onnx::Attribute> extremes = {
      integer("axis", INT64_MIN),           ints("axes", {INT64_MAX}),
      ints("strides", {INT64_MAX, 1}),      ints("pads", {INT64_MIN, 1, 1, 1}),
      ints("kernel_shape", {INT64_MAX, 1}), integer("blocksize", INT64_MAX),
      integer("group", INT64_MAX),          integer("hidden_size", INT64_MAX)};
  for (const auto table :
       {shapes::elementwise_rules(), shapes::convolution_rules(), shapes::matmul_rules(), shapes::movement_rules(),
        shapes::indexing_rules(), shapes::reduction_rules(), shapes::recurrent_rules(), shapes::attention_rules(),
        shapes::resampling_rules(), shapes::quantization_rules()})
    for (const shapes::RuleRow& row : table) {
      std::istringstream names{std::string(row.op)};
      for (std::string op; names >> op;)
        for (const Dims& dims : odd)
          for (const auto& attributes : {std::vector<onnx::Attribute>{}, extremes})
            for (const std::size_t inputs : {row.required, std::size_t{0}, row.required + 3}) {
              const std::vector<Dims> shapes(inputs, dims);
              shapes_of({op, shapes, attributes, {"", ""}, {{INT64_MAX, -1}, {INT64_MIN, 0}}, std::string(row.domain)});
            }
    }
}

TEST(ValuePropagation, FollowsTheShapeArithmeticOfExporters) {
  onnx::Graph graph;
  graph.inputs = {value("x", {2, 6, 4})};
  graph.initializers = {int_values("one", {1}), int_values("two", {2}), int_values("minus", {-1})};
  graph.nodes = {
      node("Shape", {"x"}, {"s"}), node("Gather", {"s", "one"}, {"length"}), node("Div", {"length", "two"}, {"half"}),
      node("Concat", {"half", "minus"}, {"target"}, {integer("axis", 0)}), node("Reshape", {"x", "target"}, {"y"})};
  const auto tensors = infer_shapes(model(std::move(graph)), {}, nullptr);
  EXPECT_EQ(to_text(tensors->at("y")), "3x16");
  EXPECT_FALSE(tensors->at("s").constant);
  EXPECT_EQ(tensors->at("target").values, (std::vector<double>{3, -1}));
}

TEST(ValuePropagation, IntegerDivisionTruncatesAndDivisionByZeroIsUnknown) {
  onnx::Graph graph;
  graph.initializers = {int_values("a", {-7, 7}), int_values("b", {2}), int_values("zero", {0})};
  graph.nodes = {node("Div", {"a", "b"}, {"q"}), node("Mod", {"a", "b"}, {"r"}), node("Div", {"a", "zero"}, {"z"}),
                 node("Mod", {"a", "zero"}, {"m"})};
  const auto tensors = infer_shapes(model(std::move(graph)), {}, nullptr);
  EXPECT_EQ(tensors->at("q").values, (std::vector<double>{-3, 3}));
  EXPECT_EQ(tensors->at("r").values, (std::vector<double>{1, 1}));
  EXPECT_FALSE(tensors->at("z").values.has_value());
  EXPECT_FALSE(tensors->at("m").values.has_value());
  EXPECT_TRUE(tensors->at("q").constant);
}

TEST(ValuePropagation, GatherOutsideIsUnknown) {
  onnx::Graph graph;
  graph.initializers = {int_values("a", {1, 2, 3}), int_values("at", {-1, 0}), int_values("far", {3})};
  graph.nodes = {node("Gather", {"a", "at"}, {"in"}), node("Gather", {"a", "far"}, {"out"})};
  const auto tensors = infer_shapes(model(std::move(graph)), {}, nullptr);
  EXPECT_EQ(tensors->at("in").values, (std::vector<double>{3, 1}));
  EXPECT_FALSE(tensors->at("out").values.has_value());
}

TEST(DeclaredShapes, AreUsedOnlyWhereRulesCannotTell) {
  onnx::Graph graph;
  graph.inputs = {value("x", {2, 3})};
  graph.nodes = {node("Relu", {"x"}, {"a"}), node("Made", {"x"}, {"b"}, {}, "up")};
  graph.value_infos = {value("a", {9, 9}), value("b", {4, 4})};
  const auto tensors = infer_shapes(model(std::move(graph)), {}, nullptr);
  EXPECT_EQ(to_text(tensors->at("a")), "2x3");
  EXPECT_EQ(to_text(tensors->at("b")), "4x4");
}

}  // namespace
}  // namespace latcast
