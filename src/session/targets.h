// Targets: this machine's own, and those of a store, told from each other by their names.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "engine/worker/worker.h"
#include "latcast/pack_info.h"
#include "store/store.h"

namespace latcast::session {

/// One for each: its name; `name|engine` where several have that name, `name|engine version` where several of them are
/// of that engine, with `#id` behind it where that is not enough.
[[nodiscard]] std::vector<std::string> target_names(std::span<const TargetRecord> targets);

/// The target that is meant: by its display name, by its plain name where only one has it, or by a part of its display
/// name that only one has. An empty name means the only one. The error lists the display names.
[[nodiscard]] Result<TargetRecord> choose_target(Store& store, const std::string& name);

/// A target of a store and what there is of it.
struct StoredTarget {
  TargetRecord record;
  std::string name;  // by which it is told from the store's others
  TargetContents contents;

  /// What its latencies are, as the store calls it: `quiet`, the unloaded latency, for campaigns.
  [[nodiscard]] std::string statistic() const;
};

[[nodiscard]] Result<std::vector<StoredTarget>> stored_targets(Store& store);
/// Of the store in the file `db`.
[[nodiscard]] Result<std::vector<StoredTarget>> stored_targets(const std::string& db);

/// The target that a worker's measurements are of. Errc::engine_unavailable: it has no engine to measure.
[[nodiscard]] Result<Target> target_of(Worker& worker, int threads);
/// As the store keeps it.
[[nodiscard]] Result<std::int64_t> store_target(Store& store, Worker& worker, int threads);
/// "avx2 fma" as a list.
[[nodiscard]] std::vector<std::string> feature_list(const std::string& cpu_features);

}  // namespace latcast::session
