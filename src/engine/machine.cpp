#include "engine/machine.h"

#include <sys/resource.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <array>
#include <cstdint>
#include <cstdlib>
#include <ctime>
#include <fstream>
#include <set>
#include <sstream>
#include <vector>

namespace latcast {
namespace {

/// Value of the first "KEY : value" line of /proc/cpuinfo.
std::string cpuinfo(const std::string& key) {
  std::ifstream stream("/proc/cpuinfo");
  for (std::string line; std::getline(stream, line);) {
    if (!line.starts_with(key)) continue;
    const std::size_t colon = line.find(':');
    if (colon != std::string::npos && colon + 2 <= line.size()) return line.substr(colon + 2);
  }
  return {};
}

std::string dispatch_features() {
  static const std::vector<std::string> kNames = {
      "sse4_2",      "avx",         "f16c",     "fma",      "avx2",     "avx_vnni", "avx512f", "avx512bw", "avx512vl",
      "avx512_vnni", "avx512_bf16", "amx_tile", "amx_int8", "amx_bf16", "asimd",    "asimddp", "sve",      "sme"};
  std::istringstream stream(cpuinfo("flags") + " " + cpuinfo("Features"));
  std::set<std::string> present;
  for (std::string flag; stream >> flag;) present.insert(flag);
  std::string result;
  for (const std::string& name : kNames) {
    if (present.contains(name)) result += (result.empty() ? "" : " ") + name;
  }
  return result;
}

std::string first_line(const std::string& file) {
  std::ifstream stream(file);
  std::string line;
  std::getline(stream, line);
  return line;
}

/// Without the closing bracket.
std::string cpu_name() {
  std::string model = cpuinfo("model name");
  if (const std::string part = cpuinfo("CPU part"); !part.empty()) {  // Arm: the board has the name, if anything
    if (model.empty()) model = first_line("/sys/firmware/devicetree/base/model").c_str();  // up to its NUL
    return (model.empty() ? "Arm" : model) + " (implementer " + cpuinfo("CPU implementer") + " part " + part;
  }
  if (model.empty()) model = "unknown CPU";
  // A hypervisor may hide the model; family and stepping still tell generations apart.
  return model + " (family " + cpuinfo("cpu family") + " model " + cpuinfo("model\t");
}

}  // namespace

std::map<std::string, std::string> cache_sizes(const std::string& cpu) {
  std::map<std::string, std::string> sizes;
  for (int index = 0;; ++index) {
    const std::string cache = cpu + "/cache/index" + std::to_string(index) + "/";
    const std::string level = first_line(cache + "level");
    if (level.empty()) return sizes;
    std::istringstream size(first_line(cache + "size"));
    std::uint64_t kibibytes = 0;  // "32K"
    if (first_line(cache + "type") != "Instruction" && size >> kibibytes && size.peek() == 'K')
      sizes["l" + level + "_bytes"] = std::to_string(kibibytes << 10);
  }
}

double resident_bytes(const std::string& process) {
  std::ifstream stream("/proc/" + process + "/statm");
  double total = 0;
  double resident = 0;
  stream >> total >> resident;
  return resident * static_cast<double>(sysconf(_SC_PAGESIZE));
}

MachineTimes read_machine_times() {
  MachineTimes out;
  std::ifstream stream("/proc/stat");
  std::string word;
  std::array<double, 8> ticks{};  // user, nice, system, idle, iowait, irq, softirq, steal
  stream >> word;
  for (double& one : ticks) stream >> one;
  if (stream && word == "cpu") {
    const auto second = static_cast<double>(sysconf(_SC_CLK_TCK));
    out.busy = (ticks[0] + ticks[1] + ticks[2] + ticks[5] + ticks[6]) / second;
    out.steal = ticks[7] / second;
  }
  rusage own{};
  if (getrusage(RUSAGE_SELF, &own) == 0) {
    for (const timeval& time : {own.ru_utime, own.ru_stime})
      out.own += static_cast<double>(time.tv_sec) + 1e-6 * static_cast<double>(time.tv_usec);
  }
  if (getloadavg(&out.load, 1) != 1) out.load = 0;
  out.cpus = static_cast<int>(sysconf(_SC_NPROCESSORS_ONLN));
  return out;
}

MachineUse use_between(const MachineTimes& before, const MachineTimes& after, double seconds) {
  const double busy = after.busy - before.busy;
  return {.seconds = seconds,
          .others = busy > 0 ? busy - (after.own - before.own) : 0.0,
          .stolen = after.steal - before.steal,
          .load = std::max(before.load, after.load),
          .cpus = after.cpus};
}

void MachineUse::add(const MachineUse& more) {
  seconds += more.seconds;
  others += more.others;
  stolen += more.stolen;
  load = std::max(load, more.load);
  cpus = more.cpus;
}

MachineInfo read_machine() {
  MachineInfo info;
  const long cpus = sysconf(_SC_NPROCESSORS_ONLN);
  info.device = cpu_name() + ", " + std::to_string(cpus) + " CPUs)";
  info.cpu_features = dispatch_features();
  utsname kernel{};
  if (uname(&kernel) == 0) info.context["kernel"] = std::string(kernel.sysname) + " " + kernel.release;
  timespec resolution{};
  clock_getres(CLOCK_MONOTONIC, &resolution);
  info.context["clock_resolution_ns"] = std::to_string(resolution.tv_nsec);
  info.context["memory_bytes"] = std::to_string(sysconf(_SC_PHYS_PAGES) * sysconf(_SC_PAGESIZE));
  info.context.merge(cache_sizes("/sys/devices/system/cpu/cpu0"));
  info.context["cpus"] = std::to_string(cpus);
  info.context["host_load"] = std::to_string(read_machine_times().load);
  const std::string governor = first_line("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor");
  info.context["frequency_governor"] = governor.empty() ? "unknown" : governor;
  info.context["affinity"] = "unpinned";
  return info;
}

}  // namespace latcast
