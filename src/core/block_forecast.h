// Many modules at once: a block of rows of one type, kernel class by kernel class, several rows to a vector.
#pragma once

#include <cstddef>
#include <span>

#include "core/loaded_pack.h"
#include "latcast/predictor.h"

namespace latcast::detail {

/// A module of a known type: where its parameters lie, and where its forecast goes.
struct Row {
  const double* parameters;
  ModuleForecast* out;
};

/// Rows of a block: enough for the rows of each kernel class to be forecast many together.
inline constexpr std::size_t kBlockRows = 128;

/// Forecasts rows of one type, at most kBlockRows, before calibration and anchor. A row that no model covers keeps the
/// latency 0 and the status unknown; where no expression gives its multiply-accumulates, they are left as they are.
/// `conditions`: a value for each of the pack's.
void forecast_block(const TypePlan& type, std::span<const double> conditions, std::span<const Row> rows) noexcept;

/// Every module of a network, as raw_forecast() would.
void raw_forecasts(const DecodedPack& pack, std::span<const double> conditions, std::span<const ModuleQuery> modules,
                   std::span<ModuleForecast> out) noexcept;

}  // namespace latcast::detail
