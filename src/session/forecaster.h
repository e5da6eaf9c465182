// From a model file to a forecast: ask the engine for the graph it would execute, match its modules, evaluate the pack.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/worker/worker.h"
#include "forecast/file_forecast.h"
#include "forecast/pack_network.h"
#include "graph/module_network.h"
#include "latcast/pack.h"
#include "latcast/predictor.h"
#include "measure/model_file.h"
#include "rules/rule.h"
#include "session/listener.h"

namespace latcast::session {

/// An executed graph and its modules.
struct ExecutedNetwork {
  ExecutedGraph graph;
  ModuleNetwork network;
};

/// Who says what would be executed.
enum class GraphSource : std::uint8_t { automatic, engine, rules };

class Forecaster {
 public:
  /// Opens the pack, which must be of an engine's networks; the engine is started at the first forecast.
  static Result<Forecaster> open(const std::string& pack_file, const EngineSettings& settings);

  /// Without models: for graphs alone, of this machine and the engine that is here (or the newest that rules know).
  static Result<Forecaster> of_this_machine(const EngineSettings& settings);

  /// Says (once) where this machine or engine is not the pack's. Errc::engine_unavailable where there is no engine.
  Result<void> check_engine(Listener& listener);
  /// From now on graphs come from the engine or from rules: `automatic` asks the engine where it is the pack's version
  /// on a machine of the pack's vector width, and deduces by rules otherwise. Errc::engine_unavailable, and
  /// Errc::unsupported where there are no rules for the pack's engine. An engine that does not tell is taken to execute
  /// what its rules say, or else what the file has.
  Result<void> choose_graph(GraphSource source, Listener& listener);
  /// "engine", "rules" or "file".
  [[nodiscard]] std::string_view graph_source() { return rules_ ? "rules" : tells() ? "engine" : "file"; }

  /// Forecasts are under these conditions from now on (asked_conditions()). Warns of what was not measured.
  Result<void> bind(const std::string& at, DimBindings& dims, Listener& listener);

  /// True where CPU or engine version differ from the pack's; `why` names both.
  [[nodiscard]] bool foreign(std::string& why);

  /// Files of weights need not be there where rules deduce the graph.
  [[nodiscard]] Result<LoadedModel> load(const std::string& file, const DimBindings& bindings) const;
  Result<ExecutedNetwork> execute(const LoadedModel& loaded, const DimBindings& bindings);
  Result<FileForecast> forecast(const std::string& file, const DimBindings& bindings);
  Result<FileForecast> forecast(const LoadedModel& loaded, const DimBindings& bindings);

  /// Other than the pack's usual ones.
  [[nodiscard]] const Conditions& asked() const { return asked_; }
  [[nodiscard]] const OpenPack& open_pack() const { return open_; }
  [[nodiscard]] const Pack& pack() const { return open_.pack; }
  [[nodiscard]] const Predictor& predictor() const { return open_.predictor; }
  [[nodiscard]] const Catalogue& catalogue() const { return open_.catalogue; }
  [[nodiscard]] Worker& worker() { return *worker_; }

 private:
  Forecaster(OpenPack pack, const EngineSettings& settings);
  Result<EngineInfo> engine_info();
  /// Whether the engine tells what it executes; where there is none, the question to it will say so.
  [[nodiscard]] bool tells();
  /// Graphs are deduced from now on. Warns where the pack's engine is newer than what rules were compared with.
  void take_rules(const rules::EngineTarget& target, Listener& listener);
  /// Why the engine at hand does not execute what the pack's would; empty: it does.
  [[nodiscard]] std::string why_not_the_engine(const rules::EngineTarget& target);
  /// A file whose own batch is another than was asked for is forecast at its own.
  void take_batch(const LoadedModel& loaded);

  OpenPack open_;
  Conditions asked_;
  bool engine_named_ = false;  // by who wants forecasts: then it must be there
  std::unique_ptr<Worker> worker_;
  std::optional<rules::EngineTarget> rules_;
  std::optional<rules::EngineTarget> rules_if_needed_;  // for a file that the engine would run at another batch
};

/// Forecaster::bind() of a pack that is opened some other way: what was asked for.
Result<Conditions> bind_conditions(OpenPack& pack, const std::string& at, DimBindings& dims, Listener& listener);

/// Limits of a worker that somebody waits for: ten minutes an answer, nine tenths of the machine's memory.
[[nodiscard]] WorkerLimits interactive_limits();

/// Threads that a pack was made for.
[[nodiscard]] int pack_threads(const Pack& pack);

}  // namespace latcast::session
