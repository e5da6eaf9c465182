// The machine as measurements remember it.
#pragma once

#include <map>
#include <string>

namespace latcast {

struct MachineInfo {
  std::string device;                          // CPU model and how many of them, e.g. "AMD EPYC (2 CPUs)"
  std::string cpu_features;                    // vector extensions that inference engines dispatch on
  std::map<std::string, std::string> context;  // kernel, clock resolution, memory, caches, frequency governor, load
};

[[nodiscard]] MachineInfo read_machine();

/// "l1_bytes", "l2_bytes" ...: the caches for data that a CPU uses, its core's own or with others; by its folder in
/// /sys/devices/system/cpu.
[[nodiscard]] std::map<std::string, std::string> cache_sizes(const std::string& cpu);

/// Memory that a process has in use; 0 where it cannot be read. `process`: its id, or "self".
[[nodiscard]] double resident_bytes(const std::string& process);

/// The 1-minute load average; 0 where it cannot be read.
[[nodiscard]] double host_load();

}  // namespace latcast
