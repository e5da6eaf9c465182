#include "tables/cells.h"

#include <charconv>
#include <cmath>
#include <cstddef>

#include "tables/csv.h"

namespace latcast {
namespace {

constexpr std::size_t kLongestQuotation = 60;

}  // namespace

std::optional<double> parse_number(std::string_view cell) {
  std::string_view digits = trimmed(cell);
  if (digits.starts_with('+') && !digits.starts_with("+-")) digits.remove_prefix(1);
  double value = 0;
  const char* begin = digits.data();
  const char* end = begin + digits.size();
  const auto read = std::from_chars(begin, end, value);
  if (read.ec != std::errc() || read.ptr != end || !std::isfinite(value)) return std::nullopt;
  return value;
}

double parts_equal(std::string_view cell, std::string_view text) {
  double count = 0;
  while (true) {
    const std::size_t bar = cell.find('|');
    if (trimmed(cell.substr(0, bar)) == text) ++count;
    if (bar == std::string_view::npos) return count;
    cell.remove_prefix(bar + 1);
  }
}

std::string in_quotes(std::string_view text) {
  return "'" + std::string(text.substr(0, kLongestQuotation)) + (text.size() > kLongestQuotation ? "...'" : "'");
}

}  // namespace latcast
