// Expressions as latcast evaluates them for forecasts: what several programs (core/expression.h) compute, each value
// once, on numbered registers, instructions of one kind next to each other so that they are decoded together. The same
// bits as the programs.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace latcast {

/// Not stored anywhere. The first four may overflow: their c is 1 where the result is made finite, as an expression's
/// is.
enum class RegisterOp : std::uint8_t {
  add,
  subtract,
  multiply,
  divide,
  finite,
  negate,
  less,
  less_equal,
  equal,
  not_equal,
  logical_and,
  logical_or,
  logical_not,
  select,
  minimum,
  maximum,
  ceiling,
  floor,
  log2,
  square_root,
  absolute,
  modulo,
};

/// result = op(a, b, c).
struct RegisterInstruction {
  std::uint16_t result = 0, a = 0, b = 0, c = 0;
};

/// `count` instructions of one kind.
struct RegisterRun {
  RegisterOp op = RegisterOp::add;
  std::uint32_t count = 0;
};

struct RegisterConstant {
  std::uint16_t result = 0;
  double value = 0;
};

struct RegisterProgram {
  std::vector<RegisterConstant> constants;  // set first
  std::vector<RegisterRun> runs;
  std::vector<RegisterInstruction> code;
};

}  // namespace latcast
