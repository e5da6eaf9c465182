// How a module type is forecast: its expressions compiled into register programs, its kernel classes' models prepared.
// Only what a forecast needs is computed, and each value once.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "core/expression.h"
#include "core/expression_graph.h"
#include "core/kernel_forecast.h"
#include "core/network_correction.h"
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
  bool free = false;           // costs nothing; no model
  ShareIndex share = kNoShare;
  KernelForecaster model;
};

struct TypePlan {
  std::size_t parameters = 0;             // in the first registers
  std::vector<std::uint16_t> conditions;  // of the pack, in the registers after them
  std::size_t registers = 0;              // used in all
  RegisterProgram choose;                 // the conditions of the kernel classes
  std::vector<std::uint16_t> when;        // per kernel class; kNoRegister: always
  std::vector<KernelPlan> kernels;
  KernelPlan none;  // where no kernel class holds: multiply-accumulates only
};

/// A program where it lies.
struct ProgramView {
  std::string_view name;
  std::span<const Instruction> code;
};

struct KernelSource {
  std::string_view name;
  std::span<const Instruction> when;
  std::vector<ProgramView> terms, features;
  std::span<const double> low, high;
  std::uint32_t samples = 0;
  double spread = 0;
  double margin = kExtrapolationMargin;
  FormView form, extrapolation;
  bool free = false;
};

/// What a plan is made of, verified.
struct TypeSource {
  std::size_t parameters = 0;
  std::vector<std::uint16_t> conditions;  // of the pack
  [[nodiscard]] std::size_t inputs() const { return parameters + conditions.size(); }
  std::vector<ProgramView> derived;
  std::span<const Instruction> macs;
  std::vector<KernelSource> kernels;
};

/// `fallback_spread`: of a module's interval where a kernel class does not know its own. The arrays of the forms must
/// outlive the plan. Errc::unsupported: more than kMaxRegisters.
[[nodiscard]] Result<TypePlan> make_plan(const TypeSource& type, double fallback_spread);

}  // namespace latcast::detail
