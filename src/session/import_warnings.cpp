#include "session/import_warnings.h"

#include <algorithm>
#include <iterator>
#include <set>

namespace latcast::session {
namespace {

constexpr std::size_t kNamesInWarnings = 5;

std::string join_first(const std::vector<std::string>& names) {
  std::string text;
  for (std::size_t i = 0; i < std::min(names.size(), kNamesInWarnings); ++i) text += (i > 0 ? ", " : "") + names[i];
  return text + (names.size() > kNamesInWarnings ? ", ..." : "");
}

std::string counted(std::size_t count, const std::string& one, const std::string& many) {
  return std::to_string(count) + " " + (count == 1 ? one : many);
}

std::string family_warning(const ImportSummary& summary) {
  std::vector<std::string> single;
  for (const auto& [family, size] : summary.families()) {
    if (size == 1) single.push_back(family);
  }
  if (single.empty()) return {};
  return counted(single.size(), "family has", "families have") + " a single network: " + join_first(single);
}

/// Networks of one kind of table that the other kind lacks.
void compare(const std::vector<std::string>& ours, const std::vector<std::string>& theirs, const std::string& what,
             std::vector<std::string>& warnings) {
  std::vector<std::string> alone;
  std::ranges::set_difference(ours, theirs, std::back_inserter(alone));
  if (!alone.empty())
    warnings.push_back(counted(alone.size(), "network has ", "networks have ") + what + ": " + join_first(alone));
}

}  // namespace

std::vector<std::string> cell_warnings(const CellOccurrences& cells, const ImportSummary& summary,
                                       const std::string& file) {
  std::vector<std::string> warnings;
  const auto first = [&](std::size_t line) { return "; first: " + file + ":" + std::to_string(line); };
  const auto cell = [&](const CellOccurrence& one) { return first(one.line) + ", column '" + one.column + "'"; };
  if (cells.missing.count > 0) {
    const auto targets = std::ranges::count_if(summary.targets, [](const auto& one) { return one.missing > 0; });
    warnings.push_back(counted(cells.missing.count, "cell", "cells") + " of " +
                       counted(static_cast<std::size_t>(targets), "target", "targets") + " not measured" +
                       cell(cells.missing));
  }
  if (cells.not_positive.count > 0) {
    warnings.push_back(counted(cells.not_positive.count, "latency is", "latencies are") +
                       " zero or negative, taken as not measured" + cell(cells.not_positive));
  }
  if (cells.repeated.count > 0) {
    warnings.push_back(counted(cells.repeated.count, "row repeats", "rows repeat") + " an earlier one and count once" +
                       first(cells.repeated.line));
  }
  if (cells.unmatched.count > 0) {
    warnings.push_back(counted(cells.unmatched.count, "row fits", "rows fit") + " no rule of the map, skipped" +
                       first(cells.unmatched.line));
  }
  if (const std::string text = family_warning(summary); !text.empty()) warnings.push_back(text);
  return warnings;
}

Result<std::vector<std::string>> network_warnings(Store& store, const TableMap& map, const ImportSummary& summary) {
  std::set<std::string> engines;
  for (const ImportedTarget& one : summary.targets) engines.insert(one.target.engine);
  std::vector<std::string> ours;
  for (const auto& [network, family] : summary.networks) ours.push_back(network);
  const bool totals = map.rows == TableMap::Rows::networks;
  std::vector<std::string> warnings;
  for (const std::string& engine : engines) {
    const auto theirs = store.measured_networks(engine, totals, map.operations);
    if (!theirs) return tl::unexpected(theirs.error());
    auto all = store.measured_networks(engine, !totals, {});
    if (!all) return tl::unexpected(all.error());
    std::ranges::copy(ours, std::back_inserter(*all));
    std::ranges::sort(*all);
    const std::string operations = "operations on " + engine;
    const std::string whole = "totals on " + engine;
    compare(ours, *theirs, totals ? whole + " but no operations" : operations + " but no totals", warnings);
    compare(*theirs, *all, totals ? operations + " but no totals" : whole + " but no operations", warnings);
  }
  return warnings;
}

}  // namespace latcast::session
