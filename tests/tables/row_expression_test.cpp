#include "tables/row_expression.h"

#include <gtest/gtest.h>

#include <limits>

namespace latcast {
namespace {

constexpr double kNone = std::numeric_limits<double>::quiet_NaN();

bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

std::vector<RowRead> reads_of(const std::string& text) {
  std::vector<RowRead> reads;
  const auto program = compile_row_expression(text, reads);
  EXPECT_TRUE(program.has_value()) << text << ": " << (program ? "" : program.error().context);
  return reads;
}

/// The value with these slots, in the order of the names' first use; empty: it hangs on a missing one.
std::optional<double> value_of(const std::string& text, const std::vector<double>& slots) {
  std::vector<RowRead> reads;
  const auto program = compile_row_expression(text, reads);
  if (!program) throw std::runtime_error(program.error().context);
  EXPECT_EQ(reads.size(), slots.size()) << text;
  std::size_t missing = 0;
  return evaluate_row(*program, slots, missing);
}

std::string problem_of(const std::string& text) {
  std::vector<RowRead> reads;
  const auto program = compile_row_expression(text, reads);
  EXPECT_FALSE(program.has_value()) << text;
  return program ? "" : program.error().context;
}

TEST(RowExpression, ReadsCells) {
  using Kind = RowRead::Kind;
  using Row = RowRead::Row;
  EXPECT_EQ(reads_of("width"), (std::vector<RowRead>{{Kind::number, Row::current, "width", "", {}}}));
  EXPECT_EQ(reads_of("width | -1.5"), (std::vector<RowRead>{{Kind::number, Row::current, "width", "", -1.5}}));
  EXPECT_EQ(reads_of("op == \"A b\""), (std::vector<RowRead>{{Kind::equals, Row::current, "op", "A b", {}}}));
  EXPECT_EQ(reads_of("present(fused)"), (std::vector<RowRead>{{Kind::present, Row::current, "fused", "", {}}}));
  EXPECT_EQ(reads_of("count(fused, \"add\")"), (std::vector<RowRead>{{Kind::count, Row::current, "fused", "add", {}}}));
  EXPECT_EQ(reads_of("next.k"), (std::vector<RowRead>{{Kind::number, Row::next, "k", "", {}}}));
  EXPECT_EQ(reads_of("previous.op != \"X\""), (std::vector<RowRead>{{Kind::equals, Row::previous, "op", "X", {}}}));
  EXPECT_EQ(
      reads_of("present(next.op) + count(previous.op, \"x\")"),
      (std::vector<RowRead>{{Kind::present, Row::next, "op", "", {}}, {Kind::count, Row::previous, "op", "x", {}}}));
}

TEST(RowExpression, SharesReads) {
  EXPECT_EQ(reads_of("k * k + (op == \"A\") + (op != \"A\")").size(), 2U);
  EXPECT_EQ(reads_of("k + (k | 1) + next.k").size(), 3U);
  // Names that mean something only in their place.
  EXPECT_EQ(reads_of("next + previous + count + min + present").size(), 5U);
}

TEST(RowExpression, ComputesAsOtherExpressionsDo) {
  EXPECT_EQ(value_of("max(k, 3) * stride + 1", {2, 4}), 13);
  EXPECT_EQ(value_of("op == \"A\" && k >= 3 ? 10 : 20", {1, 3}), 10);
  EXPECT_EQ(value_of("op != \"A\"", {1}), 0);
  EXPECT_EQ(value_of("!(op == \"A\") || k == 3", {1, 3}), 1);
  EXPECT_EQ(value_of("a == b", {4, 4}), 1);
}

TEST(RowExpression, AMissingCellMattersOnlyWhereItIsNeeded) {
  EXPECT_FALSE(value_of("k + 1", {kNone}).has_value());
  EXPECT_FALSE(value_of("0 * k", {kNone}).has_value());
  EXPECT_EQ(value_of("op == \"A\" && k > 1", {0, kNone}), 0);
  EXPECT_FALSE(value_of("op == \"A\" && k > 1", {1, kNone}).has_value());
  EXPECT_EQ(value_of("k > 1 && op == \"A\"", {kNone, 0}), 0);
  EXPECT_EQ(value_of("op == \"A\" || k > 1", {1, kNone}), 1);
  EXPECT_FALSE(value_of("op == \"A\" || k > 1", {0, kNone}).has_value());
  EXPECT_EQ(value_of("present(k) ? k * 2 : width", {0, kNone, 7}), 7);
  EXPECT_EQ(value_of("present(k) ? k * 2 : width", {1, 4, kNone}), 8);
  EXPECT_FALSE(value_of("k ? 1 : 1", {kNone}).has_value());
  EXPECT_FALSE(value_of("max(1, -k) + 2", {kNone}).has_value());
}

TEST(RowExpression, NamesTheMissingSlot) {
  std::vector<RowRead> reads;
  const auto program = compile_row_expression("a + b * c", reads);
  ASSERT_TRUE(program.has_value());
  std::size_t missing = 99;
  EXPECT_FALSE(evaluate_row(*program, std::vector<double>{1, 2, kNone}, missing).has_value());
  EXPECT_EQ(missing, 2U);
}

TEST(RowExpression, RefusesWhatItCannotRead) {
  EXPECT_TRUE(contains(problem_of("k +"), "unexpected end"));
  EXPECT_TRUE(contains(problem_of("is(\"X\")"), "unknown function 'is'"));
  EXPECT_TRUE(contains(problem_of("count(op)"), "',' expected"));
  EXPECT_TRUE(contains(problem_of("op == \"A"), "closing quote"));
  EXPECT_TRUE(contains(problem_of("next."), "a name expected"));
  EXPECT_TRUE(contains(problem_of("a b"), "unexpected 'b'"));
  EXPECT_TRUE(contains(problem_of("op < \"A\""), "unexpected '\"'"));
}

}  // namespace
}  // namespace latcast
