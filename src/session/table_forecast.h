// Forecasts of networks that are given as lists of operations, in a table with its map.
#pragma once

#include <string>

#include "latcast/result.h"
#include "session/forecast.h"
#include "session/listener.h"

namespace latcast::session {

struct TableForecastOptions {
  std::string table, map, pack;         // files
  std::string proxy, known, known_map;  // for packs that build on another target's latencies
  std::string at;                       // conditions other than the pack's usual ones: "threads=2"
};

/// Errc::mismatch: the pack is for model files, or the other files do not go with it. Errc::interrupted.
[[nodiscard]] Result<Forecasts> forecast_table(const TableForecastOptions& options, Listener& listener);

}  // namespace latcast::session
