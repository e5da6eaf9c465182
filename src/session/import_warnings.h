// What whoever imports a table should know about it: cells and rows that were left out, networks that lack something.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "latcast/result.h"
#include "session/importing.h"
#include "store/store.h"
#include "tables/table_map.h"
#include "tables/table_reader.h"

namespace latcast::session {

/// How many cells are so, and the first of them.
struct CellOccurrence {
  std::size_t count = 0;
  std::size_t line = 0;
  std::string column;
};

struct CellOccurrences {
  CellOccurrence missing, not_positive;
  Occurrence repeated, unmatched;  // rows
};

/// Of the table alone, which is `file`.
[[nodiscard]] std::vector<std::string> cell_warnings(const CellOccurrences& cells, const ImportSummary& summary,
                                                     const std::string& file);

/// Networks of this table that have no row of the other kind, and networks of the other kind that have none of this.
/// `store` need not have the import in it.
[[nodiscard]] Result<std::vector<std::string>> network_warnings(Store& store, const TableMap& map,
                                                                const ImportSummary& summary);

}  // namespace latcast::session
