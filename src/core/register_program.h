// Expressions as latcast evaluates them for forecasts: what several programs (core/expression.h) compute, each value
// once, on numbered registers, instructions of one kind next to each other so that they are decoded together. The same
// bits as the programs.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace latcast {

/// Not stored anywhere. `_finite`: the result is made finite, as every expression's is.
enum class RegisterOp : std::uint8_t {
  add,
  subtract,
  multiply,
  divide,
  add_finite,
  subtract_finite,
  multiply_finite,
  divide_finite,
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

/// result = op(a, b, c); what an operation does not read is 0.
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
