#include "graph/link.h"

#include <gtest/gtest.h>

#include "graph/net_builder.h"
#include "must.h"

namespace latcast {
namespace {

using test::graph;
using test::int_scalar;
using test::int_values;
using test::integer;
using test::model;
using test::must;
using test::node;
using test::value;
using test::weight;

std::string error_of(const onnx::Model& file, const DimBindings& bindings = {}) {
  const auto linked = link(file, bindings, nullptr);
  return linked ? "" : linked.error().context;
}

std::vector<std::string> operators_of(const ir::Graph& linked) {
  std::vector<std::string> out;
  for (ir::NodeId id = 0; id < linked.nodes(); ++id) out.push_back(linked.node(id).name + ": " + linked.node(id).op);
  return out;
}

Dims output_dims(const ir::Graph& linked) {
  for (ir::ValueId id = 0; id < linked.values(); ++id)
    if (linked.value(id).output) return linked.info(id).dims;
  return {};
}

/// x [n, `second`, 8] is squeezed where its second dimension is 1, as exporters write it.
onnx::Model squeezed_if_one(std::int64_t second = 1) {
  onnx::Graph then, other, file;
  then.initializers = {int_values("inner_axes", {1})};
  then.nodes = {node("Squeeze", {"x", "inner_axes"}, {"squeezed"})};
  then.outputs = {value("squeezed", {})};
  other.outputs = {value("x", {})};
  file.inputs = {value("x", {})};
  file.inputs[0].shape =
      std::vector<onnx::Dim>{{.value = -1, .name = "n"}, {.value = second, .name = {}}, {.value = 8, .name = {}}};
  file.initializers = {int_scalar("at", 1), int_scalar("one", 1)};
  file.nodes = {node("Shape", {"x"}, {"shape"}), node("Gather", {"shape", "at"}, {"dim"}),
                node("Equal", {"dim", "one"}, {"same"}),
                node("If", {"same"}, {"y"}, {graph("then_branch", then), graph("else_branch", other)}),
                node("Relu", {"y"}, {"z"})};
  file.outputs = {value("z", {})};
  return model(std::move(file));
}

TEST(Branches, AConditionThatShapesDecideIsTaken) {
  const ir::Graph taken = must(link(squeezed_if_one(), {.named = {}, .batch = 4}, nullptr));
  EXPECT_EQ(output_dims(taken), (Dims{4, 8}));
  EXPECT_EQ(operators_of(taken)[3], "If_y/Squeeze_squeezed: Squeeze");
  const ir::Graph other = must(link(squeezed_if_one(2), {.named = {}, .batch = 4}, nullptr));
  EXPECT_EQ(output_dims(other), (Dims{4, 2, 8}));
  EXPECT_EQ(operators_of(other)[3], "If_y/y: Identity");
}

TEST(Branches, TwoOfOneNameDoNotMeet) {
  onnx::Model file = squeezed_if_one();
  file.graph.nodes[4] = file.graph.nodes[3];
  file.graph.nodes[4].name = "again";
  file.graph.nodes[4].outputs = {"z"};
  const ir::Graph twice = must(link(file, {.named = {}, .batch = 4}, nullptr));
  EXPECT_EQ(operators_of(twice)[4], "again/Squeeze_squeezed: Squeeze");
  EXPECT_EQ(output_dims(twice), (Dims{4, 8}));
}

TEST(Branches, WhatOnlyARunDecidesIsRefusedByName) {
  onnx::Model file = squeezed_if_one();
  file.graph.inputs.push_back(value("asked", {1}, onnx::DataType::boolean));
  file.graph.nodes[3].inputs = {"asked"};
  EXPECT_EQ(error_of(file, {.named = {}, .batch = 1}),
            "control flow is not supported: node If 'If_y' takes a branch that only a run decides");
  file.graph.nodes[3].op = "Loop";
  EXPECT_NE(error_of(file, {.named = {}, .batch = 1}).find("node Loop 'If_y' runs a graph"), std::string::npos);
}

TEST(Branches, WhatCallersMayOverrideDecidesNothing) {
  onnx::Model file = squeezed_if_one();
  file.graph.initializers[1].overridable = true;
  EXPECT_NE(error_of(file, {.named = {}, .batch = 1}).find("only a run decides"), std::string::npos);
  file = squeezed_if_one();
  file.graph.nodes[0].inputs = {"given"};  // its shape is as it is
  file.graph.initializers.push_back(weight("given", {4, 1, 8}));
  file.graph.initializers.back().overridable = true;
  EXPECT_EQ(output_dims(must(link(file, {.named = {}, .batch = 4}, nullptr))), (Dims{4, 8}));
}

/// One node on x and weights w.
onnx::Model single(const std::string& op, const Dims& x, const Dims& w, std::vector<onnx::Attribute> attributes = {}) {
  onnx::Graph file;
  file.inputs = {value("x", x)};
  file.initializers = {weight("w", w)};
  file.nodes = {node(op, {"x", "w"}, {"y"}, std::move(attributes))};
  file.outputs = {value("y", {})};
  return model(std::move(file));
}

TEST(Misfits, AreRefusedWithNodeAndShapes) {
  EXPECT_EQ(error_of(single("Add", {2, 8}, {3, 8})), "node 'Add_y' (Add) does not fit inputs of the shapes 2x8, 3x8");
  EXPECT_EQ(error_of(single("MatMul", {2, 8}, {9, 4})),
            "node 'MatMul_y' (MatMul) does not fit inputs of the shapes 2x8, 9x4");
  for (const onnx::Model& file :
       {single("Conv", {1, 3, 8, 8}, {4, 2, 3, 3}), single("Gemm", {2, 8}, {9, 4}),
        single("Concat", {2, 8}, {3, 9}, {integer("axis", 0)}), single("Greater", {2, 8}, {3, 8})})
    EXPECT_NE(error_of(file).find("does not fit inputs of the shapes"), std::string::npos) << file.graph.nodes[0].op;
  onnx::Model reshaped = single("Reshape", {8, 16, 4, 4}, {2});
  reshaped.graph.initializers = {int_values("w", {1, 256})};
  EXPECT_EQ(error_of(reshaped), "node 'Reshape_y' (Reshape) does not fit inputs of the shapes 8x16x4x4, 2 (1, 256)");
  onnx::Model split = single("Split", {8, 16}, {2});
  split.graph.initializers = {int_values("w", {3, 4})};
  split.graph.nodes[0].outputs.emplace_back("second");
  EXPECT_NE(error_of(split).find("Split"), std::string::npos);
}

TEST(Misfits, AreNotSeenWhereAFileDeclaresWhatNoRuleKnows) {
  onnx::Model file = single("Add", {2, 8}, {3, 8});
  file.graph.nodes.insert(file.graph.nodes.begin(), node("Made", {"x"}, {"m"}, {}, "up"));
  file.graph.nodes[1].inputs[0] = "m";
  file.graph.value_infos = {value("m", {2, 8})};
  EXPECT_EQ(error_of(file), "");
  EXPECT_TRUE(link(single("Add", {2, 8}, {3, 8}), {}, nullptr, Misfits::unknown).has_value());
}

TEST(FixedBatch, IsFollowedByConstantsOrRefused) {
  onnx::Model file = single("Reshape", {1, 16, 4}, {2});
  file.graph.initializers = {int_values("w", {1, 64})};
  const DimBindings eight = {.named = {}, .batch = 8};
  EXPECT_EQ(output_dims(must(link(file, eight, nullptr))), (Dims{8, 64}));
  file.graph.inputs.push_back(value("other", {5, 2}));
  const std::string differ = error_of(file, eight);
  EXPECT_NE(differ.find("is fixed at 1 in the file, so the batch cannot be 8: inputs differ"), std::string::npos)
      << differ;
  // A hundred steps, perhaps.
  const std::string steps = error_of(single("MatMul", {100, 16}, {16, 4}), eight);
  EXPECT_NE(steps.find("fixed at 100 in the file, so the batch cannot be 8"), std::string::npos) << steps;
}

TEST(OverridableWeights, AreNoConstants) {
  onnx::Model file = single("MatMul", {2, 8}, {8, 4});
  file.graph.initializers[0].overridable = true;
  const ir::Graph linked = must(link(file, {}, nullptr));
  EXPECT_FALSE(linked.constant(linked.node(0).input(1)));
  EXPECT_TRUE(linked.info(linked.node(0).input(1)).constant);  // its bytes are a weight's all the same
}

TEST(TensorLists, WhatIsTakenFromThemHasAShape) {
  onnx::Graph file;
  file.inputs = {value("x", {1, 96, 7})};
  file.initializers = {int_values("sizes", {32, 40, 24}), int_scalar("each", 36), int_scalar("last", -1),
                       int_scalar("first", 0)};
  file.nodes = {node("SplitToSequence", {"x", "sizes"}, {"list"}, {integer("axis", 1)}),
                node("SequenceAt", {"list", "last"}, {"a"}),
                node("SplitToSequence", {"x", "each"}, {"pieces"}, {integer("axis", 1)}),
                node("SequenceAt", {"pieces", "last"}, {"b"}),
                node("SplitToSequence", {"x"}, {"single"}, {integer("axis", 1), integer("keepdims", 0)}),
                node("SequenceAt", {"single", "first"}, {"c"}),
                node("SequenceConstruct", {"a", "b"}, {"made"}),
                node("SequenceInsert", {"made", "x", "first"}, {"longer"}),
                node("ConcatFromSequence", {"longer"}, {"d"}, {integer("axis", 1)}),
                node("ConcatFromSequence", {"single"}, {"e"}, {integer("axis", 0), integer("new_axis", 1)})};
  const ir::Graph linked = must(link(model(std::move(file)), {}, nullptr));
  const auto dims = [&](const std::string& name) {
    for (ir::ValueId id = 0; id < linked.values(); ++id)
      if (linked.name(id) == name) return linked.info(id).dims;
    return Dims();
  };
  EXPECT_EQ(dims("a"), (Dims{1, 24, 7}));
  EXPECT_EQ(dims("b"), (Dims{1, 24, 7}));
  EXPECT_EQ(dims("c"), (Dims{1, 7}));
  EXPECT_EQ(dims("d"), (Dims{1, 144, 7}));
  EXPECT_EQ(dims("e"), (Dims{96, 1, 7}));
}

TEST(TensorLists, VeryLongOnesAreNotFollowed) {
  onnx::Graph file;
  file.inputs = {value("x", {1, 8})};
  file.initializers = {int_scalar("last", -1)};
  file.nodes = {node("SequenceConstruct", std::vector<std::string>(5000, "x"), {"list"}),
                node("SequenceAt", {"list", "last"}, {"a"}), node("ConcatFromSequence", {"list"}, {"b"})};
  const ir::Graph linked = must(link(model(std::move(file)), {}, nullptr));
  EXPECT_EQ(linked.info(linked.node(1).outputs[0]).dims, (Dims{1, 8}));
  EXPECT_FALSE(linked.info(linked.node(2).outputs[0]).known);
}

/// The shapes of an attention's result and of the caches that it gives.
std::vector<Dims> attended(onnx::Node operation, std::vector<onnx::ValueInfo> inputs, std::int64_t total = 0) {
  onnx::Graph file;
  file.inputs = std::move(inputs);
  if (total > 0) file.initializers = {int_scalar("total", total, onnx::DataType::int32)};
  operation.outputs = {"y", "keys", "values"};
  file.nodes = {std::move(operation)};
  const ir::Graph linked = must(link(model(std::move(file), 23), {}, nullptr));
  std::vector<Dims> out;
  for (const ir::ValueId id : linked.node(0).outputs) out.push_back(linked.info(id).dims);
  return out;
}

using Shapes = std::vector<Dims>;

TEST(CachedAttention, GivesTheCacheAndWhatComesToIt) {
  const std::vector<onnx::ValueInfo> flat = {value("q", {1, 1, 64}), value("k", {1, 1, 64}), value("v", {1, 1, 32}),
                                             value("pk", {1, 4, 9, 16}), value("pv", {1, 4, 9, 8})};
  EXPECT_EQ(attended(node("MultiHeadAttention", {"q", "k", "v", "", "", "", "pk", "pv"}, {}, {integer("num_heads", 4)},
                          "com.microsoft"),
                     flat),
            (Shapes{{1, 1, 32}, {1, 4, 10, 16}, {1, 4, 10, 8}}));
  EXPECT_EQ(attended(node("Attention", {"q", "k", "v", "", "pk", "pv"}, {},
                          {integer("q_num_heads", 4), integer("kv_num_heads", 4)}),
                     flat),
            (Shapes{{1, 1, 32}, {1, 4, 10, 16}, {1, 4, 10, 8}}));
  EXPECT_EQ(attended(node("Attention", {"q", "k", "v", "", "pk", "pv"}, {}),
                     {value("q", {1, 8, 3, 16}), value("k", {1, 2, 3, 16}), value("v", {1, 2, 3, 24}),
                      value("pk", {1, 2, 9, 16}), value("pv", {1, 2, 9, 24})}),
            (Shapes{{1, 8, 3, 24}, {1, 2, 12, 16}, {1, 2, 12, 24}}));
}

TEST(CachedAttention, OfGroupsMayBeABuffer) {
  const auto grouped = [](std::int64_t past, std::int64_t total) {
    const std::vector<onnx::Attribute> heads = {integer("num_heads", 4), integer("kv_num_heads", 2)};
    return attended(node("GroupQueryAttention", {"q", "k", "v", "pk", "pv", "", total > 0 ? "total" : ""}, {}, heads,
                         "com.microsoft"),
                    {value("q", {1, 1, 64}), value("k", {1, 1, 32}), value("v", {1, 1, 32}),
                     value("pk", {1, 2, past, 16}), value("pv", {1, 2, past, 16})},
                    total);
  };
  EXPECT_EQ(grouped(9, 0), (Shapes{{1, 1, 64}, {1, 2, 10, 16}, {1, 2, 10, 16}}));
  EXPECT_EQ(grouped(9, 10), (Shapes{{1, 1, 64}, {1, 2, 10, 16}, {1, 2, 10, 16}}));
  EXPECT_EQ(grouped(32, 10), (Shapes{{1, 1, 64}, {1, 2, 32, 16}, {1, 2, 32, 16}}));
}

}  // namespace
}  // namespace latcast
