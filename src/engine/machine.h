// The machine as measurements remember it.
#pragma once

#include <algorithm>
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

/// CPU time that a machine has given out so far, in seconds of one CPU. 0: cannot be read.
struct MachineTimes {
  double busy = 0;   // to processes
  double steal = 0;  // to other guests of its hypervisor
  double own = 0;    // to this process
  double load = 0;   // 1-minute load average
  int cpus = 1;
};
[[nodiscard]] MachineTimes read_machine_times();

/// What else a machine did for some time.
struct MachineUse {
  double seconds = 0;
  double others = 0, stolen = 0;  // CPU time of other processes and guests
  double load = 0;                // highest 1-minute load average
  int cpus = 1;

  void add(const MachineUse& more);
  /// On average.
  [[nodiscard]] double other_cpus() const { return seconds > 0 ? std::max(others, 0.0) / seconds : 0.0; }
  [[nodiscard]] double stolen_cpus() const { return seconds > 0 ? stolen / seconds : 0.0; }
  /// So many threads of ours had to share CPUs, or much of the caches, the memory and the clock behind them.
  [[nodiscard]] bool crowded(int threads) const {
    return other_cpus() + stolen_cpus() > 0.25 + 0.25 * std::max(cpus - threads, 0);
  }
};
[[nodiscard]] MachineUse use_between(const MachineTimes& before, const MachineTimes& after, double seconds);

}  // namespace latcast
