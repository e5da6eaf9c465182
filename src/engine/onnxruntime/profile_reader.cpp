#include "engine/onnxruntime/profile_reader.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <numeric>
#include <optional>
#include <string>

namespace latcast::ort {
namespace {

std::optional<std::string_view> text_after(std::string_view line, std::string_view key, std::string_view until) {
  const std::size_t at = line.find(key);
  if (at == std::string_view::npos) return std::nullopt;
  const std::size_t start = at + key.size();
  const std::size_t end = line.find(until, start);
  if (end == std::string_view::npos) return std::nullopt;
  return line.substr(start, end - start);
}

struct Event {
  std::string_view name;
  std::string_view op;
  double duration_ns = 0;
};

std::optional<Event> kernel_event(std::string_view line) {
  const auto name = text_after(line, "\"name\" :\"", "_kernel_time\"");
  const auto duration = text_after(line, "\"dur\" :", ",");
  if (!name || !duration) return std::nullopt;
  double microseconds = 0;
  std::from_chars(duration->data(), duration->data() + duration->size(), microseconds);
  return Event{*name, text_after(line, "\"op_name\" : \"", "\"").value_or(""), microseconds * 1e3};
}

/// Node times of all runs: nodes in execution order, runs x nodes.
struct Profile {
  std::vector<NodeTime> nodes;
  std::vector<std::vector<double>> runs;
};

Result<Profile> collect(std::string_view text) {
  Profile profile;
  std::vector<double> run;
  std::size_t next = 0;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    const bool model_run = line.find("\"name\" :\"model_run\"") != std::string_view::npos;
    if (model_run) {  // closes a run: its event is recorded when it ends
      if (!run.empty()) profile.runs.push_back(std::move(run));
      run.clear();
      next = 0;
      continue;
    }
    const auto event = kernel_event(line);
    if (!event) continue;
    if (profile.runs.empty()) {
      profile.nodes.push_back({std::string(event->name), std::string(event->op), 0.0});
    } else if (next >= profile.nodes.size() || profile.nodes[next].name != event->name) {
      return fail(Errc::engine_failure,
                  "the profile's runs differ in their nodes at '" + std::string(event->name) + "'");
    }
    run.push_back(event->duration_ns);
    ++next;
  }
  return profile;
}

}  // namespace

Result<std::vector<NodeTime>> read_profile(std::string_view text, std::size_t skip, double share) {
  auto profile = collect(text);
  if (!profile) return tl::unexpected(profile.error());
  auto& runs = profile->runs;
  std::erase_if(runs, [&](const auto& run) { return run.size() != profile->nodes.size(); });
  if (runs.size() <= skip) return fail(Errc::engine_failure, "the profile holds too few complete runs");
  runs.erase(runs.begin(), runs.begin() + static_cast<std::ptrdiff_t>(skip));
  const auto total = [](const std::vector<double>& run) { return std::accumulate(run.begin(), run.end(), 0.0); };
  std::ranges::sort(runs, {}, total);
  const auto kept = std::clamp<std::size_t>(
      static_cast<std::size_t>(std::ceil(share * static_cast<double>(runs.size()))), 1, runs.size());
  for (std::size_t node = 0; node < profile->nodes.size(); ++node) {
    double sum = 0;
    for (std::size_t run = 0; run < kept; ++run) sum += runs[run][node];
    profile->nodes[node].mean_ns = sum / static_cast<double>(kept);
  }
  return std::move(profile->nodes);
}

}  // namespace latcast::ort
