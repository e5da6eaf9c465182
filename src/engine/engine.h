// What latcast asks of an inference engine. One folder per engine; `engine_set.cpp` lists them.
//
// Engines are used inside a worker process (engine/worker): an implementation may crash, hang or eat memory without
// taking the campaign with it, and needs no thread-safety.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "engine/machine.h"
#include "graph/executed_graph.h"
#include "graph/onnx_model.h"
#include "latcast/conditions.h"
#include "latcast/dim_bindings.h"
#include "latcast/result.h"
#include "latcast/units.h"

namespace latcast {

/// How far an engine's worker may go: the engine's to say, for runtimes differ in what they reserve and how long they
/// prepare.
struct EngineLimits {
  std::string memory = "address_space";  // what of it is bounded; "resident": for engines that reserve more; or "none"
  double patience = 1;                   // a request may take so many times as long as usual
};

/// What an engine can be asked. Whatever it lacks, campaigns, training and forecasts do without.
struct EngineCapabilities {
  std::vector<std::string> formats, devices, element_types;  // of models, of machines, of the made-up inputs
  bool executed_graph = false;               // it tells what it executes of a model; else that is what the file has
  std::string node_times = "none";           // "nodes": a mean of each; "spans": when each began and ended in each run
  std::vector<std::string> conditions;       // that it can set, such as threads
  std::vector<std::string> session_options;  // EngineSettings::session
  EngineLimits limits = {};
};

/// What is there to measure, or why not.
struct EngineInfo {
  std::string name;
  bool available = false;
  std::string version;
  std::string library;                   // file it was loaded from
  std::string problem;                   // where not available: what is missing and what to install
  EngineCapabilities capabilities = {};  // filled in by the worker
};

/// Everything about a session that changes how long it takes; recorded with every measurement.
struct EngineSettings {
  std::string library;  // empty: the engine's own search (environment, project environment, system)
  int threads = 1;
  Conditions conditions = {};  // of one measurement, beside threads
  /// Options of a session that change how long it takes, by the names and values that describe() tells.
  std::map<std::string, std::string> session = {};
  std::string worker = {};  // command whose standard input and output are a worker's; empty: a process of this one
};

/// Numbers are drawn from it evenly; integers may be both of its ends.
struct ValueRange {
  double from = 0, to = 0;
};

/// One input and what is in it. Shapes are concrete.
struct InputSpec {
  std::string name;
  onnx::DataType type = onnx::DataType::float32;
  Dims dims;
  std::optional<ValueRange> range = {};  // none: standard normals
  std::string bytes = {};                // the elements themselves; empty: made up
};

/// A model for an engine: a file, or the bytes of one.
struct EngineModel {
  std::string file;   // used where `bytes` is empty
  std::string bytes;  // serialized ModelProto, or a skeleton of one (weights are filled in by the worker)
  std::vector<InputSpec> inputs;
  std::map<std::string, std::int64_t> free_dims;  // dim_param -> value
};

/// The file or the bytes.
[[nodiscard]] Result<onnx::Model> read_model(const EngineModel& model);
/// What its inputs' free dimensions are.
[[nodiscard]] DimBindings bindings_of(const EngineModel& model);

struct NodeTime {
  std::string name;
  std::string op;         // type without domain
  double mean_ns = 0;     // over the runs chosen, as the engine's profiler reports it
  Dims output_dims = {};  // of its first output; empty: a scalar, or not known
};

/// What an engine's profiler tells of a network.
struct NodeTimes {
  std::vector<NodeTime> nodes;  // in execution order
  /// The engine's own work around nodes, by what it calls it: ns of each node, over the same runs. `pause`: from the
  /// node's end to the next one's start, mostly the profiler's bookkeeping, whose cost inside `mean_ns` goes along with
  /// it.
  std::map<std::string, std::vector<double>> overheads = {};
};

class Session {
 public:
  virtual ~Session() = default;
  /// One inference; the wall time it took.
  virtual Result<Nanos> run() = 0;
  /// Ends profiling (where the session was loaded with it): per executed node, in execution order, the mean over the
  /// fastest `share` of the runs after the first `skip` (mean_times() of an engine's spans). Later runs are unprofiled.
  virtual Result<NodeTimes> end_profiling(std::size_t skip, double share) = 0;
};

/// Neither is asked of an engine that lacks the capability.
struct LoadOptions {
  bool profile = false;
  ExecutedGraph* executed_graph = nullptr;  // where given, receives what is executed
};

class Engine {
 public:
  virtual ~Engine() = default;
  /// Stable name, as given to --engine.
  [[nodiscard]] virtual std::string_view id() const = 0;
  [[nodiscard]] virtual EngineInfo info(const EngineSettings& settings) = 0;
  /// Loads nothing.
  [[nodiscard]] virtual EngineCapabilities capabilities(const EngineSettings& settings) const = 0;
  /// Options that were in force, by name: optimization level, spinning, execution provider, threads ...
  [[nodiscard]] virtual std::map<std::string, std::string> describe(const EngineSettings& settings) const = 0;
  /// The clock that budgets are counted on; a fake engine has its own. Valid in the parent process too.
  [[nodiscard]] virtual Nanos now() const { return std::chrono::steady_clock::now().time_since_epoch(); }
  [[nodiscard]] virtual bool own_clock() const { return false; }
  /// Of the machine that it runs on; a fake engine makes one up.
  [[nodiscard]] virtual MachineTimes machine_times(const EngineSettings&) const { return read_machine_times(); }
  /// Lets time pass, by its clock.
  virtual void rest(Nanos time) { std::this_thread::sleep_for(time); }
  virtual Result<std::unique_ptr<Session>> load(const EngineModel& model, const EngineSettings& settings,
                                                const LoadOptions& options) = 0;
  /// What the engine would execute; nothing is run. Not asked of an engine that lacks the capability.
  virtual Result<ExecutedGraph> executed_graph(const EngineModel& model, const EngineSettings& settings) = 0;
};

/// `settings` with `conditions` in force. Errc::unsupported: one that the engine cannot set.
[[nodiscard]] Result<EngineSettings> under(EngineSettings settings, const Conditions& conditions,
                                           const EngineCapabilities& capabilities);

/// What is measured where nobody says otherwise.
inline constexpr const char* kDefaultEngine = "onnxruntime";

/// Every engine this build knows, by id. `fake` is listed only where asked (tests and --engine fake).
[[nodiscard]] std::vector<std::string> engine_ids();
[[nodiscard]] Result<std::unique_ptr<Engine>> make_engine(std::string_view id);

}  // namespace latcast
