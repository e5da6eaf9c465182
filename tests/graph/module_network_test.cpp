#include "graph/module_network.h"

#include <gtest/gtest.h>

#include <array>
#include <cmath>

#include "graph/net_builder.h"

namespace latcast {
namespace {

using namespace latcast::test;

constexpr const char* kConv = R"(
name = "conv"
summary = "convolutions"
operators = ["Conv"]
[parameters]
cin = "in0[1]"
stride = "attr.strides[0] | 1"
group = "attr.group"
[derived]
double_cin = "2 * cin"
[[kernel]]
name = "any"
base = ["1"]
features = ["cin"]
)";

Catalogue catalogue(const std::string& text = kConv) {
  const std::array<std::pair<std::string, std::string>, 1> sources{{{"conv.toml", text}}};
  auto result = Catalogue::from_sources(sources);
  EXPECT_TRUE(result.has_value()) << (result ? "" : result.error().context);
  return *result;
}

onnx::Model conv_model(std::vector<onnx::Attribute> attributes) {
  onnx::Graph graph;
  graph.inputs = {value("x", {1, 3, 8, 8})};
  graph.initializers = {weight("w", {4, 3, 1, 1})};
  graph.nodes = {node("Conv", {"x", "w"}, {"c"}, std::move(attributes)), node("Made", {"c"}, {"y"}, {}, "up")};
  return model(std::move(graph));
}

/// A file's own nodes.
Result<ModuleNetwork> match(const onnx::Model& model, const Catalogue& catalogue, const DimBindings& dims = {}) {
  auto executed = executed_as_is(model, dims);
  if (!executed) return tl::unexpected(executed.error());
  return match_modules(*executed, catalogue, &model);
}

TEST(ModuleNetwork, MatchesNodesAndCountsTheirBytes) {
  const auto network = match(conv_model({integer("group", 1)}), catalogue());
  ASSERT_TRUE(network.has_value()) << network.error().context;
  ASSERT_EQ(network->modules.size(), 2U);
  const Module& conv = network->modules[0];
  EXPECT_EQ(conv.match, ModuleMatch::matched);
  EXPECT_EQ(conv.parameters, (std::vector<double>{3, 1, 1}));
  EXPECT_EQ(conv.input_bytes, 4 * 3 * 64);
  EXPECT_EQ(conv.weight_bytes, 4 * 12);
  EXPECT_EQ(conv.weight_elements, 12);
  EXPECT_EQ(conv.output_elements, 4 * 64);
  EXPECT_EQ(conv.nodes, (std::vector<std::string>{"Conv_c"}));
}

TEST(ModuleNetwork, AParameterThatCannotBeReadMakesTheModuleUnknownWithTheReason) {
  const auto network = match(conv_model({}), catalogue());
  EXPECT_EQ(network->modules[0].match, ModuleMatch::unknown);
  EXPECT_EQ(network->modules[0].reason, "conv: attr.group is absent on Conv 'Conv_c'");
  // 8 filters of 4 x 3 x 3 over 64 positions, or whatever the shapes are: filter elements x output elements.
  const Module& conv = network->modules[0];
  EXPECT_GT(conv.macs, 0);
  EXPECT_DOUBLE_EQ(std::fmod(conv.macs, conv.output_elements), 0);
}

TEST(ModuleNetwork, AnOperatorThatNothingCoversIsUnknownAndSaysSo) {
  const auto network = match(conv_model({integer("group", 1)}), catalogue());
  const Module& made = network->modules[1];
  EXPECT_EQ(made.match, ModuleMatch::unknown);
  EXPECT_EQ(made.op, "up:Made");
  EXPECT_NE(made.reason.find("up:Made"), std::string::npos);
  // What it gives is not known: about as much as it takes.
  EXPECT_GT(made.input_bytes, 0);
  EXPECT_DOUBLE_EQ(made.output_bytes, made.input_bytes);
}

TEST(ModuleNetwork, ElementsThatATypeDoesNotHoldForAreUnknown) {
  onnx::Model m = conv_model({integer("group", 1)});
  m.graph.inputs[0].type = onnx::DataType::float64;
  const auto network = match(m, catalogue());
  ASSERT_TRUE(network.has_value());
  EXPECT_EQ(network->modules[0].match, ModuleMatch::unknown);
  EXPECT_NE(network->modules[0].reason.find("float64"), std::string::npos) << network->modules[0].reason;
}

TEST(ModuleNetwork, ConstantNodesAreNotModules) {
  onnx::Model m = conv_model({integer("group", 1)});
  m.graph.nodes.insert(m.graph.nodes.begin(), node("Constant", {}, {"k"}, {integer("value_int", 3)}));
  const auto network = match(m, catalogue());
  ASSERT_EQ(network->modules.size(), 2U);
  EXPECT_EQ(network->modules[0].node, 1U);
}

TEST(ModuleNetwork, FreeDimensionsAreAnError) {
  onnx::Model m = conv_model({integer("group", 1)});
  m.graph.inputs[0] = value("x", {-1, 3, 8, 8});
  EXPECT_FALSE(match(m, catalogue()).has_value());
  EXPECT_TRUE(match(m, catalogue(), {.named = {}, .batch = 2}).has_value());
}

TEST(ModuleNetwork, TheBuiltInCatalogueCoversAWholeNetwork) {
  const auto builtin = Catalogue::builtin();
  ASSERT_TRUE(builtin.has_value()) << builtin.error().context;
  const auto executed = onnx::read_model_file(std::string(LATCAST_TEST_DATA) + "/graph/squeezenet.optimized.onnx",
                                              onnx::ExternalWeights::ignored);
  ASSERT_TRUE(executed.has_value());
  const auto network = match(*executed, *builtin);
  ASSERT_TRUE(network.has_value());
  for (const Module& module : network->modules) EXPECT_EQ(module.match, ModuleMatch::matched) << module.reason;
}

TEST(ModuleNetwork, ElevenThousandModulesTakeNoNoticeableTime) {
  const auto network = match(relu_chain(11000), catalogue());
  ASSERT_TRUE(network.has_value());
  EXPECT_EQ(network->modules.size(), 11000U);
}

}  // namespace
}  // namespace latcast
