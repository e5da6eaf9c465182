// How good forecasts were, against measurements of the same period.
#pragma once

#include <cmath>
#include <span>
#include <string>
#include <vector>

#include "latcast/predictor.h"
#include "store/rounds.h"

namespace latcast::session {

struct EvaluationRow {
  std::string model;
  NetworkForecast forecast;
  QuietLatency measured;
  std::vector<double> round_minima_ns;
  [[nodiscard]] double error() const { return forecast.quiet.count() / measured.quiet - 1; }
  [[nodiscard]] bool held() const {
    return measured.quiet >= forecast.lower.count() && measured.quiet <= forecast.upper.count();
  }
};

/// Shares in [0, 1].
struct EvaluationSummary {
  std::size_t networks = 0;
  double mape = 0, bias = 0;  // mean |error|, median error
  double within_5 = 0, within_10 = 0;
  double interval_held = 0, interval_width = 0;  // width: (upper - lower) / forecast, mean
  double split_half = 0;  // mean |half / other half - 1| of the measurements alone; NaN below 2 rounds
  double mean_noise = 0;
  double low_coverage = 0;  // share of networks with coverage below 0.95
  double far_off = 0;       // share of networks off by more than 20 % although their coverage is at least 0.95
};

[[nodiscard]] EvaluationSummary summarize(std::span<const EvaluationRow> rows);

}  // namespace latcast::session
