// Several networks measured fairly on a machine that wanders: bursts of everything in rounds, in random order.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "engine/worker/worker.h"
#include "latcast/result.h"
#include "store/rounds.h"

namespace latcast {

struct InterleavedOptions {
  int rounds = 8;
  BurstSpec burst;
  bool profile = false;  // per-node times too
  std::uint64_t seed = 1;
  Conditions conditions = {};  // other than the worker's settings have
  std::function<bool()> stop;  // asked before every burst; may be empty
};

struct NetworkMeasurement {
  Error error;  // where it failed: no runs
  bool failed = false;
  QuietLatency quiet;                   // ns
  std::vector<double> runs_ns;          // all unprofiled runs of all rounds
  std::vector<double> round_minima_ns;  // per round, uncorrected; NaN where missing
  NodeTimes profile;                    // with `profile`: medians over rounds, round effects removed
};

/// Each node's part of the quiet latency, ns: > 0, adding up to it. The profiler's own cost, estimated from the pauses
/// between nodes, is taken off first; empty where nodes were not profiled.
[[nodiscard]] std::vector<double> node_latencies(const NetworkMeasurement& measurement);

/// done, total, what was measured last.
using Progress = std::function<void(std::size_t, std::size_t, const std::string&)>;

/// Measures every model in every round. A model that fails is reported in its place and left out of later rounds.
/// Interrupted: what was measured so far, if every model has at least one round; Errc::interrupted otherwise.
[[nodiscard]] Result<std::vector<NetworkMeasurement>> measure_interleaved(Worker& worker,
                                                                          std::span<const EngineModel> models,
                                                                          std::span<const std::string> names,
                                                                          const InterleavedOptions& options,
                                                                          const Progress& progress);

}  // namespace latcast
