// The catalogue's expressions as forecasts compute them, against the plain evaluator.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <random>

#include "catalogue/catalogue.h"
#include "core/expression_graph.h"
#include "core/limits.h"
#include "core/simd/simd.h"

namespace latcast {
namespace {

using Value = detail::ExpressionGraph::Value;

struct Expected {
  Value value;
  double number;
};

/// All expressions of a type over its parameters: their values in the graph, and what the evaluator gives.
std::vector<Expected> everything(const ModuleType& type, detail::ExpressionGraph& graph, std::vector<double> slots) {
  std::vector<Value> values(slots.size());
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<Value>(i);
  std::vector<Expected> out;
  const auto add = [&](const Program& program) {
    if (!program.empty()) out.push_back({graph.add(program, values), evaluate(program, slots)});
  };
  for (const Derived& derived : type.derived) {
    add(derived.program);
    values.push_back(out.back().value);
    slots.push_back(out.back().number);
  }
  for (const Kernel& kernel : type.kernels) {
    add(kernel.when);
    for (const auto* list : {&kernel.base, &kernel.features}) {
      for (const Expression& expression : *list) add(expression.program);
    }
  }
  return out;
}

TEST(CompiledExpressions, GiveTheSameBitsForTheWholeCatalogue) {
  const auto catalogue = Catalogue::builtin();
  ASSERT_TRUE(catalogue);
  std::mt19937_64 random(1);
  for (const ModuleType& type : catalogue->types()) {
    for (int round = 0; round < 50; ++round) {
      std::vector<double> slots(type.parameters.size() + type.conditions.size());
      for (double& slot : slots) slot = random() % 4 == 0 ? double(random() % 2) : double(random() % 2000);
      detail::ExpressionGraph graph(slots.size());
      const std::vector<Expected> all = everything(type, graph, slots);
      std::vector<Value> wanted;
      for (const Expected& one : all) wanted.push_back(one.value);
      detail::ScheduleScratch scratch;
      detail::RegisterScheduler scheduler(graph, slots.size(), scratch);
      const auto program = scheduler.schedule(wanted, {});
      ASSERT_TRUE(program) << type.name;
      std::array<double, kMaxRegisters> registers;
      std::ranges::copy(slots, registers.begin());
      simd::functions().run(*program, registers.data());
      for (const Expected& one : all) ASSERT_EQ(registers[scheduler.at(one.value)], one.number) << type.name;
    }
  }
}

}  // namespace
}  // namespace latcast
