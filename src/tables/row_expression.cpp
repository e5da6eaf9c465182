#include "tables/row_expression.h"

#include <algorithm>
#include <cmath>
#include <memory>

#include "catalogue/expression_parser.h"

namespace latcast {
namespace {

class RowParser final : public ExpressionParser {
 public:
  RowParser(std::string_view text, std::vector<RowRead>& reads) : ExpressionParser(text), reads_(reads) {}

 private:
  [[nodiscard]] std::size_t slot_count() const override { return reads_.size(); }

  void named(const std::string& name) override {
    RowRead read;
    if ((name == "present" || name == "count") && peek() == '(') {
      function(name, read);
      return finish(std::move(read));
    }
    if (peek() == '(') return stop("unknown function '" + name + "'");
    column(name, read);
    if (auto text = compared("==")) {
      compare(read, std::move(*text));
      return finish(std::move(read));
    }
    if (auto text = compared("!=")) {
      compare(read, std::move(*text));
      finish(std::move(read));
      return emit(Opcode::logical_not);
    }
    read.fallback = fallback();
    finish(std::move(read));
  }

  void function(const std::string& name, RowRead& read) {
    expect("(");
    column(word(), read);
    read.kind = name == "present" ? RowRead::Kind::present : RowRead::Kind::count;
    if (name == "count") {
      expect(",");
      read.text = quoted();
    }
    expect(")");
  }

  void column(const std::string& name, RowRead& read) {
    read.column = name;
    if ((name != "next" && name != "previous") || !accept(".")) return;
    read.row = name == "next" ? RowRead::Row::next : RowRead::Row::previous;
    read.column = word();
  }

  static void compare(RowRead& read, std::string text) {
    read.kind = RowRead::Kind::equals;
    read.text = std::move(text);
  }

  void finish(RowRead read) {
    if (stopped()) return;
    auto found = std::ranges::find(reads_, read);
    if (found == reads_.end()) found = reads_.insert(found, std::move(read));
    load(static_cast<std::size_t>(found - reads_.begin()));
  }

  std::vector<RowRead>& reads_;
};

/// A value on the stack of a program: the instructions that make it, and the missing slot that it hangs on.
struct Operand {
  std::size_t begin = 0, end = 0;
  std::optional<std::size_t> missing;
};

/// The missing slot that the program's value hangs on. `slots` have numbers in place of those that are `missing`.
std::optional<std::size_t> hangs_on(std::span<const Instruction> program, std::span<const double> slots,
                                    std::span<const bool> missing) {
  std::vector<Operand> stack;
  for (std::size_t at = 0; at < program.size(); ++at) {
    const Instruction& step = program[at];
    const auto count = static_cast<std::size_t>(operand_count(step.op));
    const std::vector<Operand> taken(stack.end() - static_cast<std::ptrdiff_t>(count), stack.end());
    stack.resize(stack.size() - count);
    const auto value = [&](const Operand& operand) {
      return evaluate(program.subspan(operand.begin, operand.end - operand.begin), slots);
    };
    const auto decides = [&](const Operand& operand, bool outcome) {
      return !operand.missing && (value(operand) != 0) == outcome;
    };
    Operand result{count == 0 ? at : taken.front().begin, at + 1, std::nullopt};
    const bool lazy = step.op == Opcode::logical_and || step.op == Opcode::logical_or;
    if (step.op == Opcode::load && missing[step.slot]) {
      result.missing = step.slot;
    } else if (step.op == Opcode::select && !taken[0].missing) {
      result.missing = taken[value(taken[0]) != 0 ? 1 : 2].missing;
    } else if (!lazy || std::ranges::none_of(
                            taken, [&](const Operand& one) { return decides(one, step.op == Opcode::logical_or); })) {
      for (const Operand& one : taken) {
        if (!result.missing) result.missing = one.missing;
      }
    }
    stack.push_back(result);
  }
  return stack.back().missing;
}

}  // namespace

Result<Program> compile_row_expression(std::string_view text, std::vector<RowRead>& reads) {
  return RowParser(text, reads).run();
}

std::optional<double> evaluate_row(std::span<const Instruction> program, std::span<const double> slots,
                                   std::size_t& missing) {
  const auto absent = [&](const Instruction& step) { return step.op == Opcode::load && std::isnan(slots[step.slot]); };
  if (std::ranges::none_of(program, absent)) return evaluate(program, slots);
  std::vector<double> filled(slots.begin(), slots.end());
  const auto flags = std::make_unique<bool[]>(slots.size());
  for (std::size_t slot = 0; slot < slots.size(); ++slot) {
    flags[slot] = std::isnan(slots[slot]);
    if (flags[slot]) filled[slot] = 0;
  }
  if (const auto slot = hangs_on(program, filled, std::span(flags.get(), slots.size()))) {
    missing = *slot;
    return std::nullopt;
  }
  return evaluate(program, filled);
}

}  // namespace latcast
