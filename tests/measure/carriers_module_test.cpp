#include <gtest/gtest.h>

#include <cstddef>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "graph/module_network.h"
#include "measure/carriers/module_carrier.h"

namespace latcast {
namespace {

ModuleType type_of(const std::string& text) {
  const std::vector<std::pair<std::string, std::string>> sources{{"scaled.toml", text}};
  const auto catalogue = Catalogue::from_sources(sources);
  EXPECT_TRUE(catalogue.has_value()) << (catalogue ? "" : catalogue.error().context);
  return catalogue ? catalogue->types().front() : ModuleType{};
}

constexpr const char* kScaled = R"(
name = "scaled"
summary = "a product of matrices, from data alone"
operators = ["Gemm"]

[parameters]
m = "in0[0]"

[[kernel]]
name = "gemm"
base = ["m"]
features = ["m"]

[sample]
rows = { range = [1, 64] }
in = { range = [16, 256], multiple_of = 8, multiple_share = 1.0 }
out = { choice = [10, 20] }
biased = { choice = [0, 1] }

[build]
operator = "Gemm"
limit = "rows * in <= 4096"
let = { area = "in * out" }
inputs = [
  { shape = ["rows", "in"] },
  { shape = ["in", "out"], constant = true },
  { shape = ["out"], constant = true, present = "biased" },
]

[build.attributes]
alpha = { float = "0.5" }
transB = "0"
)";

TEST(ModuleCarrier, MakesMostlyWarmModulesFromCatalogueDataAlone) {
  const ModuleType type = type_of(kScaled);
  ASSERT_TRUE(type.build.has_value());
  const Carrier carrier = make_module_carrier(type, 3, 12);
  EXPECT_EQ(carrier.family, "module:scaled");
  EXPECT_TRUE(carrier.probe);
  std::size_t modules = 0;
  std::size_t warm = 0;  // whose input comes out of another operator
  std::set<std::string> made;
  std::set<std::size_t> arities;
  for (const onnx::Node& node : carrier.model.graph.nodes) {
    for (const std::string& output : node.outputs) made.insert(output);
    if (node.op != "Gemm") continue;
    ++modules;
    warm += made.contains(node.inputs[0]) ? 1 : 0;
    arities.insert(node.inputs.size());
    ASSERT_NE(node.attribute("alpha"), nullptr);
    EXPECT_FLOAT_EQ(node.attribute("alpha")->f, 0.5F);
    EXPECT_EQ(node.attribute("transB")->i, 0);
  }
  EXPECT_EQ(modules, 12U);
  EXPECT_GE(warm, 8U);
  EXPECT_EQ(carrier.model.graph.outputs.size(), 12U);
  EXPECT_EQ(arities, (std::set<std::size_t>{2, 3}));
  for (const onnx::ValueInfo& input : carrier.model.graph.inputs) {
    EXPECT_LE((*input.shape)[0].value * (*input.shape)[1].value, 4096);
    EXPECT_EQ((*input.shape)[1].value % 8, 0);
  }
}

TEST(ModuleCarrier, IsReadBackThoughItsOutputsHaveNoShapes) {
  const auto bytes = onnx::write_model(make_module_carrier(type_of(kScaled), 3, 4).model, onnx::Weights::skeleton);
  ASSERT_TRUE(bytes.has_value());
  const auto back = onnx::read_model(std::as_bytes(std::span(bytes->data(), bytes->size())));
  ASSERT_TRUE(back.has_value()) << back.error().context;
  EXPECT_EQ(back->graph.outputs.size(), 4U);
}

TEST(ModuleCarrier, IsDeterministic) {
  const ModuleType type = type_of(kScaled);
  const auto text = [&](std::uint64_t seed) {
    return onnx::write_model(make_module_carrier(type, seed, 5).model, onnx::Weights::skeleton).value_or("");
  };
  EXPECT_EQ(text(1), text(1));
  EXPECT_NE(text(1), text(2));
}

TEST(ModuleCarrier, ALimitThatNothingMeetsStillGivesALoadableGraph) {
  ModuleType type = type_of(kScaled);
  ASSERT_TRUE(type.build.has_value());
  type.build->limit = Program{{Opcode::constant, 0, 0.0}};
  const Carrier carrier = make_module_carrier(type, 1, 4);
  EXPECT_EQ(carrier.model.graph.nodes.size(), 1U);
  EXPECT_EQ(carrier.model.graph.outputs.size(), 1U);
}

TEST(ModuleCarrier, BuiltInTypesMakeModulesThatTheyTake) {
  const auto catalogue = Catalogue::builtin();
  ASSERT_TRUE(catalogue.has_value());
  for (const ModuleType& type : catalogue->types()) {
    if (!type.build) continue;
    SCOPED_TRACE(type.name);
    const Carrier carrier = make_module_carrier(type, 1, 10);
    auto executed = executed_as_is(carrier.model, {});
    ASSERT_TRUE(executed.has_value()) << executed.error().context;
    int taken = 0;
    for (const Module& module : match_modules(*executed, *catalogue, nullptr).modules) {
      EXPECT_EQ(module.match, ModuleMatch::matched) << module.reason;
      taken += module.match == ModuleMatch::matched && &catalogue->types()[module.type] == &type ? 1 : 0;
    }
    if (carrier.weight_bytes < 1e8)
      EXPECT_EQ(taken, 10);
    else  // of the largest weights fewer are enough
      EXPECT_GE(taken, 1);
  }
}

constexpr const char* kLists = R"(
name = "forest"
summary = "alternatives, lists of many and axes that are left out"
operators = ["Forest", "Grove"]
base = ["rows"]
features = ["rows"]

[parameters]
rows = "in0[0]"

[sample]
wild = { choice = [0, 1] }

[build]
operator = [{ text = "my.domain:Grove", present = "!wild" }, { text = "Forest" }]
opset = 21
outputs = "1 + wild"
inputs = [{ shape = [3, "wild * 2", 4], constant = true, values = [1, 2] }]
[build.attributes]
ids = { each = "i % 2 + wild", count = "3 + wild" }
shares = { each = "i / 2", count = 2, real = true }
modes = { each = "i", count = 3, texts = ["LEAF", "NODE"] }
)";

TEST(ModuleCarrier, DrawsOperatorsRanksAndLongLists) {
  const Carrier carrier = make_module_carrier(type_of(kLists), 1, 12);
  EXPECT_EQ(carrier.model.opsets.at(""), 21);
  std::set<std::string> made;
  for (const onnx::Node& node : carrier.model.graph.nodes) {
    made.insert(node.op);
    const bool wild = node.op == "Forest";
    EXPECT_EQ(node.outputs.size(), wild ? 2U : 1U);
    EXPECT_EQ(node.domain, wild ? "" : "my.domain");
    EXPECT_EQ(node.attribute("ids")->ints, wild ? (Dims{1, 2, 1, 2}) : (Dims{0, 1, 0}));
    EXPECT_EQ(node.attribute("shares")->floats, (std::vector<float>{0, 0.5F}));
    EXPECT_EQ(node.attribute("modes")->strings, (std::vector<std::string>{"LEAF", "NODE", "NODE"}));
  }
  EXPECT_EQ(made, (std::set<std::string>{"Forest", "Grove"}));
  for (const onnx::Tensor& tensor : carrier.model.graph.initializers) {
    EXPECT_EQ(tensor.dims.size() == 3, tensor.elements() == 24);
    EXPECT_EQ(tensor.floats[3], 2);
  }
}

TEST(ModuleCarrier, ATypeWithoutBuildDataIsRefused) {
  EXPECT_THROW((void)make_module_carrier(ModuleType{}, 1, 1), std::invalid_argument);
}

}  // namespace
}  // namespace latcast
