// How a module type is forecast: its expressions compiled into register programs, its kernel classes' models prepared.
// Only what a forecast needs is computed, and each value once.
#pragma once

#include <cstdint>
#include <vector>

#include "core/expression_graph.h"
#include "core/kernel_forecast.h"
#include "core/pack_content.h"
#include "core/register_program.h"

namespace latcast::detail {

/// Where a base term's value lies.
struct TermRegister {
  std::uint16_t term = 0, from = 0;
};

/// Of one kernel class. Its programs run after TypePlan::choose, on the same registers.
struct KernelPlan {
  RegisterProgram inside;   // multiply-accumulates, features, terms of the form
  RegisterProgram outside;  // after `inside`: terms of the form for extrapolation
  std::uint16_t macs = kNoRegister;
  std::vector<std::uint16_t> features;
  std::vector<TermRegister> inside_terms, outside_terms;
  std::size_t terms = 0;
  double interval_factor = 1;  // upper bound of a module's interval / its forecast
  KernelForecaster model;
};

struct TypePlan {
  std::size_t parameters = 0;       // in the first registers
  std::size_t kept = 0;             // registers that hold something after `choose`
  std::size_t registers = 0;        // used in all
  RegisterProgram choose;           // the conditions of the kernel classes
  std::vector<std::uint16_t> when;  // per kernel class; kNoRegister: always
  std::vector<KernelPlan> kernels;
  KernelPlan none;  // where no kernel class holds: multiply-accumulates only
};

struct DecodedKernel {
  FormView form, extrapolation;
};

/// `fallback_spread`: of a module's interval where a kernel class does not know its own. Of verified programs and
/// checked forms. Errc::unsupported: more than kMaxRegisters.
[[nodiscard]] Result<TypePlan> make_plan(const TypeModel& type, const std::vector<DecodedKernel>& forms,
                                         double fallback_spread);

}  // namespace latcast::detail
