// Conditions: what a latency is measured and forecast under beside the network itself, such as threads or batch.
#pragma once

#include <functional>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "latcast/result.h"

namespace latcast {

/// By name: {"threads", 2}, {"batch", 8}. The values of an enumeration are numbers (ConditionRange::values).
using Conditions = std::map<std::string, double, std::less<>>;

/// A condition and a range of its values: those that were measured (of a pack), or those that are possible.
struct ConditionRange {
  std::string name, unit;
  double low = 0, high = 0;                                 ///< low <= high
  double usual = 0;                                         ///< where nothing is said of it
  std::vector<std::pair<std::string, double>> values = {};  ///< of an enumeration, by name; empty: a number
  friend bool operator==(const ConditionRange&, const ConditionRange&) = default;
};

/// A value as people write it: the name that an enumeration has for it, or the number.
[[nodiscard]] std::string condition_text(const ConditionRange& condition, double value);

/// "threads=2,warmth=cold": numbers, or the names of an enumeration's values. Errc::invalid_input: what is not known,
/// with those of `known` that are.
[[nodiscard]] Result<Conditions> parse_conditions(std::string_view text, std::span<const ConditionRange> known);

}  // namespace latcast
