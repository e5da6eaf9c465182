#include "graph/functions.h"

#include <gtest/gtest.h>

#include "graph/net_builder.h"

namespace latcast::onnx {
namespace {

using test::node;

Attribute reference(const std::string& name, const std::string& to) {
  Attribute out(name, 0);
  out.reference = to;
  return out;
}

Function function(std::string name, std::vector<std::string> outputs, std::vector<Node> nodes = {}) {
  Function out;
  out.domain = "mine";
  out.name = std::move(name);
  out.inputs = {"x"};
  out.outputs = std::move(outputs);
  out.nodes = std::move(nodes);
  return out;
}

/// scaled(x; by) = LeakyRelu(Neg(x)), alpha = by.
Function scaled() {
  Function out = function("scaled", {"y"});
  out.nodes = {node("Neg", {"x"}, {"t"}), node("LeakyRelu", {"t"}, {"y"}, {reference("alpha", "by")})};
  out.opsets = {{"", 18}, {"other", 2}};
  return out;
}

Model calling(std::vector<Node> calls) {
  Graph graph;
  graph.inputs = {test::value("a", {1, 8})};
  graph.nodes = std::move(calls);
  return test::model(std::move(graph));
}

std::string text_of(const Node& one) {
  std::string out = one.name + ": " + one.op;
  for (const std::string& name : one.inputs) out += " " + name;
  for (const std::string& name : one.outputs) out += " > " + name;
  return out;
}

std::vector<std::string> written_out(Model& model, const std::vector<Function>& functions) {
  const auto ok = write_out_functions(model, functions);
  if (!ok) return {ok.error().context};
  std::vector<std::string> out;
  for (const Node& one : model.graph.nodes) out.push_back(text_of(one));
  return out;
}

using Lines = std::vector<std::string>;

TEST(Functions, AreWrittenOutUnderTheNamesOfTheirCalls) {
  Model model = calling(
      {node("scaled", {"a"}, {"b"}, {test::real("by", 0.5F)}, "mine"), node("scaled", {"b"}, {"c"}, {}, "mine")});
  EXPECT_EQ(written_out(model, {scaled()}),
            (Lines{"scaled_b/Neg_t: Neg a > _inlfunc_scaled_t", "scaled_b/LeakyRelu_y: LeakyRelu _inlfunc_scaled_t > b",
                   "scaled_c/Neg_t: Neg b > _inlfunc_scaled_token_0_t",
                   "scaled_c/LeakyRelu_y: LeakyRelu _inlfunc_scaled_token_0_t > c"}));
  EXPECT_EQ(model.graph.nodes[1].real("alpha", 0), 0.5F);
  EXPECT_TRUE(model.graph.nodes[3].attributes.empty());  // nobody gives it
  EXPECT_EQ(model.opsets.at("other"), 2);
  EXPECT_EQ(model.opsets.at(""), 17);
}

TEST(Functions, DefaultsHoldWhereTheCallerGivesNothing) {
  Function usual = scaled();
  usual.defaults = {test::real("by", 0.25F)};
  Model model = calling({node("scaled", {"a"}, {"b"}, {}, "mine")});
  written_out(model, {usual});
  EXPECT_EQ(model.graph.nodes[1].real("alpha", 0), 0.25F);
  EXPECT_EQ(model.graph.nodes[1].attributes[0].name, "alpha");
}

TEST(Functions, CallOthersAndAreCalledInBranches) {
  Function outer = function("outer", {"y", "x"});
  outer.nodes = {node("scaled", {"x"}, {"y"}, {}, "mine")};
  Graph branch;
  branch.nodes = {node("scaled", {"a"}, {"inner"}, {}, "mine")};
  Model model = calling({node("outer", {"a"}, {"b", "same"}, {}, "mine"),
                         node("If", {"a"}, {"c"}, {test::graph("then_branch", branch)})});
  EXPECT_EQ(written_out(model, {scaled(), outer}),
            (Lines{"outer_b/scaled_y/Neg_t: Neg a > _inlfunc_scaled_token_0_t",
                   "outer_b/scaled_y/LeakyRelu_y: LeakyRelu _inlfunc_scaled_token_0_t > b",
                   "outer_b/same: Identity a > same", "If_c: If a > c"}));
  EXPECT_EQ(model.graph.nodes[3].attributes[0].g->nodes.size(), 2U);
}

TEST(Functions, NodesOfOneNameMakeTensorsOfTheirOwn) {
  Model model = calling({node("scaled", {"a"}, {"b"}, {}, "mine"), node("scaled", {"b"}, {"c"}, {}, "mine")});
  for (Node& one : model.graph.nodes) one.name = "same";
  EXPECT_EQ(written_out(model, {scaled()})[2], "same/Neg_t: Neg b > _inlfunc_scaled_token_0_t");
}

TEST(Functions, MayNotGrowWithoutEnd) {
  Function one = function("again", {"y"});
  one.nodes = {node("again", {"x"}, {"y"}, {}, "mine")};
  Model model = calling({node("again", {"a"}, {"b"}, {}, "mine")});
  EXPECT_NE(written_out(model, {one})[0].find("32 deep"), std::string::npos);
  std::vector<Function> bomb = {scaled()};
  for (int i = 0; i < 8; ++i) {
    Function next = function("f" + std::to_string(i), {"y"});
    const std::string called = i == 0 ? "scaled" : "f" + std::to_string(i - 1);
    for (int j = 0; j < 20; ++j) next.nodes.push_back(node(called, {"x"}, {"y" + std::to_string(j)}, {}, "mine"));
    bomb.push_back(std::move(next));
  }
  model = calling({node("f7", {"a"}, {"b"}, {}, "mine")});
  EXPECT_NE(written_out(model, bomb)[0].find("200,000"), std::string::npos);
  Function branching = function("branching", {"y"}), listing = function("listing", {"y"});
  Graph branch;
  branch.nodes.assign(2000, node("Relu", {"x"}, {"t"}));
  branching.nodes = {node("If", {"x"}, {"y"}, {test::graph("then_branch", branch)})};
  listing.nodes = {node("Relu", {"x"}, {"y"}, {test::ints("list", Dims(std::vector<std::int64_t>(1'000'000)))})};
  for (const Function& large : {branching, listing}) {
    model = calling(std::vector<Node>(101, node(large.name, {"a"}, {"b"}, {}, "mine")));
    EXPECT_NE(written_out(model, {large})[0].find("512 MiB"), std::string::npos) << large.name;
  }
}

}  // namespace
}  // namespace latcast::onnx
