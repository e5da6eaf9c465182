#include "measure/interleaved.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <random>

namespace latcast {
namespace {

/// Sessions hold memory and fragments of it stay behind: a fresh process now and then.
constexpr double kRestartAboveResident = 2e9;

/// What the profiler costs within a node, as a share of the pause after it (ONNX Runtime 1.30, over 21 networks); a
/// node keeps at least this share of what was measured. Our design.
constexpr double kPauseShare = 0.85;
constexpr double kLeastShare = 0.03;

struct Series {
  std::vector<NodeTimes> profiles;  // per round (without nodes: missing)
};

/// Medians over rounds, each round's common effect removed.
NodeTimes combine_nodes(const Series& series, const std::vector<double>& effects) {
  const auto first = std::ranges::find_if(series.profiles, [](const NodeTimes& one) { return !one.nodes.empty(); });
  if (first == series.profiles.end()) return {};
  NodeTimes out = *first;
  for (std::size_t node = 0; node < out.nodes.size(); ++node) {
    NodeTime& own = out.nodes[node];
    std::vector<double> values;
    std::map<std::string, std::vector<double>> overheads;
    for (std::size_t round = 0; round < series.profiles.size(); ++round) {
      const NodeTimes& profile = series.profiles[round];
      if (profile.nodes.size() != out.nodes.size()) continue;
      const NodeTime& time = profile.nodes[node];
      // Nodes that could run in either order need not do so in the same one every time.
      if (time.op != own.op || time.output_dims != own.output_dims) continue;
      const double quiet = std::exp(-effects[round]);
      values.push_back(time.mean_ns * quiet);
      for (const auto& [name, all] : profile.overheads) overheads[name].push_back(all[node] * quiet);
    }
    own.mean_ns = median(values);
    for (auto& [name, all] : out.overheads) all[node] = median(overheads[name]);
  }
  return out;
}

}  // namespace

std::vector<double> node_latencies(const NetworkMeasurement& measurement) {
  std::vector<double> latencies;
  double sum = 0;
  const auto& [nodes, overheads] = measurement.profile;
  const auto pauses = overheads.find("pause");
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    const double pause = pauses == overheads.end() ? 0.0 : pauses->second[i];
    latencies.push_back(std::max(nodes[i].mean_ns - kPauseShare * pause, kLeastShare * nodes[i].mean_ns) + 1.0);
    sum += latencies.back();
  }
  for (double& latency : latencies) latency *= measurement.quiet.quiet / sum;
  return latencies;
}

Result<std::vector<NetworkMeasurement>> measure_interleaved(Worker& worker, std::span<const EngineModel> models,
                                                            std::span<const std::string> names,
                                                            const InterleavedOptions& options,
                                                            const Progress& progress) {
  const auto rounds = static_cast<std::size_t>(options.rounds);
  std::vector<NetworkMeasurement> results(models.size());
  std::vector<Series> series(models.size());
  RoundTable table(models.size(), std::vector<double>(rounds, std::numeric_limits<double>::quiet_NaN()));
  std::vector<std::size_t> order(models.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::mt19937_64 random(options.seed);
  bool interrupted = false;
  std::size_t done = 0;
  for (std::size_t round = 0; round < rounds && !interrupted; ++round) {
    std::ranges::shuffle(order, random);
    for (const std::size_t item : order) {
      ++done;
      if (results[item].failed) continue;
      interrupted = options.stop && options.stop();
      if (interrupted) break;
      if (progress) progress(done, rounds * models.size(), names[item]);
      MeasureRequest request{models[item], options.burst, std::nullopt, false, options.conditions};
      if (options.profile) request.profile = options.burst;
      auto reply = worker.measure(request);
      if (!reply && reply.error().code == Errc::interrupted) {
        interrupted = true;
        break;
      }
      if (!reply) {
        results[item].failed = true;
        results[item].error = reply.error();
        continue;
      }
      table[item][round] = *std::ranges::min_element(reply->runs_ns);
      std::ranges::move(reply->runs_ns, std::back_inserter(results[item].runs_ns));
      series[item].profiles.resize(rounds);
      series[item].profiles[round] = std::move(reply->profile);
      if (reply->resident_bytes > kRestartAboveResident) worker.restart();
    }
  }
  const bool all_seen =
      std::ranges::all_of(results, [](const auto& result) { return result.failed || !result.runs_ns.empty(); });
  if (interrupted && !all_seen) return fail(Errc::interrupted, "interrupted before every model was measured once");
  const std::vector<double> effects = round_effects(table);
  const std::vector<QuietLatency> quiet = quiet_latencies(table);
  for (std::size_t item = 0; item < models.size(); ++item) {
    results[item].quiet = quiet[item];
    results[item].round_minima_ns = table[item];
    if (options.profile) results[item].profile = combine_nodes(series[item], effects);
  }
  return results;
}

}  // namespace latcast
