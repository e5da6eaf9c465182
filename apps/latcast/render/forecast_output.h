// Forecasts for people and for scripts, of model files and of tables alike.
#pragma once

#include <string>

#include "console.h"
#include "render/json_output.h"
#include "session/forecast.h"

namespace latcast::cli {

[[nodiscard]] std::string forecast_text(const session::Forecasts& forecasts, bool modules);
[[nodiscard]] Json forecast_json(const session::Forecasts& forecasts, bool modules);
/// A line per network; with `modules`, of tables, one per module.
[[nodiscard]] std::string forecast_csv(const session::Forecasts& forecasts, bool modules);

/// What forecasts are held against; 0: nothing.
struct Limits {
  double max_latency_ns = 0;
  double min_coverage = 0;
  bool no_unknown = false;  // every module needs a model
};
/// Says what failed or is not met, and gives the exit code for the worst of it.
[[nodiscard]] int judge(const session::Forecasts& forecasts, const Limits& limits, Console& console);

}  // namespace latcast::cli
