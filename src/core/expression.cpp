#include "core/expression.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

namespace latcast {
namespace {

double truth(bool value) noexcept { return value ? 1.0 : 0.0; }

double apply_unary(Opcode op, double x) noexcept {
  switch (op) {
    case Opcode::negate:
      return -x;
    case Opcode::logical_not:
      return truth(x == 0.0);
    case Opcode::ceiling:
      return std::ceil(x);
    case Opcode::floor:
      return std::floor(x);
    case Opcode::log2:
      return x > 0.0 ? std::log2(x) : 0.0;
    case Opcode::square_root:
      return x > 0.0 ? std::sqrt(x) : 0.0;
    default:
      return std::abs(x);
  }
}

double apply_binary(Opcode op, double a, double b) noexcept {
  switch (op) {
    case Opcode::add:
      return a + b;
    case Opcode::subtract:
      return a - b;
    case Opcode::multiply:
      return a * b;
    case Opcode::divide:
      return b == 0.0 ? 0.0 : a / b;
    case Opcode::less:
      return truth(a < b);
    case Opcode::less_equal:
      return truth(a <= b);
    case Opcode::equal:
      return truth(a == b);
    case Opcode::not_equal:
      return truth(a != b);
    case Opcode::logical_and:
      return truth(a != 0.0 && b != 0.0);
    case Opcode::logical_or:
      return truth(a != 0.0 || b != 0.0);
    case Opcode::minimum:
      return std::min(a, b);
    case Opcode::maximum:
      return std::max(a, b);
    default:
      return b == 0.0 ? 0.0 : std::fmod(a, b);
  }
}

/// Overflow may make infinities and, from them, NaN: the result is always finite.
double finite(double x) noexcept {
  if (std::isnan(x)) return 0.0;
  return std::clamp(x, std::numeric_limits<double>::lowest(), std::numeric_limits<double>::max());
}

tl::unexpected<Error> bad(std::size_t index, const std::string& what) {
  return fail(Errc::invalid_input, "instruction " + std::to_string(index) + ": " + what);
}

}  // namespace

int operand_count(Opcode op) noexcept {
  switch (op) {
    case Opcode::constant:
    case Opcode::load:
      return 0;
    case Opcode::negate:
    case Opcode::logical_not:
    case Opcode::ceiling:
    case Opcode::floor:
    case Opcode::log2:
    case Opcode::square_root:
    case Opcode::absolute:
      return 1;
    case Opcode::add:
    case Opcode::subtract:
    case Opcode::multiply:
    case Opcode::divide:
    case Opcode::less:
    case Opcode::less_equal:
    case Opcode::equal:
    case Opcode::not_equal:
    case Opcode::logical_and:
    case Opcode::logical_or:
    case Opcode::minimum:
    case Opcode::maximum:
    case Opcode::modulo:
      return 2;
    case Opcode::select:
      return 3;
  }
  return -1;
}

Result<void> verify(std::span<const Instruction> program, std::size_t slot_count) {
  std::size_t depth = 0;
  for (std::size_t i = 0; i < program.size(); ++i) {
    const Instruction& in = program[i];
    const int operands = operand_count(in.op);
    if (operands < 0) return bad(i, "unknown opcode " + std::to_string(static_cast<std::uint32_t>(in.op)));
    if (depth < static_cast<std::size_t>(operands)) return bad(i, "too few operands on the stack");
    if (in.op == Opcode::load && in.slot >= slot_count) return bad(i, "no slot " + std::to_string(in.slot));
    if (in.op == Opcode::constant && !std::isfinite(in.value)) return bad(i, "the constant is not finite");
    depth = depth - static_cast<std::size_t>(operands) + 1;
    if (depth > kExpressionStack) return bad(i, "the expression is nested too deeply");
  }
  if (depth != 1) return bad(program.size(), "the program leaves " + std::to_string(depth) + " values instead of one");
  return {};
}

double evaluate(std::span<const Instruction> program, std::span<const double> slots) noexcept {
  std::array<double, kExpressionStack> stack;
  std::size_t top = 0;  // number of values on the stack
  for (const Instruction& in : program) {
    switch (operand_count(in.op)) {
      case 0:
        stack[top++] = in.op == Opcode::load ? slots[in.slot] : in.value;
        break;
      case 1:
        stack[top - 1] = apply_unary(in.op, stack[top - 1]);
        break;
      case 2:
        stack[top - 2] = apply_binary(in.op, stack[top - 2], stack[top - 1]);
        --top;
        break;
      default:  // select: condition, value if true, value if false
        stack[top - 3] = stack[top - 3] != 0.0 ? stack[top - 2] : stack[top - 1];
        top -= 2;
        break;
    }
  }
  return top == 0 ? 0.0 : finite(stack[0]);
}

}  // namespace latcast
