#include "engine/spans.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

namespace latcast {

Result<NodeTimes> mean_times(NodeSpans spans, std::size_t skip, double share) {
  auto& [nodes, runs] = spans;
  std::erase_if(runs, [&](const auto& run) { return run.size() != nodes.size(); });
  if (runs.size() <= skip) return fail(Errc::engine_failure, "the profile holds too few complete runs");
  runs.erase(runs.begin(), runs.begin() + static_cast<std::ptrdiff_t>(skip));
  const auto total = [](const std::vector<NodeSpan>& run) {
    return std::accumulate(run.begin(), run.end(), 0.0,
                           [](double sum, const NodeSpan& node) { return sum + node.duration_ns; });
  };
  std::ranges::sort(runs, {}, total);
  const auto kept = std::clamp<std::size_t>(
      static_cast<std::size_t>(std::ceil(share * static_cast<double>(runs.size()))), 1, runs.size());
  std::vector<double> pauses(nodes.size(), 0.0);
  for (std::size_t node = 0; node < nodes.size(); ++node) {
    NodeTime& time = nodes[node];
    for (std::size_t run = 0; run < kept; ++run) time.mean_ns += runs[run][node].duration_ns;
    time.mean_ns /= static_cast<double>(kept);
    if (node == 0) continue;
    double& before = pauses[node - 1];
    for (std::size_t run = 0; run < kept; ++run) {
      const NodeSpan& previous = runs[run][node - 1];
      before += std::max(runs[run][node].start_ns - previous.start_ns - previous.duration_ns, 0.0);
    }
    before /= static_cast<double>(kept);
  }
  if (nodes.size() > 1) pauses.back() = pauses[nodes.size() - 2];
  return NodeTimes{std::move(nodes), {{"pause", std::move(pauses)}}};
}

}  // namespace latcast
