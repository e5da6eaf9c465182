// One module at a time.
#pragma once

#include <span>

#include "core/loaded_pack.h"
#include "latcast/predictor.h"

namespace latcast::detail {

/// Before calibration and anchor, without the interval. Parameters are known to be right. `conditions`: a value for
/// each of the pack's.
[[nodiscard]] ModuleForecast raw_forecast(const DecodedPack& pack, const ModuleQuery& module,
                                          std::span<const double> conditions) noexcept;

}  // namespace latcast::detail
