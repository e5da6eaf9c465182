#include "catalogue/expression_compiler.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <string>
#include <vector>

namespace latcast {
namespace {

const std::vector<std::string> kNames = {"a", "b", "channels"};

double value_of(const std::string& text, const std::vector<double>& slots = {6, 4, 32}) {
  const auto program = compile_expression(text, kNames);
  EXPECT_TRUE(program.has_value()) << text << ": " << (program ? "" : program.error().context);
  return program ? evaluate(*program, slots) : std::numeric_limits<double>::quiet_NaN();
}

std::string problem_of(const std::string& text) {
  const auto program = compile_expression(text, kNames);
  EXPECT_FALSE(program.has_value()) << text;
  if (program) return "";
  EXPECT_EQ(program.error().code, Errc::invalid_input);
  return program.error().context;
}

bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

TEST(ExpressionCompiler, GivesOperatorsTheirUsualPrecedence) {
  EXPECT_EQ(value_of("1 + 2 * 3"), 7);
  EXPECT_EQ(value_of("(1 + 2) * 3"), 9);
  EXPECT_EQ(value_of("10 - 4 - 3"), 3);
  EXPECT_EQ(value_of("24 / 4 / 3"), 2);
  EXPECT_EQ(value_of("7 % 4 * 2"), 6);
  EXPECT_EQ(value_of("-a + b"), -2);
  EXPECT_EQ(value_of("a - -b"), 10);
  EXPECT_EQ(value_of("1 + 1 == 2 && 3 > 2"), 1);
  EXPECT_EQ(value_of("1 || 0 && 0"), 1);
  EXPECT_EQ(value_of("!0 == 1"), 1);
  EXPECT_EQ(value_of("!(a == b)"), 1);
}

TEST(ExpressionCompiler, ComparesBothWays) {
  EXPECT_EQ(value_of("a > b"), 1);
  EXPECT_EQ(value_of("b > a"), 0);
  EXPECT_EQ(value_of("a >= 6"), 1);
  EXPECT_EQ(value_of("a <= 5"), 0);
  EXPECT_EQ(value_of("a < 6"), 0);
  EXPECT_EQ(value_of("a != b"), 1);
}

TEST(ExpressionCompiler, ChoosesToTheRight) {
  EXPECT_EQ(value_of("a > b ? 1 : 2"), 1);
  EXPECT_EQ(value_of("0 ? 1 : 0 ? 2 : 3"), 3);
  EXPECT_EQ(value_of("1 ? 0 ? 4 : 5 : 6"), 5);
}

TEST(ExpressionCompiler, KnowsEveryFunction) {
  EXPECT_EQ(value_of("min(a, b)"), 4);
  EXPECT_EQ(value_of("max(a, b, channels, 1)"), 32);
  EXPECT_EQ(value_of("ceil(a / b)"), 2);
  EXPECT_EQ(value_of("floor(a / b)"), 1);
  EXPECT_EQ(value_of("log2(channels)"), 5);
  EXPECT_EQ(value_of("sqrt(b)"), 2);
  EXPECT_EQ(value_of("abs(b - a)"), 2);
  EXPECT_EQ(value_of("ramp(a, 4, 8)"), 0.5);
  EXPECT_EQ(value_of("ramp(b, 4 + 1, 2 * a)"), 0);
  EXPECT_EQ(value_of("2 * ramp(channels, b, a)"), 2);
}

TEST(ExpressionCompiler, DivisionByZeroIsNothing) {
  EXPECT_EQ(value_of("a / 0"), 0);
  EXPECT_EQ(value_of("a % 0"), 0);
  EXPECT_EQ(value_of("log2(0)"), 0);
}

TEST(ExpressionCompiler, ANameMayBeThatOfAFunction) {
  const std::vector<std::string> names = {"min"};
  const auto program = compile_expression("min + min(min, 2)", names);
  ASSERT_TRUE(program.has_value()) << program.error().context;
  EXPECT_EQ(evaluate(*program, std::vector<double>{5}), 7);
}

TEST(ExpressionCompiler, SuggestsTheNearestName) {
  const std::string problem = problem_of("2 * chanels");
  EXPECT_TRUE(contains(problem, "unknown name 'chanels'")) << problem;
  EXPECT_TRUE(contains(problem, "did you mean 'channels'?")) << problem;
  EXPECT_FALSE(contains(problem_of("2 * nothing_like_it"), "did you mean"));
}

TEST(ExpressionCompiler, ErrorsNameThePlace) {
  EXPECT_TRUE(contains(problem_of("a + "), "unexpected end at character"));
  EXPECT_TRUE(contains(problem_of("a b"), "unexpected 'b' at character 3 of 'a b'"));
  EXPECT_TRUE(contains(problem_of("(a"), "')' expected at character 3"));
  EXPECT_TRUE(contains(problem_of("a ? b"), "':' expected"));
  EXPECT_TRUE(contains(problem_of("sqrt(a, b)"), "sqrt() takes one argument"));
  EXPECT_TRUE(contains(problem_of("ramp(a, b)"), "',' expected"));
  EXPECT_TRUE(contains(problem_of("max(a)"), "max() takes two or more arguments"));
  EXPECT_TRUE(contains(problem_of(""), "unexpected end"));
  EXPECT_TRUE(contains(problem_of("a @ b"), "unexpected '@'"));
}

TEST(ExpressionCompiler, RefusesHostileTexts) {
  EXPECT_TRUE(contains(problem_of(std::string(100000, '1')), "longer than"));
  EXPECT_TRUE(contains(problem_of(std::string(1000, '(')), "nested too deeply"));
  EXPECT_TRUE(contains(problem_of(std::string(1000, '-') + "1"), "nested too deeply"));
  EXPECT_TRUE(contains(problem_of(std::string(1000, '!') + "1"), "nested too deeply"));
  std::string choices;
  for (int i = 0; i < 500; ++i) choices += "1?";
  problem_of(choices + "1");
  std::string wide = "1";
  for (int i = 0; i < 60; ++i) wide.insert(0, "1 + (").append(")");
  problem_of(wide);  // needs more stack than there is
  problem_of("1e999");
  problem_of(std::string("a\0b", 3));
}

TEST(ExpressionCompiler, TakesWhatIsLongButFlat) {
  std::string sum = "0";
  for (int i = 0; i < 500; ++i) sum += " + 1";
  EXPECT_EQ(value_of(sum), 500);
}

// ---- reads of an executed node

NodeRead single_read(const std::string& text) {
  std::vector<NodeRead> reads;
  const auto program = compile_node_expression(text, reads);
  EXPECT_TRUE(program.has_value()) << text << ": " << (program ? "" : program.error().context);
  EXPECT_EQ(reads.size(), 1U) << text;
  return reads.empty() ? NodeRead{} : reads.front();
}

std::string read_problem(const std::string& text) {
  std::vector<NodeRead> reads;
  const auto program = compile_node_expression(text, reads);
  EXPECT_FALSE(program.has_value()) << text;
  return program ? "" : program.error().context;
}

TEST(NodeExpression, ReadsTensors) {
  NodeRead read = single_read("in0[1]");
  EXPECT_EQ(read.kind, NodeRead::Kind::input_dim);
  EXPECT_EQ(read.index, 0);
  EXPECT_EQ(read.position, 1);
  read = single_read("out2[-1]");
  EXPECT_EQ(read.kind, NodeRead::Kind::output_dim);
  EXPECT_EQ(read.index, 2);
  EXPECT_EQ(read.position, -1);
  EXPECT_EQ(single_read("in1.value[0]").kind, NodeRead::Kind::input_value);
  EXPECT_EQ(single_read("rank(in0)").kind, NodeRead::Kind::input_rank);
  EXPECT_EQ(single_read("rank(out0)").kind, NodeRead::Kind::output_rank);
  EXPECT_EQ(single_read("elements(in0)").kind, NodeRead::Kind::input_elements);
  EXPECT_EQ(single_read("elements(out0)").kind, NodeRead::Kind::output_elements);
  EXPECT_EQ(single_read("constant(in1)").kind, NodeRead::Kind::input_constant);
  EXPECT_EQ(single_read("present(in2)").kind, NodeRead::Kind::input_present);
  EXPECT_EQ(single_read("element_size(in0)").kind, NodeRead::Kind::input_element_size);
  EXPECT_EQ(single_read("input_bytes").kind, NodeRead::Kind::input_bytes);
  EXPECT_EQ(single_read("output_bytes").kind, NodeRead::Kind::output_bytes);
  EXPECT_EQ(single_read("weight_bytes").kind, NodeRead::Kind::weight_bytes);
  EXPECT_EQ(single_read("weight_elements").kind, NodeRead::Kind::weight_elements);
}

TEST(NodeExpression, ReadsAttributesOperatorsAndViews) {
  NodeRead read = single_read("attr.strides[0] | 1");
  EXPECT_EQ(read.kind, NodeRead::Kind::attribute);
  EXPECT_EQ(read.name, "strides");
  EXPECT_TRUE(read.has_position);
  EXPECT_EQ(read.fallback, 1.0);
  EXPECT_EQ(single_read("attr.axis | -1").fallback, -1.0);
  EXPECT_FALSE(single_read("attr.group").fallback.has_value());
  read = single_read("attr.mode == \"linear\"");
  EXPECT_EQ(read.kind, NodeRead::Kind::attribute_equals);
  EXPECT_EQ(read.text, "linear");
  EXPECT_EQ(single_read("attr.group == 1").kind, NodeRead::Kind::attribute);
  EXPECT_EQ(single_read("count(attr.pads)").kind, NodeRead::Kind::attribute_count);
  EXPECT_EQ(single_read("present(attr.pads)").kind, NodeRead::Kind::attribute_present);
  read = single_read("is(\"com.microsoft:FusedGemm\")");
  EXPECT_EQ(read.kind, NodeRead::Kind::is_operator);
  EXPECT_EQ(read.name, "com.microsoft:FusedGemm");
  read = single_read("softmax.outer");
  EXPECT_EQ(read.kind, NodeRead::Kind::view);
  EXPECT_EQ(read.name, "softmax.outer");
}

TEST(NodeExpression, ReadsTheSameThingOnce) {
  std::vector<NodeRead> reads;
  ASSERT_TRUE(compile_node_expression("in0[1] * in0[1] + in0[2]", reads).has_value());
  EXPECT_EQ(reads.size(), 2U);
  ASSERT_TRUE(compile_node_expression("in0[2]", reads).has_value());
  EXPECT_EQ(reads.size(), 2U);
}

TEST(NodeExpression, ADefaultIsNotAnOr) {
  std::vector<NodeRead> reads;
  const auto program = compile_node_expression("attr.a | 1 || attr.b | 0", reads);
  ASSERT_TRUE(program.has_value()) << program.error().context;
  ASSERT_EQ(reads.size(), 2U);
  EXPECT_EQ(evaluate(*program, std::vector<double>{0, 0}), 0);
  EXPECT_EQ(evaluate(*program, std::vector<double>{0, 3}), 1);
}

TEST(NodeExpression, RefusesWhatCannotBeRead) {
  EXPECT_TRUE(contains(read_problem("in0"), "an index such as [0] is missing"));
  EXPECT_TRUE(contains(read_problem("channels"), "unknown name 'channels'"));
  EXPECT_TRUE(contains(read_problem("rang(in0)"), "unknown function 'rang'"));
  EXPECT_TRUE(contains(read_problem("rank(attr.x)"), "takes a tensor"));
  EXPECT_TRUE(contains(read_problem("constant(out0)"), "takes an input"));
  EXPECT_TRUE(contains(read_problem("count(in0)"), "takes an attribute"));
  EXPECT_TRUE(contains(read_problem("is(\"Gemm)"), "closing quote"));
  EXPECT_TRUE(contains(read_problem("out0.value[0]"), "inK.value"));
  EXPECT_TRUE(contains(read_problem("attr.x |"), "a number expected"));
  EXPECT_TRUE(contains(read_problem("attr."), "a name expected"));
}

TEST(NodeExpression, RefusesIndicesAndDefaultsThatAreNoNumbers) {
  for (const char* text :
       {"in0[1e30]", "in0[nan]", "in0[inf]", "in0[1.5]", "attr.x[9999999]", "attr.x | inf", "attr.x | nan"}) {
    read_problem(text);
  }
}

TEST(ClosestName, IsAtMostTwoEditsAway) {
  EXPECT_EQ(closest_name("chanels", kNames), "channels");
  EXPECT_FALSE(closest_name("xyz_long", kNames).has_value());
  EXPECT_FALSE(closest_name(std::string(100000, 'x'), kNames).has_value());
}

}  // namespace
}  // namespace latcast
