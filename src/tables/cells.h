// What stands in a table's cells.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace latcast {

/// A cell as a number, without spaces around it; empty where it is none.
[[nodiscard]] std::optional<double> parse_number(std::string_view cell);

/// How many of the parts between '|' are `text`.
[[nodiscard]] double parts_equal(std::string_view cell, std::string_view text);

/// For messages: cut where it is long.
[[nodiscard]] std::string in_quotes(std::string_view text);

}  // namespace latcast
