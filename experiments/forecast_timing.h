// How long a forecast from a file takes, and what of that is the engine's session creation: `latcast bench predict`.
#pragma once

#include <algorithm>
#include <cstddef>
#include <limits>
#include <span>
#include <string>
#include <vector>

#include "graph/module_network.h"
#include "latcast/result.h"
#include "session/forecaster.h"
#include "session/listener.h"

namespace latcast::experiments {

/// Least of the repeats, wall time.
struct ForecastTiming {
  std::string model;
  double forecast_ns = std::numeric_limits<double>::infinity();  // file to forecast
  double session_ns = std::numeric_limits<double>::infinity();   // the engine creating a session of the file
  double network_ns = std::numeric_limits<double>::infinity();   // all modules of the imported network, at once
  double module_ns = std::numeric_limits<double>::infinity();    // one of them on its own, mean
  std::size_t modules = 0;
  /// 0 where the graph comes quicker than a session to run.
  [[nodiscard]] double own_ns() const { return std::max(forecast_ns - session_ns, 0.0); }
};

/// One for each file, until it is cancelled.
[[nodiscard]] std::vector<Result<ForecastTiming>> time_forecasts(std::span<const std::string> files,
                                                                 const DimBindings& dims, int repeats,
                                                                 session::Forecaster& forecaster,
                                                                 session::Listener& listener);

}  // namespace latcast::experiments
