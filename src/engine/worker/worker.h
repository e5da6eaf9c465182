// Runs an engine in a process of its own: an abort, a hang or an appetite for memory costs one answer, not the command.
//
// The worker is forked from this process (which must be single-threaded at that moment), or is what a command starts,
// here or on another machine (EngineSettings::worker). It serves requests over a pipe and ends with it. After a failure
// the next request starts a new worker; a command that worked before is tried again for a while.
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/engine.h"
#include "engine/machine.h"

namespace latcast {

/// A burst: at least `duration` and `min_runs` runs, at most `max_runs`.
struct BurstSpec {
  Nanos duration = std::chrono::milliseconds(250);
  int warmup = 1;
  int min_runs = 3;
  int max_runs = 100000;
};

struct MeasureRequest {
  EngineModel model;
  BurstSpec burst;                   // unprofiled
  std::optional<BurstSpec> profile;  // before it, per node
  bool want_executed_graph = false;
  Conditions conditions = {};  // other than the settings' own, of those that the engine can set
};

/// What the engine cannot tell is empty, however it was asked for.
struct MeasureReply {
  std::vector<double> runs_ns;  // unprofiled, in order
  NodeTimes profile;
  std::optional<ExecutedGraph> executed_graph;
  double load_ns = 0;         // session creation
  double elapsed_ns = 0;      // the whole request, by the engine's own clock
  double resident_bytes = 0;  // of the worker, at the end
  MachineUse use;             // of its machine meanwhile
};

struct WorkerLimits {
  std::chrono::milliseconds timeout = std::chrono::minutes(5);  // for one request, times EngineLimits::patience
  std::size_t memory_bytes = 0;  // of a process of ours, in EngineLimits' sense; 0: no limit
  std::chrono::milliseconds greeting = std::chrono::seconds(20);    // until a worker has said who it is
  std::chrono::milliseconds first_pause = std::chrono::seconds(1);  // before a lost command is tried again; doubled
};

class Worker {
 public:
  Worker(std::string engine_id, EngineSettings settings, WorkerLimits limits);
  ~Worker();
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  /// The worker's, which need not be this one.
  Result<MachineInfo> machine();
  Result<EngineInfo> info();
  Result<EngineCapabilities> capabilities();
  Result<std::map<std::string, std::string>> describe();
  /// Errc::unsupported: the engine does not tell.
  Result<ExecutedGraph> executed_graph(const EngineModel& model);
  Result<MeasureReply> measure(const MeasureRequest& request);
  /// What the worker's machine does while nothing of ours runs for a while, by the engine's clock.
  Result<MachineUse> rest(Nanos time);
  /// What it did during all measurements so far, and during the last one.
  [[nodiscard]] const MachineUse& machine_use() const;
  [[nodiscard]] const MachineUse& last_use() const;
  /// Model runs that workers of this object have made so far (tests assert zero for forecasts).
  [[nodiscard]] std::uint64_t runs_made() const;
  /// The engine's clock, for budgets.
  [[nodiscard]] Nanos now() const;
  void set_limits(WorkerLimits limits);
  /// Ends the process; the next request starts a fresh one (memory is given back).
  void restart();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// Serves requests on standard input and output until they end: the other end of EngineSettings::worker.
void serve_standard_streams();

/// Called while waiting for a reply; true aborts the request with Errc::interrupted (Ctrl-C).
void set_interrupt_check(bool (*check)());

}  // namespace latcast
