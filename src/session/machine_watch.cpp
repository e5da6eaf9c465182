#include "session/machine_watch.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <vector>

namespace latcast::session {
namespace {

constexpr Nanos kRest = std::chrono::seconds(1);
/// A quiet machine's bursts scatter by 1 or 2 %.
constexpr double kMuchScatter = 0.05;

double scatter_of(const RoundTable& minima) {
  std::vector<double> out;
  for (const std::vector<double>& rounds : minima) {
    const double middle = median(rounds);
    std::vector<double> deviations;
    for (const double one : rounds)
      if (std::isfinite(one)) deviations.push_back(std::abs(one - middle));
    if (deviations.size() > 1) out.push_back(1.4826 * median(deviations) / middle);
  }
  return median(out);
}

std::string printed(const char* format, double value) {
  std::array<char, 64> text{};
  std::snprintf(text.data(), text.size(), format, value);
  return text.data();
}

}  // namespace

bool MachineReport::busy() const { return use.crowded(threads) || scatter > kMuchScatter; }

std::string MachineReport::text() const {
  std::string out = printed("load %.1f", use.load) + printed(", other processes on %.1f", use.other_cpus()) + " of " +
                    std::to_string(use.cpus) + " CPUs";
  if (use.stolen_cpus() >= 0.005) out += printed(", other guests on %.2f", use.stolen_cpus());
  if (std::isfinite(scatter)) out += printed(", bursts of a network scatter by %.1f %%", 100 * scatter);
  return out;
}

MachineReport report_machine(const Worker& worker, int threads, const RoundTable& minima, Listener& listener) {
  MachineReport out{worker.machine_use(), threads, scatter_of(minima)};
  if (out.use.seconds <= 0) return out;  // nothing was measured
  if (out.busy()) {
    listener.warning("the machine was busy: " + out.text() +
                     "; latencies may be too high by about that scatter and more. Measure when it is quiet, or wait "
                     "for that (--max-noise)");
  } else {
    listener.note("machine: " + out.text());
  }
  return out;
}

Nanos wait_for_quiet(Worker& worker, int threads, Nanos most, Listener& listener) {
  const MachineUse& last = worker.last_use();
  const Nanos start = worker.now();
  if (last.seconds > 0 && !last.crowded(threads)) return Nanos{0};
  while (worker.now() - start < most && !listener.cancelled()) {
    const auto use = worker.rest(std::min(kRest, most - (worker.now() - start)));
    if (!use || !use->crowded(threads)) break;
    listener.progress((worker.now() - start) / most, "waiting for a quiet machine");
  }
  return worker.now() - start;
}

}  // namespace latcast::session
