#include "core/expression.h"

#include <gtest/gtest.h>

#include <limits>

namespace latcast {
namespace {

Program unary(Opcode op, double x) { return {{Opcode::constant, 0, x}, {op, 0, 0}}; }
Program binary(Opcode op, double a, double b) {
  return {{Opcode::constant, 0, a}, {Opcode::constant, 0, b}, {op, 0, 0}};
}

TEST(Expression, GivesKnownAnswers) {
  EXPECT_EQ(evaluate(binary(Opcode::add, 2, 3), {}), 5);
  EXPECT_EQ(evaluate(binary(Opcode::subtract, 2, 3), {}), -1);
  EXPECT_EQ(evaluate(binary(Opcode::divide, 3, 2), {}), 1.5);
  EXPECT_EQ(evaluate(binary(Opcode::modulo, 7, 4), {}), 3);
  EXPECT_EQ(evaluate(binary(Opcode::minimum, 7, 4), {}), 4);
  EXPECT_EQ(evaluate(binary(Opcode::less_equal, 4, 4), {}), 1);
  EXPECT_EQ(evaluate(binary(Opcode::logical_and, 4, 0), {}), 0);
  EXPECT_EQ(evaluate(unary(Opcode::ceiling, 1.2), {}), 2);
  EXPECT_EQ(evaluate(unary(Opcode::log2, 8), {}), 3);
  EXPECT_EQ(evaluate(unary(Opcode::logical_not, 0), {}), 1);
}

TEST(Expression, SelectsBetweenTwoValues) {
  const Program program = {
      {Opcode::load, 0, 0}, {Opcode::constant, 0, 5}, {Opcode::load, 1, 0}, {Opcode::select, 0, 0}};
  ASSERT_TRUE(verify(program, 2));
  EXPECT_EQ(evaluate(program, std::vector<double>{1, 7}), 5);
  EXPECT_EQ(evaluate(program, std::vector<double>{0, 7}), 7);
}

TEST(Expression, NeverMakesNan) {
  EXPECT_EQ(evaluate(binary(Opcode::divide, 3, 0), {}), 0);
  EXPECT_EQ(evaluate(binary(Opcode::modulo, 3, 0), {}), 0);
  EXPECT_EQ(evaluate(unary(Opcode::log2, 0), {}), 0);
  EXPECT_EQ(evaluate(unary(Opcode::square_root, -4), {}), 0);
  const double huge = std::numeric_limits<double>::max();
  EXPECT_EQ(evaluate(binary(Opcode::multiply, huge, huge), {}), huge);
  const Program difference = {{Opcode::constant, 0, huge}, {Opcode::constant, 0, huge}, {Opcode::add, 0, 0},
                              {Opcode::constant, 0, huge}, {Opcode::constant, 0, huge}, {Opcode::add, 0, 0},
                              {Opcode::subtract, 0, 0}};
  EXPECT_EQ(evaluate(difference, {}), 0);
}

TEST(Expression, RefusesProgramsThatCouldRunAway) {
  EXPECT_FALSE(verify(Program{}, 1));
  EXPECT_FALSE(verify(Program{{Opcode::add, 0, 0}}, 1));
  EXPECT_FALSE(verify(Program{{Opcode::load, 1, 0}}, 1));
  EXPECT_FALSE(verify(Program{{static_cast<Opcode>(99), 0, 0}}, 1));
  EXPECT_FALSE(verify(Program{{Opcode::constant, 0, std::numeric_limits<double>::quiet_NaN()}}, 1));
  EXPECT_FALSE(verify(Program{{Opcode::load, 0, 0}, {Opcode::load, 0, 0}}, 1));
  EXPECT_FALSE(verify(Program(kExpressionStack + 1, Instruction{Opcode::load, 0, 0}), 1));
}

}  // namespace
}  // namespace latcast
