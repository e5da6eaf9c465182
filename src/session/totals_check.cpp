#include "session/totals_check.h"

#include <array>
#include <cmath>
#include <cstdio>
#include <vector>

#include "learn/data/sample_collector.h"
#include "store/rounds.h"

namespace latcast::session {
namespace {

/// Totals have work in them that no operation is, and engines run some operations beside others.
constexpr double kSmallestRatio = 0.2, kLargestRatio = 5;
/// From a microcontroller that is asleep to what no accelerator does.
constexpr double kFewestMacs = 1e3, kMostMacs = 1e15;

/// One digit or two: "1000", "0.002".
std::string short_number(double value) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.2g", value);
  return value >= 100 && value < 1e9 ? std::to_string(std::llround(value)) : text.data();
}

/// Of all modules; NaN where one was not measured.
double sum_of(const learn::TableNetwork& network) {
  double sum = 0;
  for (const learn::TableNetworkModule& module : network.modules)
    if (module.listed) sum += module.latency_ns;
  return sum;
}

double macs_of(const learn::TableNetwork& network, const Catalogue& catalogue) {
  const learn::SampleCollector collector(catalogue);
  double macs = 0;
  for (const learn::TableNetworkModule& module : network.modules) {
    const ModuleType& type = catalogue.types()[module.type];
    if (!type.macs) continue;
    macs += evaluate(type.macs->program, collector.slots(module.type, module.parameters, network.conditions).values);
  }
  return macs;
}

std::string in_networks(std::size_t count) {
  return " (median of " + std::to_string(count) + (count == 1 ? " network)" : " networks)");
}

/// The step between units that brings the ratio to about 1.
std::string fitting_unit(double ratio) {
  const double factor = std::pow(1000, std::round(std::log(ratio) / std::log(1000)));
  if (factor == 1 || ratio / factor < kSmallestRatio || ratio / factor > kLargestRatio)
    return ": no unit explains that";
  return factor > 1 ? ": totals in a unit " + short_number(factor) + " times smaller (" +
                          (factor > 1e3 ? "ns for ms, us for s" : "us for ms, ms for s") + ") would fit"
                    : ": totals in a unit " + short_number(1 / factor) + " times larger (" +
                          (factor < 1e-3 ? "ms for ns, s for us" : "ms for us, s for ms") + ") would fit";
}

}  // namespace

std::optional<std::string> beyond_reason(std::span<const learn::TableNetwork> networks, const Catalogue& catalogue) {
  std::vector<double> ratios, rates;
  for (const learn::TableNetwork& network : networks) {
    const double sum = sum_of(network);
    if (network.total_ns > 0 && sum > 0) ratios.push_back(network.total_ns / sum);
    const double time = network.total_ns > 0 ? network.total_ns : sum;
    const double macs = macs_of(network, catalogue);
    if (macs > 0 && time > 0) rates.push_back(macs / time * 1e9);
  }
  const double ratio = ratios.empty() ? 1 : median(ratios);
  if (ratio < kSmallestRatio || ratio > kLargestRatio) {
    return "networks' totals are " + short_number(ratio) + " times the sum of their operations" +
           in_networks(ratios.size()) + fitting_unit(ratio);
  }
  const double rate = rates.empty() ? kMostMacs : median(rates);
  if (rate < kFewestMacs || rate > kMostMacs)
    return "networks would do " + short_number(rate) + " multiply-accumulates a second" + in_networks(rates.size()) +
           ", which no device does: the map's unit must be another";
  return std::nullopt;
}

}  // namespace latcast::session
