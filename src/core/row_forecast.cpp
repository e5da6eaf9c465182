#include "core/row_forecast.h"

#include "core/module_rows.h"

namespace latcast::detail {

ModuleForecast raw_forecast(const DecodedPack& pack, const ModuleQuery& module,
                            std::span<const double> conditions) noexcept {
  ModuleForecast out;
  out.macs = usable(module.macs);
  if (module.type < pack.types.size()) {
    const TypePlan& type = pack.types[module.type].plan;
    std::array<double, kMaxRegisters> numbers;
    const RowRegisters registers{numbers.data(), 1};
    auto next = std::ranges::copy(module.parameters, numbers.begin()).out;
    for (const std::uint16_t place : type.conditions) *next++ = conditions[place];
    registers.run(type.choose);
    out.kernel = choose_kernel(type, registers, 0);
    const KernelPlan& plan = kernel_plan(type, out.kernel);
    registers.run(plan.inside);
    if (plan.macs != kNoRegister) out.macs = usable(registers.at(plan.macs, 0));
    if (plan.free || !plan.model.empty()) {
      set_estimate(out, plan.free ? kFree : RowEstimator(plan, registers)(0));
      return out;
    }
  }
  out.latency = Nanos(unknown_ns(pack.info.fallback, module, out.macs));
  return out;
}

}  // namespace latcast::detail
