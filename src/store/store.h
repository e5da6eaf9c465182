// Measurements with their full context, in one SQLite file (docs/formats.md). Of campaigns nothing is overwritten: they
// are added, a measurement is one committed row with its nodes, so a kill loses at most the one under way. Imported
// tables are written as a whole (store/import_writer.h).
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "latcast/conditions.h"
#include "latcast/pack_info.h"
#include "latcast/result.h"
#include "store/sqlite.h"
#include "store/table_records.h"

namespace latcast {

/// device x engine x settings: what a measurement is of.
struct TargetRecord {
  std::int64_t id = 0;
  std::string name;
  std::string device;        // CPU model
  std::string cpu_features;  // vector extensions that decide the engine's code paths; empty for those of tables
  std::string engine, engine_version, library;
  /// threads, optimization level, spinning ...; for those of tables also `statistic` and `condition.NAME`
  std::map<std::string, std::string> settings;

  /// The numbers that are `condition.NAME` of the settings, by name.
  [[nodiscard]] Conditions conditions() const;
};

struct CampaignRecord {
  std::int64_t id = 0;
  std::int64_t target = 0;
  std::int64_t started_unix_s = 0;
  std::string tool_version;
  std::uint64_t seed = 0;
  double budget_ns = 0;
  double spent_ns = 0;
  std::string status;                          // running, finished, interrupted
  std::string plan;                            // JSON: what decides the plan (shares, families, limits), to resume it
  std::map<std::string, std::string> context;  // host load, clock resolution, kernel, caches ...
};

/// What of a machine's context are numbers.
[[nodiscard]] DeviceFacts device_facts(const std::map<std::string, std::string>& context);

struct NetworkRecord {
  std::int64_t id = 0;
  std::int64_t campaign = 0;
  int plan_index = 0;
  std::string name, family;
  std::uint64_t seed = 0;
  bool adaptive = false;
  bool probe = false;    // single operators in a row: measured for its samples, not for being like a network
  std::string skeleton;  // ONNX without weights, as made
  std::string executed;  // what the engine executes (graph/executed_graph.h); filled by the first measurement
};

struct MeasurementRecord {
  std::int64_t network = 0;
  int round = 0;
  std::int64_t started_unix_ms = 0;
  std::vector<std::int64_t> runs_ns;   // unprofiled burst, in order
  std::int64_t load_ns = 0;            // session creation
  double host_load = 0;                // 1-minute load average when it began
  std::vector<std::int64_t> nodes_ns;  // per node of the executed graph; -1: not seen. Empty: not told
  std::map<std::string, std::vector<std::int64_t>> overheads_ns = {};  // likewise, by the engine's name of them
  Conditions conditions = {};  // that it was made under; empty in stores of schema 3
};

class Store {
 public:
  /// Opens for writing, creating it where it does not exist. `patience`: how long to wait for another process's lock.
  static Result<Store> create(const std::string& file, std::chrono::milliseconds patience = std::chrono::seconds(5));
  static Result<Store> open_read_only(const std::string& file);

  Result<std::int64_t> ensure_target(const TargetRecord& target);
  Result<std::int64_t> add_campaign(const CampaignRecord& campaign);
  Result<void> update_campaign(std::int64_t id, double spent_ns, const std::string& status);
  Result<std::int64_t> add_network(const NetworkRecord& network);
  Result<void> set_executed(std::int64_t network, const std::string& executed);
  Result<void> add_measurement(const MeasurementRecord& measurement);
  Result<void> add_failure(std::int64_t network, int round, const std::string& message);

  Result<std::vector<TargetRecord>> targets();
  Result<std::vector<CampaignRecord>> campaigns(std::int64_t target);
  Result<std::vector<NetworkRecord>> networks(std::int64_t campaign);
  Result<std::vector<MeasurementRecord>> measurements(std::int64_t network);
  Result<std::map<std::string, std::int64_t>> failures(std::int64_t campaign);  // message -> count

  // ---- imported tables

  Result<std::vector<ImportRecord>> imports();
  Result<std::vector<TableNetworkRecord>> table_networks(std::int64_t import);
  /// All of the import's, by network and position, each with what it takes on the target where that was measured.
  Result<std::vector<OperationRecord>> operations(std::int64_t import, std::int64_t target);
  /// Of all imports, by import and network.
  Result<std::vector<TotalRecord>> totals(std::int64_t target);
  /// What there is of a target.
  Result<TargetContents> contents(std::int64_t target);
  /// Names of the networks whose operations (or else totals) were measured with the engine, each once; `imports`: only
  /// of those imports, where it is not empty.
  Result<std::vector<std::string>> measured_networks(const std::string& engine, bool operations,
                                                     const std::vector<std::string>& imports);

 private:
  friend class ImportWriter;
  explicit Store(sqlite::Database database) : database_(std::move(database)) {}
  Result<void> make_schema();
  Result<void> prepare_schema(const std::string& file, bool may_write);
  /// From an older schema to this one.
  Result<void> upgrade();
  /// All of it or nothing.
  Result<void> atomically(const std::function<Result<void>()>& change);
  Result<void> insert_measurement(const MeasurementRecord& measurement);
  sqlite::Database database_;
};

/// Identifies the file format in the SQLite header ("latc"); never changes.
inline constexpr std::int32_t kStoreApplicationId = 0x6C617463;
inline constexpr int kStoreSchemaVersion = 5;

}  // namespace latcast
