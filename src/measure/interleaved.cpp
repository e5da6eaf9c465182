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
  std::vector<std::vector<NodeTime>> profiles;  // per round (empty: missing)
};

/// Nodes' medians over rounds, each round's common effect removed.
std::vector<NodeTime> combine_nodes(const Series& series, const std::vector<double>& effects) {
  std::vector<NodeTime> nodes;
  for (const auto& profile : series.profiles) {
    if (!profile.empty()) {
      nodes = profile;
      break;
    }
  }
  for (std::size_t node = 0; node < nodes.size(); ++node) {
    std::vector<double> values;
    std::vector<double> pauses;
    for (std::size_t round = 0; round < series.profiles.size(); ++round) {
      if (series.profiles[round].size() != nodes.size()) continue;
      const NodeTime& time = series.profiles[round][node];
      // Nodes that could run in either order need not do so in the same one every time.
      if (time.op != nodes[node].op || time.output_dims != nodes[node].output_dims) continue;
      values.push_back(time.mean_ns * std::exp(-effects[round]));
      pauses.push_back(time.pause_ns * std::exp(-effects[round]));
    }
    nodes[node].mean_ns = median(values);
    nodes[node].pause_ns = median(pauses);
  }
  return nodes;
}

}  // namespace

std::vector<double> node_latencies(const NetworkMeasurement& measurement) {
  std::vector<double> latencies;
  double sum = 0;
  for (const NodeTime& node : measurement.nodes) {
    latencies.push_back(std::max(node.mean_ns - kPauseShare * node.pause_ns, kLeastShare * node.mean_ns) + 1.0);
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
      series[item].profiles[round] = std::move(reply->nodes);
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
    if (options.profile) results[item].nodes = combine_nodes(series[item], effects);
  }
  return results;
}

}  // namespace latcast
