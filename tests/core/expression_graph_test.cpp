// Register programs against the programs they are made of: the same bits.
#include "core/expression_graph.h"

#include <gtest/gtest.h>

#include <array>
#include <bit>
#include <limits>
#include <random>

#include "core/limits.h"
#include "core/simd/simd.h"

namespace latcast::detail {
namespace {

constexpr std::size_t kSlots = 6, kRows = 8;

/// A random program over the slots, with all operations.
Program random_program(std::mt19937_64& random, std::size_t slots) {
  Program out;
  std::size_t depth = 0;
  for (std::size_t length = 1 + random() % 25; length > 0 || depth != 1; length -= length > 0 ? 1 : 0) {
    const auto op = static_cast<Opcode>(length == 0 ? 2 + random() % 4 : random() % 23);
    const std::size_t operands =
        op <= Opcode::load                                                                                       ? 0
        : op == Opcode::select                                                                                   ? 3
        : op == Opcode::negate || op == Opcode::logical_not || (op >= Opcode::ceiling && op <= Opcode::absolute) ? 1
                                                                                                                 : 2;
    if (depth < operands || (length == 0 && operands == 0)) {
      out.push_back({Opcode::load, static_cast<std::uint32_t>(random() % slots), 0});
      ++depth;
      continue;
    }
    constexpr std::array<double, 8> kConstants = {0, 1, 2, 0.5, -3, 8, 1e200, 1e-200};
    out.push_back({op, static_cast<std::uint32_t>(random() % slots), kConstants[random() % kConstants.size()]});
    depth = depth - operands + 1;
  }
  return out;
}

double random_slot(std::mt19937_64& random) {
  constexpr std::array<double, 8> kSpecial = {0, -0.0, 1, -1, 1e308, -1e308, 3, 1e-308};
  if (random() % 3 == 0) return kSpecial[random() % kSpecial.size()];
  return std::uniform_real_distribution<double>(-20, 1000)(random);
}

bool same_bits(double a, double b) {
  return std::bit_cast<std::uint64_t>(a) == std::bit_cast<std::uint64_t>(b) || (a == 0 && b == 0);
}

TEST(ExpressionGraph, RegisterProgramsGiveTheSameBits) {
  std::mt19937_64 random(11);
  for (int round = 0; round < 3000; ++round) {
    // Three derived values, then programs over everything; two schedules, of which the second finds the first's.
    std::vector<Program> programs;
    ExpressionGraph graph(kSlots);
    std::vector<ExpressionGraph::Value> slots(kSlots), values;
    for (std::size_t i = 0; i < kSlots; ++i) slots[i] = static_cast<ExpressionGraph::Value>(i);
    for (std::size_t i = 0; i < 9; ++i) {
      programs.push_back(random_program(random, slots.size()));
      ASSERT_TRUE(verify(programs.back(), slots.size()));
      values.push_back(graph.add(programs.back(), slots));
      if (i < 3) slots.push_back(values.back());
    }
    ScheduleScratch scratch;
    RegisterScheduler scheduler(graph, kSlots, scratch);
    const std::span<const ExpressionGraph::Value> all(values);
    const auto first = scheduler.schedule(all.subspan(3, 3), all.last(3));
    std::array<std::uint16_t, 9> places;
    for (std::size_t i = 3; i < 6; ++i) places[i] = scheduler.at(values[i]);
    const auto second = scheduler.schedule(all.last(3), all);
    ASSERT_TRUE(first && second);
    for (std::size_t i = 6; i < 9; ++i) places[i] = scheduler.at(values[i]);

    std::array<std::array<double, kSlots + 3>, kRows> rows;
    alignas(32) std::array<double, kRows * kMaxRegisters> many;
    for (std::size_t row = 0; row < kRows; ++row) {
      for (std::size_t i = 0; i < kSlots; ++i) many[i * kRows + row] = rows[row][i] = random_slot(random);
    }
    simd::functions().run_rows(*first, many.data(), kRows);
    simd::functions().run_rows(*second, many.data(), kRows);
    for (std::size_t row = 0; row < kRows; ++row) {
      std::array<double, kMaxRegisters> one, plain;
      for (auto* registers : {&one, &plain}) std::copy_n(rows[row].begin(), kSlots, registers->begin());
      for (const RegisterProgram* program : {&*first, &*second}) {
        simd::functions().run(*program, one.data());
        simd::kPlain.run(*program, plain.data());
      }
      for (std::size_t i = 0; i < 9; ++i) {
        const double expected = evaluate(programs[i], {rows[row].data(), kSlots + std::min<std::size_t>(i, 3)});
        if (i < 3) {
          rows[row][kSlots + i] = expected;
          continue;
        }
        ASSERT_TRUE(same_bits(one[places[i]], expected)) << one[places[i]] << " " << expected;
        ASSERT_TRUE(same_bits(plain[places[i]], expected));
        ASSERT_TRUE(same_bits(many[places[i] * kRows + row], expected));
      }
    }
  }
}

TEST(ExpressionGraph, RepetitionsAndConstantsAreComputedOnce) {
  const auto load = [](std::uint32_t slot) { return Instruction{Opcode::load, slot, 0}; };
  const auto number = [](double value) { return Instruction{Opcode::constant, 0, value}; };
  const Instruction multiply{Opcode::multiply, 0, 0}, add{Opcode::add, 0, 0};
  ExpressionGraph graph(2);
  const std::vector<ExpressionGraph::Value> slots = {0, 1};
  const auto a = graph.add(Program{load(0), load(1), multiply}, slots);
  const auto b = graph.add(Program{load(1), load(0), multiply}, slots);
  EXPECT_EQ(a, b);
  const auto c = graph.add(Program{number(2), number(3), add}, slots);
  EXPECT_EQ(graph.nodes()[c].value, 5);
  ScheduleScratch scratch;
  RegisterScheduler scheduler(graph, 2, scratch);
  const auto program = scheduler.schedule(std::vector{a, b, c}, {});
  ASSERT_TRUE(program);
  EXPECT_EQ(program->code.size(), 1U);
  EXPECT_EQ(program->constants.size(), 1U);
}

TEST(ExpressionGraph, TooManyLiveValuesAreRefused) {
  ExpressionGraph graph(1);
  std::vector<ExpressionGraph::Value> values;
  for (std::size_t i = 0; i <= kMaxRegisters; ++i) {
    values.push_back(
        graph.add(Program{{Opcode::load, 0, 0}, {Opcode::constant, 0, double(i) + 0.5}, {Opcode::add, 0, 0}},
                  std::vector<ExpressionGraph::Value>{0}));
  }
  ScheduleScratch scratch;
  RegisterScheduler scheduler(graph, 1, scratch);
  EXPECT_FALSE(scheduler.schedule(values, {}));
}

}  // namespace
}  // namespace latcast::detail
