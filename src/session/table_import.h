// A table with its map -> rows of a store, and what there is to say about them.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "catalogue/catalogue.h"
#include "store/store.h"
#include "tables/table_reader.h"

namespace latcast::session {

/// How many cells are so, and the first of them.
struct CellOccurrence {
  std::size_t count = 0;
  std::size_t line = 0;
  std::string column;
};

struct ImportedTarget {
  TableTarget target;
  std::size_t measured = 0, missing = 0, not_positive = 0;
};

struct ImportSummary {
  std::size_t rows = 0;
  std::map<std::string, std::string> networks;          // name -> family
  std::map<std::string, std::size_t> listed, unlisted;  // modules by type
  std::vector<ImportedTarget> targets;
  CellOccurrence missing, not_positive;
  Occurrence repeated, unmatched;
};

struct ImportObserver {
  std::function<void(double fraction, std::size_t rows)> progress;
  std::function<bool()> stop;
};

/// The store's target for one of a table's.
[[nodiscard]] TargetRecord target_record(const TableTarget& target);

/// Reads the table to its end and stores it, or changes nothing.
[[nodiscard]] Result<ImportSummary> import_table(Store& store, TableReader& reader, const TableMap& map,
                                                 const Catalogue& catalogue, const ImportObserver& observer);

}  // namespace latcast::session
