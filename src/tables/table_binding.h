// Where a table's headings are what its map names.
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "catalogue/catalogue.h"
#include "latcast/result.h"
#include "tables/table_map.h"

namespace latcast {

/// What a column of latencies is of.
struct TableTarget {
  std::string name, device, engine, engine_version;
  std::map<std::string, std::string> settings;  // the map's, and `statistic`
  Conditions conditions;
  std::size_t latency = 0;  // columns
  std::optional<std::size_t> deviation, kernel;
};

/// A rule of the map with its type.
struct BoundRule {
  std::size_t type = 0;                 // in the catalogue
  std::vector<std::size_t> parameters;  // of the type: index in the rule's
};

/// Columns are indices into the header.
struct TableBinding {
  std::size_t network = 0;
  std::optional<std::size_t> order;
  std::vector<std::size_t> reads;  // of the map's
  std::vector<BoundRule> rules;    // the map's
  std::vector<TableTarget> targets;
};

/// `measured`: latencies, deviations and kernels must be there as the map says. The map fits the catalogue
/// (check_map()). Errors name `file`, the table.
[[nodiscard]] Result<TableBinding> bind_table(const std::string& file, const std::vector<std::string>& header,
                                              const TableMap& map, const Catalogue& catalogue, bool measured);

}  // namespace latcast
