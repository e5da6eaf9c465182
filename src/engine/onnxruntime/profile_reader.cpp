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

std::optional<double> number_after(std::string_view line, std::string_view key) {
  const auto text = text_after(line, key, ",");
  if (!text) return std::nullopt;
  double number = 0;
  std::from_chars(text->data(), text->data() + text->size(), number);
  return number;
}

/// One node in one run.
struct NodeRun {
  double start_ns = 0;
  double duration_ns = 0;
};

struct Event {
  std::string_view name;
  std::string_view op;
  NodeRun run;
};

/// Those of the first output: "output_type_shape" : [{"float":[1,64,7,7]}, ...
std::vector<std::int64_t> output_dims(std::string_view line) {
  std::vector<std::int64_t> dims;
  const auto typed = text_after(line, "\"output_type_shape\" : [{", "]");
  if (!typed) return dims;
  std::string_view rest = typed->substr(std::min(typed->find('[') + 1, typed->size()));
  while (!rest.empty()) {
    std::int64_t dim = 0;
    const auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), dim);
    if (error != std::errc()) return {};
    dims.push_back(dim);
    rest.remove_prefix(std::min(static_cast<std::size_t>(end - rest.data()) + 1, rest.size()));
  }
  return dims;
}

std::optional<Event> kernel_event(std::string_view line) {
  const auto name = text_after(line, "\"name\" :\"", "_kernel_time\"");
  const auto duration = number_after(line, "\"dur\" :");
  const auto start = number_after(line, "\"ts\" :");
  if (!name || !duration || !start) return std::nullopt;
  const NodeRun run{*start * 1e3, *duration * 1e3};
  return Event{*name, text_after(line, "\"op_name\" : \"", "\"").value_or(""), run};
}

/// Node times of all runs: nodes in execution order, runs x nodes.
struct Profile {
  std::vector<NodeTime> nodes;
  std::vector<std::vector<NodeRun>> runs;
};

Result<Profile> collect(std::string_view text) {
  Profile profile;
  std::vector<NodeRun> run;
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
      profile.nodes.push_back({std::string(event->name), std::string(event->op), 0.0, 0.0, output_dims(line)});
    } else if (next >= profile.nodes.size() || profile.nodes[next].name != event->name) {
      return fail(Errc::engine_failure,
                  "the profile's runs differ in their nodes at '" + std::string(event->name) + "'");
    }
    run.push_back(event->run);
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
  const auto total = [](const std::vector<NodeRun>& run) {
    return std::accumulate(run.begin(), run.end(), 0.0,
                           [](double sum, const NodeRun& node) { return sum + node.duration_ns; });
  };
  std::ranges::sort(runs, {}, total);
  const auto kept = std::clamp<std::size_t>(
      static_cast<std::size_t>(std::ceil(share * static_cast<double>(runs.size()))), 1, runs.size());
  for (std::size_t node = 0; node < profile->nodes.size(); ++node) {
    NodeTime& time = profile->nodes[node];
    for (std::size_t run = 0; run < kept; ++run) time.mean_ns += runs[run][node].duration_ns;
    time.mean_ns /= static_cast<double>(kept);
    if (node == 0) continue;
    NodeTime& before = profile->nodes[node - 1];
    for (std::size_t run = 0; run < kept; ++run) {
      const NodeRun& previous = runs[run][node - 1];
      before.pause_ns += std::max(runs[run][node].start_ns - previous.start_ns - previous.duration_ns, 0.0);
    }
    before.pause_ns /= static_cast<double>(kept);
  }
  if (profile->nodes.size() > 1) profile->nodes.back().pause_ns = profile->nodes[profile->nodes.size() - 2].pause_ns;
  return std::move(profile->nodes);
}

}  // namespace latcast::ort
