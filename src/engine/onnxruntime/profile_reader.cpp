#include "engine/onnxruntime/profile_reader.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <string>
#include <utility>

#include "engine/spans.h"

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

struct Event {
  std::string_view name;
  std::string_view op;
  NodeSpan span;
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
  const NodeSpan span{*start * 1e3, *duration * 1e3};
  return Event{*name, text_after(line, "\"op_name\" : \"", "\"").value_or(""), span};
}

Result<NodeSpans> collect(std::string_view text) {
  NodeSpans profile;
  std::vector<NodeSpan> run;
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
      profile.nodes.push_back({std::string(event->name), std::string(event->op), 0.0, output_dims(line)});
    } else if (next >= profile.nodes.size() || profile.nodes[next].name != event->name) {
      return fail(Errc::engine_failure,
                  "the profile's runs differ in their nodes at '" + std::string(event->name) + "'");
    }
    run.push_back(event->span);
    ++next;
  }
  return profile;
}

}  // namespace

Result<NodeTimes> read_profile(std::string_view text, std::size_t skip, double share) {
  auto profile = collect(text);
  if (!profile) return tl::unexpected(profile.error());
  return mean_times(std::move(*profile), skip, share);
}

}  // namespace latcast::ort
