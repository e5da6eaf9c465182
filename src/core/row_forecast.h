// One module at a time.
#pragma once

#include "core/loaded_pack.h"
#include "latcast/predictor.h"

namespace latcast::detail {

/// Before calibration and anchor, without the interval. Parameters are known to be right.
[[nodiscard]] ModuleForecast raw_forecast(const DecodedPack& pack, const ModuleQuery& module) noexcept;

}  // namespace latcast::detail
