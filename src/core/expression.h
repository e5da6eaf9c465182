// The evaluator of catalogue expressions: a few bytecodes on a small stack of doubles.
//
// Compiled by catalogue/expression_compiler, stored in packs, evaluated here. Evaluation allocates nothing, takes no
// lock and cannot fail: a Program is verified once, when it is made or loaded. There are no jumps; the conditional
// evaluates both sides and selects.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "latcast/result.h"

namespace latcast {

/// Stored in packs: values never change, new ones are appended.
enum class Opcode : std::uint32_t {
  constant = 0,  // push value
  load = 1,      // push slots[slot]
  add = 2,
  subtract = 3,
  multiply = 4,
  divide = 5,
  negate = 6,
  less = 7,
  less_equal = 8,
  equal = 9,
  not_equal = 10,
  logical_and = 11,
  logical_or = 12,
  logical_not = 13,
  select = 14,  // c a b -> c != 0 ? a : b
  minimum = 15,
  maximum = 16,
  ceiling = 17,
  floor = 18,
  log2 = 19,
  square_root = 20,
  absolute = 21,
  modulo = 22,
};

struct Instruction {
  Opcode op = Opcode::constant;
  std::uint32_t slot = 0;
  double value = 0.0;
};

inline constexpr std::size_t kExpressionStack = 48;

/// A verified program reading `slots` and yielding one number.
using Program = std::vector<Instruction>;

/// How many operands an opcode takes from the stack; -1 for an unknown opcode. Every opcode pushes one result.
[[nodiscard]] int operand_count(Opcode op) noexcept;

/// Checks stack depth, slot indices (< slot_count) and opcodes; the error names the instruction.
[[nodiscard]] Result<void> verify(std::span<const Instruction> program, std::size_t slot_count);

/// Evaluates a verified program. Division by zero gives 0 (a share of nothing), so no NaN is made from finite slots.
[[nodiscard]] double evaluate(std::span<const Instruction> program, std::span<const double> slots) noexcept;

}  // namespace latcast
