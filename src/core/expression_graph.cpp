#include "core/expression_graph.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <utility>

#include "core/limits.h"
#include "core/simd/simd.h"

namespace latcast::detail {
namespace {

using Kind = ExpressionGraph::Node::Kind;

constexpr std::size_t kFirstTable = 1024;

/// The operation of an instruction that is neither a constant nor a load.
RegisterOp register_op(Opcode op) {
  switch (op) {
    case Opcode::add:
      return RegisterOp::add;
    case Opcode::subtract:
      return RegisterOp::subtract;
    case Opcode::multiply:
      return RegisterOp::multiply;
    case Opcode::divide:
      return RegisterOp::divide;
    case Opcode::negate:
      return RegisterOp::negate;
    case Opcode::less:
      return RegisterOp::less;
    case Opcode::less_equal:
      return RegisterOp::less_equal;
    case Opcode::equal:
      return RegisterOp::equal;
    case Opcode::not_equal:
      return RegisterOp::not_equal;
    case Opcode::logical_and:
      return RegisterOp::logical_and;
    case Opcode::logical_or:
      return RegisterOp::logical_or;
    case Opcode::logical_not:
      return RegisterOp::logical_not;
    case Opcode::select:
      return RegisterOp::select;
    case Opcode::minimum:
      return RegisterOp::minimum;
    case Opcode::maximum:
      return RegisterOp::maximum;
    case Opcode::ceiling:
      return RegisterOp::ceiling;
    case Opcode::floor:
      return RegisterOp::floor;
    case Opcode::log2:
      return RegisterOp::log2;
    case Opcode::square_root:
      return RegisterOp::square_root;
    case Opcode::absolute:
      return RegisterOp::absolute;
    default:
      return RegisterOp::modulo;
  }
}

/// Order of operands does not matter, not even for the bits.
bool commutes(RegisterOp op) {
  switch (op) {
    case RegisterOp::add:
    case RegisterOp::multiply:
    case RegisterOp::equal:
    case RegisterOp::not_equal:
    case RegisterOp::logical_and:
    case RegisterOp::logical_or:
      return true;
    default:
      return false;
  }
}

/// May overflow, or divide what has.
bool arithmetic(RegisterOp op) { return op <= RegisterOp::divide; }

bool truth_value(RegisterOp op) { return op >= RegisterOp::less && op <= RegisterOp::logical_not; }

std::uint64_t hash_of(const ExpressionGraph::Node& node) {
  std::uint64_t h = std::bit_cast<std::uint64_t>(node.value) + static_cast<std::uint64_t>(node.op) * 0x100 +
                    static_cast<std::uint64_t>(node.kind);
  for (const std::uint32_t operand : node.operands) h = (h ^ operand) * 0x9e3779b97f4a7c15ULL;
  return h ^ (h >> 32U);
}

bool same(const ExpressionGraph::Node& a, const ExpressionGraph::Node& b) {
  return a.op == b.op && a.kind == b.kind && std::ranges::equal(a.operands, b.operands) &&
         std::bit_cast<std::uint64_t>(a.value) == std::bit_cast<std::uint64_t>(b.value);
}

}  // namespace

ExpressionGraph::ExpressionGraph(std::size_t parameters) : nodes_(parameters), table_(kFirstTable) {
  single_.runs = {{RegisterOp::add, 1}};
  single_.code = {{3, 0, 1, 0}};
}

ExpressionGraph::Value ExpressionGraph::add(std::span<const Instruction> program, std::span<const Value> slots) {
  stack_.clear();
  for (const Instruction& in : program) {
    if (in.op == Opcode::constant) {
      stack_.push_back(constant(in.value));
    } else if (in.op == Opcode::load) {
      stack_.push_back(slots[in.slot]);
    } else {
      const RegisterOp op = register_op(in.op);
      Value operands[3] = {0, 0, 0};
      for (int i = operand_count(op); i-- > 0; stack_.pop_back()) operands[i] = stack_.back();
      stack_.push_back(operation(op, operands[0], operands[1], operands[2]));
    }
  }
  return finite(stack_.back());
}

ExpressionGraph::Value ExpressionGraph::constant(double value) {
  Node node;
  node.kind = Kind::constant;
  node.value = value;
  node.finite = std::isfinite(value);
  return number(node);
}

ExpressionGraph::Value ExpressionGraph::operation(RegisterOp op, Value a, Value b, Value c) {
  if (commutes(op) && b < a) std::swap(a, b);
  Node node;
  node.kind = Kind::operation;
  node.op = op;
  node.operands[0] = a;
  node.operands[1] = b;
  node.operands[2] = c;
  const auto count = static_cast<std::size_t>(operand_count(op));
  const std::span<const Value> read(node.operands, count);
  if (std::ranges::all_of(read, [&](Value v) { return nodes_[v].kind == Kind::constant; })) return constant(fold(node));
  const bool from_finite = std::ranges::all_of(read, [&](Value v) { return nodes_[v].finite; });
  node.finite = op == RegisterOp::finite || truth_value(op) || (from_finite && !arithmetic(op));
  return number(node);
}

ExpressionGraph::Value ExpressionGraph::finite(Value value) {
  return nodes_[value].finite ? value : operation(RegisterOp::finite, value);
}

double ExpressionGraph::fold(const Node& node) {
  double registers[4];
  for (std::size_t i = 0; i < 3; ++i) registers[i] = nodes_[node.operands[i]].value;
  single_.runs[0].op = node.op;
  single_.code[0].c = node.op == RegisterOp::select ? 2 : 0;  // arithmetic within an expression may overflow
  simd::functions().run(single_, registers);
  return registers[3];
}

/// The node's number; a new one where there is none like it.
ExpressionGraph::Value ExpressionGraph::number(const Node& node) {
  if (2 * nodes_.size() > table_.size()) grow();
  std::size_t at = hash_of(node) & (table_.size() - 1);
  for (; table_[at] != 0; at = (at + 1) & (table_.size() - 1)) {
    if (same(nodes_[table_[at]], node)) return table_[at];
  }
  if (nodes_.empty()) nodes_.emplace_back();  // 0 means free in the table
  const auto value = static_cast<Value>(nodes_.size());
  table_[at] = value;
  nodes_.push_back(node);
  if (node.kind == Kind::operation) {
    for (int i = 0; i < operand_count(node.op); ++i) ++nodes_[node.operands[i]].uses;
  }
  return value;
}

void ExpressionGraph::grow() {
  std::vector<Value> old(2 * table_.size());
  old.swap(table_);
  for (const Value value : old) {
    if (value == 0) continue;
    std::size_t at = hash_of(nodes_[value]) & (table_.size() - 1);
    while (table_[at] != 0) at = (at + 1) & (table_.size() - 1);
    table_[at] = value;
  }
}

RegisterScheduler::RegisterScheduler(const ExpressionGraph& graph, std::size_t parameters, ScheduleScratch& scratch)
    : graph_(graph), scratch_(&scratch), registers_(graph.nodes().size(), kNoRegister), next_(parameters) {
  for (std::size_t i = 0; i < parameters; ++i) registers_[i] = static_cast<std::uint16_t>(i);
}

/// Whose operands to read: where arithmetic serves only to be made finite, both are one step.
ExpressionGraph::Value RegisterScheduler::source(ExpressionGraph::Value value) const {
  const auto& node = graph_.nodes()[value];
  if (node.op != RegisterOp::finite) return value;
  const auto& inner = graph_.nodes()[node.operands[0]];
  const bool only = inner.kind == Kind::operation && arithmetic(inner.op) && inner.uses == 1;
  return only ? node.operands[0] : value;
}

/// What must be computed, operands before results; constants are placed.
void RegisterScheduler::find_steps(std::span<const ExpressionGraph::Value> wanted, RegisterProgram& program) {
  const auto& nodes = graph_.nodes();
  std::vector<std::uint8_t>& needed = scratch_->needed;
  std::vector<ScheduleStep>& steps = scratch_->steps;
  needed.assign(nodes.size(), 0);
  steps.clear();
  for (const ExpressionGraph::Value value : wanted) needed[value] = 1;
  for (auto value = static_cast<ExpressionGraph::Value>(nodes.size()); value-- > 0;) {
    if (needed[value] == 0 || registers_[value] != kNoRegister) continue;
    if (nodes[value].kind == Kind::constant) {
      registers_[value] = take();
      program.constants.push_back({registers_[value], nodes[value].value});
      continue;
    }
    const ExpressionGraph::Value from = source(value);
    const RegisterOp op = nodes[from].op;
    steps.push_back({op, value, from});
    for (int i = 0; i < operand_count(op); ++i) needed[nodes[from].operands[i]] = 1;
  }
  std::ranges::reverse(steps);
}

/// Puts steps of one kind next to each other as far as their operands allow.
void RegisterScheduler::order_steps() {
  auto& [needed, run_of, last, runs, starts, steps, ordered] = *scratch_;
  run_of.assign(graph_.nodes().size(), 0);
  runs.clear();
  starts.assign(1, 0);
  for (const ScheduleStep& step : steps) {
    std::uint32_t run = 0;
    for (int i = 0; i < operand_count(step.op); ++i) {
      run = std::max(run, run_of[graph_.nodes()[step.from].operands[i]]);
    }
    while (run < runs.size() && runs[run] != step.op) ++run;
    if (run == runs.size()) {
      runs.push_back(step.op);
      starts.push_back(0);
    }
    run_of[step.result] = run;
    ++starts[run + 1];
  }
  for (std::size_t run = 1; run < starts.size(); ++run) starts[run] += starts[run - 1];
  ordered.resize(steps.size());
  for (const ScheduleStep& step : steps) ordered[starts[run_of[step.result]]++] = step;
}

std::uint16_t RegisterScheduler::take() {
  if (free_.empty()) return static_cast<std::uint16_t>(std::min<std::size_t>(next_++, kMaxRegisters));
  const std::uint16_t out = free_.back();
  free_.pop_back();
  return out;
}

/// Gives the steps' results registers, those of values that are not read again first.
void RegisterScheduler::place(std::span<const ExpressionGraph::Value> wanted,
                              std::span<const ExpressionGraph::Value> kept, RegisterProgram& program) {
  const std::vector<ScheduleStep>& steps = scratch_->ordered;
  constexpr std::uint32_t kBefore = 0, kNever = std::numeric_limits<std::uint32_t>::max();
  const auto& nodes = graph_.nodes();
  std::vector<std::uint32_t>& last = scratch_->last;  // 1 + the last step that reads a value made here
  last.assign(nodes.size(), kBefore);
  for (std::uint32_t i = 0; i < steps.size(); ++i) {
    last[steps[i].result] = i + 1;
    for (int k = 0; k < operand_count(steps[i].op); ++k) {
      std::uint32_t& operand = last[nodes[steps[i].from].operands[k]];
      if (operand != kBefore) operand = i + 1;  // parameters, constants and earlier programs' values stay
    }
  }
  for (const auto& values : {wanted, kept}) {
    for (const ExpressionGraph::Value value : values) last[value] = kNever;
  }
  for (std::uint32_t i = 0; i < steps.size(); ++i) {
    const ScheduleStep& step = steps[i];
    std::uint16_t from[3] = {0, 0, 0};
    for (int k = 0; k < operand_count(step.op); ++k) {
      const ExpressionGraph::Value operand = nodes[step.from].operands[k];
      from[k] = registers_[operand];
    }
    for (int k = 0; k < operand_count(step.op); ++k) {
      const ExpressionGraph::Value operand = nodes[step.from].operands[k];
      if (last[operand] != i + 1 || registers_[operand] == kNoRegister) continue;
      free_.push_back(registers_[operand]);
      registers_[operand] = kNoRegister;
    }
    if (step.from != step.result) from[2] = 1;  // arithmetic made finite
    registers_[step.result] = take();
    program.code.push_back({registers_[step.result], from[0], from[1], from[2]});
    if (program.runs.empty() || program.runs.back().op != step.op) program.runs.push_back({step.op, 0});
    ++program.runs.back().count;
  }
}

std::optional<RegisterProgram> RegisterScheduler::schedule(std::span<const ExpressionGraph::Value> wanted,
                                                           std::span<const ExpressionGraph::Value> kept) {
  RegisterProgram program;
  find_steps(wanted, program);
  order_steps();
  program.code.reserve(scratch_->ordered.size());
  place(wanted, kept, program);
  if (next_ > kMaxRegisters) return std::nullopt;
  return program;
}

}  // namespace latcast::detail
