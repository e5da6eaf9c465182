// How good forecasts were, against measurements of the same period.
#pragma once

#include <cmath>
#include <span>
#include <string>
#include <vector>

#include "latcast/pack_info.h"
#include "latcast/predictor.h"
#include "session/forecaster.h"
#include "session/measuring.h"
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

/// Networks of about one latency.
struct LatencyBand {
  double from_ns = 0, to_ns = 0;  // measured latency, [from, to)
  EvaluationSummary summary;
  double held_p = 1;  // two-sided exact binomial test of interval_held against the interval's level
};

/// Below 1 ms, 1, 3, 10, 30 and above 100 ms; without bands that no network is in.
[[nodiscard]] std::vector<LatencyBand> by_latency(std::span<const EvaluationRow> rows);

struct EvaluationOptions : MeasureOptions {
  std::string pack;                         // file; its engine and threads are measured
  GraphSource graph = GraphSource::engine;  // of the forecasts
  bool foreign = false;                     // even on another machine or engine than the pack's
};

struct Evaluation {
  Target target;  // the pack's
  double anchor_age_s = 0;
  std::string graph;  // who said what is executed: "engine", "rules"
  std::vector<EvaluationRow> rows;
  EvaluationSummary summary;
  MachineReport machine = {};
  struct Failure {
    std::string model;
    Error error;
  };
  std::vector<Failure> failures;  // of files that could not be forecast or measured
};

/// The pack, under the conditions that are asked for; their batch is that of `options.dims` from now on.
/// Errc::mismatch: it is of another machine or engine.
[[nodiscard]] Result<Forecaster> open_to_judge(EvaluationOptions& options, Listener& listener);

/// Forecasts all files, then measures them. Errc::mismatch as above.
/// Errc::interrupted: cancelled before every network had a round.
[[nodiscard]] Result<Evaluation> evaluate(const EvaluationOptions& options, Listener& listener);

}  // namespace latcast::session
