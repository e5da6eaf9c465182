#include "tables/table_map.h"

#include <algorithm>

namespace latcast {

bool TableMap::looks_around() const {
  return std::ranges::any_of(reads, [](const RowRead& read) { return read.row != RowRead::Row::current; });
}

const std::string& TableMap::heading(const std::string& column) const {
  const auto found = columns.find(column);
  return found == columns.end() ? column : found->second;
}

std::string family_of(const TableMap& map, std::string_view network) {
  for (const FamilyRule& family : map.families) {
    if (std::ranges::any_of(family.networks, [&](const std::string& pattern) { return fits(pattern, network); })) {
      return family.name;
    }
  }
  const std::string_view letters = network.substr(0, network.find_first_of("0123456789_-"));
  return std::string(letters.empty() ? network : letters);
}

bool fits(std::string_view pattern, std::string_view text) {
  // Where the last '*' stood and what it may take next: only that one needs to be tried again.
  std::size_t at = 0, from = 0, star = std::string_view::npos, taken = 0;
  while (from < text.size()) {
    if (at < pattern.size() && pattern[at] == '*') {
      star = at++;
      taken = from;
    } else if (at < pattern.size() && (pattern[at] == '?' || pattern[at] == text[from])) {
      ++at;
      ++from;
    } else if (star != std::string_view::npos) {
      at = star + 1;
      from = ++taken;
    } else {
      return false;
    }
  }
  return pattern.find_first_not_of('*', at) == std::string_view::npos;
}

}  // namespace latcast
