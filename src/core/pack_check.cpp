#include "core/pack_check.h"

#include <algorithm>
#include <cstdint>

#include "core/limits.h"

namespace latcast::detail {
namespace {

/// In [low, high]; false for NaN.
bool within(double value, double low, double high) { return value >= low && value <= high; }

/// FlatBuffers' verifier leaves the alignment of 8-byte elements open; arrays are read where they lie.
template <class T>
bool aligned(std::span<const T> values) {
  return values.empty() || reinterpret_cast<std::uintptr_t>(values.data()) % alignof(T) == 0;
}

Result<void> check_code(std::span<const Instruction> code, std::size_t slots) {
  if (!aligned(code)) return corrupt("an expression is not aligned");
  return verify(code, slots);
}

Result<void> check_programs(const std::vector<ProgramView>& programs, std::size_t slots) {
  for (const ProgramView& program : programs) {
    if (auto ok = check_code(program.code, slots); !ok) return fail_in(program.name, ok.error());
  }
  return {};
}

Result<void> check_kernel(const KernelSource& kernel, std::size_t slots) {
  if (kernel.terms.size() > kMaxTerms || kernel.features.size() > kMaxFeatures)
    return corrupt("too many terms or features");
  if (!kernel.when.empty()) {
    if (auto ok = check_code(kernel.when, slots); !ok) return ok;
  }
  if (auto ok = check_programs(kernel.terms, slots); !ok) return ok;
  if (auto ok = check_programs(kernel.features, slots); !ok) return ok;
  if (auto ok = check_ranges(kernel.low, kernel.high, kernel.features.size()); !ok) return ok;
  if (!within(kernel.spread, 0, 10)) return corrupt("the interval of a kernel class is not one");
  if (!within(kernel.margin, 0, 10)) return corrupt("how far a kernel class carries is no factor");
  const FormShape shape{kernel.terms.size(), kernel.features.size()};
  for (const FormView* form : {&kernel.form, &kernel.extrapolation}) {
    if (form->empty()) continue;
    if (auto ok = check_form(*form, shape); !ok) return ok;
  }
  return {};
}

}  // namespace

Result<void> check_ranges(std::span<const double> low, std::span<const double> high, std::size_t features) {
  if (low.size() != features || high.size() != features) return corrupt("the feature ranges do not match the features");
  if (!aligned(low) || !aligned(high)) return corrupt("a feature range is not aligned");
  for (std::size_t i = 0; i < features; ++i) {
    if (!within(low[i], 0, 2000) || !within(high[i], low[i], 2000)) return corrupt("a feature range is not one");
  }
  return {};
}

Result<void> check_form(const FormView& form, FormShape shape) {
  if (!std::ranges::all_of(form, [](const FormNodeView& node) { return aligned(node.doubles); })) {
    return corrupt("an array of a form is not aligned");
  }
  return check(form, shape);
}

Result<void> check_type(const TypeSource& type) {
  const std::size_t slots = type.inputs() + type.derived.size();
  if (slots > kMaxSlots) return corrupt("too many parameters");
  for (std::size_t i = 0; i < type.derived.size(); ++i) {
    if (auto ok = check_code(type.derived[i].code, type.inputs() + i); !ok) {
      return fail_in(type.derived[i].name, ok.error());
    }
  }
  if (!type.macs.empty()) {
    if (auto ok = check_code(type.macs, slots); !ok) return fail_in("macs", ok.error());
  }
  for (const KernelSource& kernel : type.kernels) {
    if (auto ok = check_kernel(kernel, slots); !ok) return fail_in(kernel.name, ok.error());
  }
  return {};
}

Result<void> check_info(const PackInfo& info) {
  constexpr double kHuge = 1e18;
  const Fallback& f = info.fallback;
  for (const double weight : {f.input_byte_ns, f.output_byte_ns, f.weight_byte_ns, f.mac_ns, f.module_ns}) {
    if (!within(weight, 0, kHuge)) return corrupt("the fallback's weights must be finite and not negative");
  }
  for (const CostFactors& one : {f.counted, f.bare}) {
    if (!within(one.lower, 1e-9, 1e9) || !within(one.middle, one.lower, 1e9) || !within(one.most, one.middle, 1e9) ||
        !within(one.upper, one.most, 1e9)) {
      return corrupt("the factors of modules without a model are out of bounds");
    }
  }
  const Calibration& c = info.calibration;
  if (!within(c.scale, 1e-6, 1e6) || !within(c.module_ns, -kHuge, kHuge) || !within(c.run_ns, -kHuge, kHuge)) {
    return corrupt("the calibration is out of bounds");
  }
  const IntervalModel& i = info.interval;
  if (!within(i.level, 0, 1) || !within(i.quantile, 0, 1e3) || !within(i.relative, 0, 1e3) ||
      !within(i.small_ns, 0, kHuge) || !within(i.extrapolated, 0, 1e3) || !within(i.modules, 0, 1e3) ||
      !within(i.bias, -10, 10) || !within(i.module_spread, 0, 10)) {
    return corrupt("the interval model is out of bounds");
  }
  if (info.conditions.size() > kMaxConditions) return corrupt("too many conditions");
  for (const ConditionRange& one : info.conditions) {
    if (!within(one.low, -kHuge, kHuge) || !within(one.high, one.low, kHuge) || !within(one.usual, -kHuge, kHuge)) {
      return corrupt("the range of the condition '" + one.name + "' is not one");
    }
  }
  for (const auto& [name, value] : info.target.facts) {
    if (!within(value, -kHuge, kHuge)) return corrupt("the fact '" + name + "' of the device is not a number");
  }
  const Anchor& a = info.anchor;
  if (!within(a.scale, 1e-6, 1e6) || !within(a.scatter, 0, 1e3) || !within(a.widening_per_sqrt_hour, 0, 10) ||
      !within(a.widening_limit, 0, 10)) {
    return corrupt("the anchor is out of bounds");
  }
  return {};
}

}  // namespace latcast::detail
