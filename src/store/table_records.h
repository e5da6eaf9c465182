// What the store keeps of imported tables: networks as lists of operations, or networks with their totals.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

namespace latcast {

struct ImportRecord {
  std::int64_t id = 0;
  std::string name;  // of the map: another import of this name replaces it
  std::string kind;  // operations, networks
  std::string map;   // the map's text
  std::string file;
  std::int64_t imported_unix_s = 0;
  std::string tool_version;
  std::map<std::string, std::int64_t> counts;  // rows, networks, modules, latencies ...
};

struct TableNetworkRecord {
  std::int64_t id = 0;
  std::int64_t import = 0;
  std::string name, family;
};

/// A module of a network.
struct OperationRecord {
  std::int64_t id = 0;
  std::int64_t network = 0;
  double position = 0;    // in the network; modules of one row share it and come in the order of the map's rules
  std::int64_t line = 0;  // of the table
  std::string type;
  std::map<std::string, double> parameters;  // by name, without the target's conditions
  bool listed = true;                        // false: it takes time that no row holds
  std::optional<std::int64_t> latency_ns;    // on the target that was asked for
  std::string kernel;
};

struct TotalRecord {
  std::int64_t import = 0;
  std::int64_t network = 0;
  std::string name, family;
  std::int64_t latency_ns = 0;
  std::optional<std::int64_t> deviation_ns;
};

struct TargetContents {
  std::int64_t campaigns = 0, carriers = 0, measurements = 0;
  std::int64_t busy = 0;  // measurements at a load above the machine's CPUs, where it told how many it has
  std::int64_t operation_networks = 0, operations = 0;
  std::int64_t totals = 0;
};

}  // namespace latcast
