// Expressions over a row of a table, compiled to Programs whose slots are RowReads: beside numbers and operators, a
// column's number, `column | default`, `column == "text"`, `column != "text"`, `present(column)`,
// `count(column, "text")`, and `next.column` and `previous.column` for the neighbouring rows of the same network.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/expression.h"
#include "latcast/result.h"

namespace latcast {

/// One thing read off a row.
struct RowRead {
  enum class Kind : std::uint8_t {
    number,   // column
    equals,   // column == "text"
    present,  // present(column)
    count,    // count(column, "text"): parts between '|' that are the text
  };
  enum class Row : std::uint8_t { current, next, previous };
  Kind kind = Kind::number;
  Row row = Row::current;
  std::string column;  // as written: a heading, or an alias of the map
  std::string text;
  std::optional<double> fallback;  // `| default`: used where the cell is missing
  friend bool operator==(const RowRead&, const RowRead&) = default;
};

/// Every distinct read is appended to `reads` and becomes a slot. Whether there are such columns is not known yet.
[[nodiscard]] Result<Program> compile_row_expression(std::string_view text, std::vector<RowRead>& reads);

/// The program's value. A slot that is missing is NaN; the result is empty, and `missing` that slot, where it matters:
/// it does not on the side of && and || that is not needed, nor on the side of ? : that is not taken.
[[nodiscard]] std::optional<double> evaluate_row(std::span<const Instruction> program, std::span<const double> slots,
                                                 std::size_t& missing);

}  // namespace latcast
