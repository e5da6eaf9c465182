// The values that a module type's expressions compute, as a graph without repetitions, and register programs made of
// parts of it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "core/expression.h"
#include "core/register_program.h"

namespace latcast::detail {

inline constexpr std::uint16_t kNoRegister = 0xffff;

class ExpressionGraph {
 public:
  using Value = std::uint32_t;  // operands before results

  explicit ExpressionGraph(std::size_t parameters);

  /// The value of a verified program, whose slots are `slots`; made finite as evaluate() makes it.
  Value add(std::span<const Instruction> program, std::span<const Value> slots);

  struct Node {
    RegisterOp op = RegisterOp::add;
    enum class Kind : std::uint8_t { parameter, constant, operation } kind = Kind::parameter;
    bool finite = true;      // for finite parameters
    std::uint32_t uses = 0;  // as an operand
    Value operands[3] = {0, 0, 0};
    double value = 0.0;  // of a constant
  };

  [[nodiscard]] const std::vector<Node>& nodes() const { return nodes_; }

 private:
  Value constant(double value);
  Value operation(RegisterOp op, Value a, Value b = 0, Value c = 0);
  Value finite(Value value);
  double fold(const Node& node);
  Value number(const Node& node);
  void grow();

  std::vector<Node> nodes_;
  std::vector<Value> table_;  // hash table of nodes; 0: free
  std::vector<Value> stack_;
  RegisterProgram single_;  // one instruction, to fold constants with
};

[[nodiscard]] constexpr int operand_count(RegisterOp op) noexcept {
  switch (op) {
    case RegisterOp::finite:
    case RegisterOp::negate:
    case RegisterOp::logical_not:
    case RegisterOp::ceiling:
    case RegisterOp::floor:
    case RegisterOp::log2:
    case RegisterOp::square_root:
    case RegisterOp::absolute:
      return 1;
    case RegisterOp::select:
      return 3;
    default:
      return 2;
  }
}

/// One instruction to be: of `from`, which is another node than `result` where that only makes it finite.
struct ScheduleStep {
  RegisterOp op;
  ExpressionGraph::Value result, from;
};

/// Memory of a scheduler, to be used again.
struct ScheduleScratch {
  std::vector<std::uint8_t> needed;      // per value
  std::vector<std::uint32_t> run, last;  // per value: the run that computes it; the last step that reads it
  std::vector<RegisterOp> runs;          // kind of each run
  std::vector<std::uint32_t> starts;     // of each run
  std::vector<ScheduleStep> steps, ordered;
};

/// Gives values registers and programs their order. Programs are scheduled one after another; each finds what the
/// earlier ones left in their registers.
class RegisterScheduler {
 public:
  RegisterScheduler(const ExpressionGraph& graph, std::size_t parameters, ScheduleScratch& scratch);

  /// A program that computes `wanted`, keeping them and those of `kept` that it passes through; nullopt: it would need
  /// more than kMaxRegisters.
  [[nodiscard]] std::optional<RegisterProgram> schedule(std::span<const ExpressionGraph::Value> wanted,
                                                        std::span<const ExpressionGraph::Value> kept);

  [[nodiscard]] std::uint16_t at(ExpressionGraph::Value value) const { return registers_[value]; }
  /// Registers below this one have been used.
  [[nodiscard]] std::size_t used() const { return next_; }

 private:
  [[nodiscard]] ExpressionGraph::Value source(ExpressionGraph::Value value) const;
  void find_steps(std::span<const ExpressionGraph::Value> wanted, RegisterProgram& program);
  void order_steps();
  void place(std::span<const ExpressionGraph::Value> wanted, std::span<const ExpressionGraph::Value> kept,
             RegisterProgram& program);
  std::uint16_t take();

  const ExpressionGraph& graph_;
  ScheduleScratch* scratch_;
  std::vector<std::uint16_t> registers_;  // per value; kNoRegister
  std::vector<std::uint16_t> free_;       // below next_, to be used again
  std::size_t next_ = 0;
};

}  // namespace latcast::detail
