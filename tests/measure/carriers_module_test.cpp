#include <gtest/gtest.h>

#include <cstddef>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

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

TEST(ModuleCarrier, ATypeWithoutBuildDataIsRefused) {
  EXPECT_THROW((void)make_module_carrier(ModuleType{}, 1, 1), std::invalid_argument);
}

}  // namespace
}  // namespace latcast
