// The executed graph deduced by rules against the engine's own, network by network: `latcast bench graph`.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "engine/engine.h"
#include "graph/module_network.h"
#include "latcast/result.h"
#include "rules/agreement.h"
#include "session/listener.h"

namespace latcast::experiments {

struct GraphOptions {
  std::vector<std::string> models;  // files
  DimBindings dims;                 // of the files
  std::size_t carriers = 0;         // so many generated networks as well
  bool probes = false;              // a small graph for each rule as well
  std::string pack;                 // of this machine, to compare forecasts by; empty: none
  EngineSettings settings;
};

struct ComparedGraph {
  std::string model;
  rules::Agreement agreement;
  std::map<std::string, int> applied;                   // rule -> how often
  double rules_ns = 0;                                  // that deducing took
  double engine_forecast_ns = 0, rule_forecast_ns = 0;  // 0: no pack
  double common_share = 0;                              // of the forecast: nodes in common
  bool probe = false;

  [[nodiscard]] double difference() const { return rule_forecast_ns / engine_forecast_ns - 1.0; }
};

/// Sums over all networks.
struct GraphTotals {
  std::size_t networks = 0, equal = 0, nodes = 0, common = 0;
  double difference = 0, most = 0, time = 0, common_time = 0;  // of the forecasts, ns or relative
};

/// What a rule did, and whether the networks came out as the engine's.
struct RuleUse {
  std::int64_t applied = 0;
  std::size_t networks = 0, unequal = 0;
};

struct GraphReport {
  std::string engine_version;
  std::int64_t block = 0;  // channels that the engine's layout keeps together
  std::vector<ComparedGraph> networks;
  std::vector<Error> failures;  // of networks that could not be compared
  GraphTotals totals;
  std::map<std::string, RuleUse> rules;
  std::vector<std::string> broken;  // probes that are not equal
};

/// Errc::engine_unavailable. Once cancelled, of the networks so far.
[[nodiscard]] Result<GraphReport> check_graphs(const GraphOptions& options, session::Listener& listener);

}  // namespace latcast::experiments
