#include "latcast/conditions.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <optional>

namespace latcast {
namespace {

template <class Named, class Name>
std::string listed(const std::vector<Named>& all, Name name) {
  std::string out;
  for (const Named& one : all) out += (out.empty() ? "" : ", ") + std::invoke(name, one);
  return out.empty() ? "none" : out;
}

std::optional<double> number(std::string_view text) {
  double value = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (problem != std::errc() || end != text.data() + text.size() || !std::isfinite(value)) return std::nullopt;
  return value;
}

/// A number, or the name of a value.
Result<double> read_value(std::string_view text, const ConditionRange& condition) {
  const auto named = std::ranges::find(condition.values, text, &std::pair<std::string, double>::first);
  if (named != condition.values.end()) return named->second;
  if (const auto value = number(text)) return *value;
  const std::string names = listed(condition.values, &std::pair<std::string, double>::first);
  return fail(Errc::invalid_input, "'" + std::string(text) + "' is no value of " + condition.name + ", which is " +
                                       (condition.values.empty() ? "a number" : "one of " + names));
}

}  // namespace

std::string condition_text(const ConditionRange& condition, double value) {
  const auto named = std::ranges::find(condition.values, value, &std::pair<std::string, double>::second);
  if (named != condition.values.end()) return named->first;
  std::array<char, 32> text;
  return {text.data(), std::to_chars(text.data(), text.data() + text.size(), value).ptr};
}

Result<Conditions> parse_conditions(std::string_view text, std::span<const ConditionRange> known) {
  Conditions out;
  while (!text.empty()) {
    const std::string_view item = text.substr(0, text.find(','));
    text.remove_prefix(std::min(item.size() + 1, text.size()));
    const std::size_t equals = item.find('=');
    if (equals == std::string_view::npos) {
      return fail(Errc::invalid_input, "'" + std::string(item) + "' is not NAME=VALUE, as in threads=2");
    }
    const std::string_view name = item.substr(0, equals);
    const auto condition = std::ranges::find(known, name, &ConditionRange::name);
    if (condition == known.end()) {
      return fail(Errc::invalid_input, "there is no condition '" + std::string(name) + "'; there is " +
                                           listed(std::vector(known.begin(), known.end()), &ConditionRange::name));
    }
    const auto value = read_value(item.substr(equals + 1), *condition);
    if (!value) return tl::unexpected<Error>(value.error());
    out[std::string(name)] = *value;
  }
  return out;
}

}  // namespace latcast
