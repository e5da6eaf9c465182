#include "core/plan.h"

#include <algorithm>
#include <cmath>

namespace latcast::detail {
namespace {

using Value = ExpressionGraph::Value;

/// Values of one kernel class.
struct KernelValues {
  std::vector<Value> terms, features;
};

/// Everything that a type's expressions compute.
struct TypeValues {
  ExpressionGraph graph;
  std::vector<Value> derived;
  std::vector<Value> when;  // of the kernel classes that have a condition
  std::vector<Value> macs;  // none or one
  std::vector<KernelValues> kernels;
};

TypeValues values_of(const TypeSource& type) {
  TypeValues out{ExpressionGraph(type.inputs()), {}, {}, {}, {}};
  std::vector<Value> slots(type.inputs());
  for (std::size_t i = 0; i < slots.size(); ++i) slots[i] = static_cast<Value>(i);
  for (const ProgramView& derived : type.derived) slots.push_back(out.graph.add(derived.code, slots));
  out.derived.assign(slots.begin() + static_cast<std::ptrdiff_t>(type.inputs()), slots.end());
  if (!type.macs.empty()) out.macs.push_back(out.graph.add(type.macs, slots));
  for (const KernelSource& kernel : type.kernels) {
    if (!kernel.when.empty()) out.when.push_back(out.graph.add(kernel.when, slots));
    KernelValues& values = out.kernels.emplace_back();
    for (const ProgramView& term : kernel.terms) values.terms.push_back(out.graph.add(term.code, slots));
    for (const ProgramView& feature : kernel.features) values.features.push_back(out.graph.add(feature.code, slots));
  }
  return out;
}

std::vector<Value> terms_read(const Form& form, const KernelValues& values) {
  std::vector<Value> out;
  for (std::size_t i = 0; i < values.terms.size(); ++i) {
    if ((form.terms() >> i & 1U) != 0) out.push_back(values.terms[i]);
  }
  return out;
}

std::vector<TermRegister> term_registers(const Form& form, const KernelValues& values,
                                         const RegisterScheduler& registers) {
  std::vector<TermRegister> out;
  for (std::size_t i = 0; i < values.terms.size(); ++i) {
    if ((form.terms() >> i & 1U) == 0) continue;
    out.push_back({static_cast<std::uint16_t>(i), registers.at(values.terms[i])});
  }
  return out;
}

tl::unexpected<Error> too_complex() {
  return fail(Errc::unsupported, "its expressions keep more than " + std::to_string(kMaxRegisters) + " values");
}

/// `registers` as they are after TypePlan::choose. A class without a model computes multiply-accumulates only.
Result<void> plan_programs(KernelPlan& plan, const TypeValues& type, const KernelValues& values,
                           RegisterScheduler& registers) {
  const bool trained = !plan.model.empty();
  std::vector<Value> inside = type.macs, outside;
  if (trained) {
    inside.insert(inside.end(), values.features.begin(), values.features.end());
    std::ranges::copy(terms_read(plan.model.form(false), values), std::back_inserter(inside));
    outside = terms_read(plan.model.form(true), values);
  }
  auto first = registers.schedule(inside, outside);
  if (!first) return too_complex();
  plan.inside = std::move(*first);
  if (!type.macs.empty()) plan.macs = registers.at(type.macs[0]);
  if (!trained) return {};
  for (const Value feature : values.features) plan.features.push_back(registers.at(feature));
  plan.inside_terms = term_registers(plan.model.form(false), values, registers);
  inside.insert(inside.end(), outside.begin(), outside.end());
  auto second = registers.schedule(outside, inside);
  if (!second) return too_complex();
  plan.outside = std::move(*second);
  plan.outside_terms = term_registers(plan.model.form(true), values, registers);
  return {};
}

/// Whether there is a model. A form that is nothing but 0 says that nothing is known: what costs nothing is said so.
bool has_model(const KernelSource& kernel) {
  const bool nothing =
      kernel.form.size() == 1 && kernel.form[0].kind == FormKind::constant && kernel.form[0].doubles[0] == 0.0;
  return !kernel.free && !nothing;
}

}  // namespace

Result<TypePlan> make_plan(const TypeSource& type, double fallback_spread) {
  TypePlan out;
  out.parameters = type.parameters;
  out.conditions = type.conditions;
  const TypeValues values = values_of(type);
  ScheduleScratch scratch;
  RegisterScheduler common(values.graph, type.inputs(), scratch);
  auto choose = common.schedule(values.when, values.derived);
  if (!choose) return too_complex();
  out.choose = std::move(*choose);
  std::size_t conditions = 0;
  for (std::size_t k = 0; k < type.kernels.size(); ++k) {
    const KernelSource& kernel = type.kernels[k];
    out.when.push_back(kernel.when.empty() ? kNoRegister : common.at(values.when[conditions++]));
    KernelPlan& plan = out.kernels.emplace_back();
    plan.terms = kernel.terms.size();
    plan.interval_factor = std::exp(kernel.spread > 0 ? kernel.spread : fallback_spread);
    plan.free = kernel.free;
    if (has_model(kernel)) {
      plan.model =
          KernelForecaster({kernel.form, kernel.extrapolation, kernel.low, kernel.high, kernel.samples, kernel.margin},
                           {kernel.terms.size(), kernel.features.size()});
    }
    RegisterScheduler own = common;
    if (auto ok = plan_programs(plan, values, values.kernels[k], own); !ok) return fail_in(kernel.name, ok.error());
    out.registers = std::max(out.registers, own.used());
  }
  RegisterScheduler own = common;
  if (auto ok = plan_programs(out.none, values, {}, own); !ok) return tl::unexpected<Error>(ok.error());
  out.registers = std::max({out.registers, own.used(), common.used()});
  return out;
}

}  // namespace latcast::detail
