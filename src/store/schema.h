// The store's tables. Stored on disk: a change is a new schema version.
#pragma once

namespace latcast {

inline constexpr const char* kSchema = R"sql(
CREATE TABLE targets (
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL,
  device TEXT NOT NULL,
  cpu_features TEXT NOT NULL,
  engine TEXT NOT NULL,
  engine_version TEXT NOT NULL,
  library TEXT NOT NULL,
  settings_json TEXT NOT NULL,
  UNIQUE (device, cpu_features, engine, engine_version, settings_json)
);
CREATE TABLE campaigns (
  id INTEGER PRIMARY KEY,
  target INTEGER NOT NULL REFERENCES targets(id),
  started_unix_s INTEGER NOT NULL,
  tool_version TEXT NOT NULL,
  seed INTEGER NOT NULL,
  budget_ns INTEGER NOT NULL,
  spent_ns INTEGER NOT NULL,
  status TEXT NOT NULL,
  plan_json TEXT NOT NULL,
  context_json TEXT NOT NULL
);
CREATE TABLE networks (
  id INTEGER PRIMARY KEY,
  campaign INTEGER NOT NULL REFERENCES campaigns(id),
  plan_index INTEGER NOT NULL,
  name TEXT NOT NULL,
  family TEXT NOT NULL,
  seed INTEGER NOT NULL,
  adaptive INTEGER NOT NULL,
  probe INTEGER NOT NULL,
  skeleton BLOB NOT NULL,
  executed BLOB NOT NULL DEFAULT x'',
  UNIQUE (campaign, plan_index)
);
CREATE TABLE measurements (
  id INTEGER PRIMARY KEY,
  network INTEGER NOT NULL REFERENCES networks(id),
  round INTEGER NOT NULL,
  started_unix_ms INTEGER NOT NULL,
  load_ns INTEGER NOT NULL,
  host_load REAL NOT NULL,
  runs_ns BLOB NOT NULL,
  nodes_ns BLOB NOT NULL,
  conditions_json TEXT NOT NULL DEFAULT '{}',
  UNIQUE (network, round)
);
CREATE TABLE overheads (
  measurement INTEGER NOT NULL REFERENCES measurements(id),
  name TEXT NOT NULL,
  values_ns BLOB NOT NULL,
  PRIMARY KEY (measurement, name)
) WITHOUT ROWID;
CREATE TABLE failures (
  id INTEGER PRIMARY KEY,
  network INTEGER NOT NULL REFERENCES networks(id),
  round INTEGER NOT NULL,
  message TEXT NOT NULL
);
CREATE TABLE imports (
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL UNIQUE,
  kind TEXT NOT NULL,
  map TEXT NOT NULL,
  file TEXT NOT NULL,
  imported_unix_s INTEGER NOT NULL,
  tool_version TEXT NOT NULL,
  counts_json TEXT NOT NULL
);
CREATE TABLE table_networks (
  id INTEGER PRIMARY KEY,
  import INTEGER NOT NULL REFERENCES imports(id),
  name TEXT NOT NULL,
  family TEXT NOT NULL,
  UNIQUE (import, name)
);
CREATE TABLE operations (
  id INTEGER PRIMARY KEY,
  network INTEGER NOT NULL REFERENCES table_networks(id),
  position REAL NOT NULL,
  line INTEGER NOT NULL,
  type TEXT NOT NULL,
  parameters_json TEXT NOT NULL,
  listed INTEGER NOT NULL
);
CREATE INDEX operations_of_network ON operations (network, position);
CREATE TABLE operation_latencies (
  target INTEGER NOT NULL REFERENCES targets(id),
  operation INTEGER NOT NULL REFERENCES operations(id),
  latency_ns INTEGER NOT NULL,
  kernel TEXT NOT NULL,
  PRIMARY KEY (target, operation)
) WITHOUT ROWID;
CREATE TABLE totals (
  target INTEGER NOT NULL REFERENCES targets(id),
  network INTEGER NOT NULL REFERENCES table_networks(id),
  latency_ns INTEGER NOT NULL,
  deviation_ns INTEGER,
  PRIMARY KEY (target, network)
) WITHOUT ROWID;
)sql";

/// What a schema has changed. A store that is opened for writing is upgraded; one that is only read is looked at
/// through temporary views, which stand before its tables.
struct SchemaChange {
  int version;  // that made it
  const char* upgrade;
  const char* view;
};

/// Oldest first; they begin with schema 3.
inline constexpr int kOldestSchema = 3;
inline constexpr SchemaChange kSchemaChanges[] = {
    {4,
     R"sql(
CREATE TABLE overheads (
  measurement INTEGER NOT NULL REFERENCES measurements(id),
  name TEXT NOT NULL,
  values_ns BLOB NOT NULL,
  PRIMARY KEY (measurement, name)
) WITHOUT ROWID;
INSERT INTO overheads SELECT id, 'pause', pauses_ns FROM measurements;
ALTER TABLE measurements DROP COLUMN pauses_ns;
ALTER TABLE measurements ADD COLUMN conditions_json TEXT NOT NULL DEFAULT '{}';
)sql",
     "CREATE TEMP VIEW overheads AS SELECT id AS measurement, 'pause' AS name, pauses_ns AS values_ns FROM "
     "main.measurements; CREATE TEMP VIEW measurements AS SELECT *, '{}' AS conditions_json FROM main.measurements;"},
    {5, "", ""},  // `executed` is no ONNX model any more; those that are stay so
};

}  // namespace latcast
