// A table with its map -> measurements in a store, and what there is to say about them.
#pragma once

#include <cstddef>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "catalogue/catalogue.h"
#include "session/listener.h"
#include "store/store.h"
#include "tables/table_reader.h"

namespace latcast::session {

struct ImportOptions {
  std::string table, map;              // files
  std::string db;                      // store to add to, made where it does not exist
  std::vector<std::string> catalogue;  // folders of it beside the built-in one
  bool dry_run = false;                // everything is read and checked, nothing stored; `db` may be empty
  bool force = false;                  // latencies that are beyond reason are a warning (session/totals_check.h)
};

struct ImportedTarget {
  TableTarget target;
  std::size_t measured = 0, missing = 0, not_positive = 0;  // cells
};

struct ImportSummary {
  std::string name;  // of the map
  std::size_t rows = 0;
  std::map<std::string, std::string> networks;          // name -> family
  std::map<std::string, std::size_t> listed, unlisted;  // modules by type
  std::vector<ImportedTarget> targets;
  std::size_t repeated = 0, unmatched = 0;  // rows
  std::vector<std::string> warnings;        // that the listener got

  /// Networks of each family.
  [[nodiscard]] std::map<std::string, std::size_t> families() const;
};

/// A table whose map has the name of an earlier import replaces it. Where it fails the store is as it was, or not there
/// if it was not. Errc::invalid_input: file, line and column of what is wrong, or latencies that are beyond reason.
/// Errc::interrupted.
[[nodiscard]] Result<ImportSummary> import_table(const ImportOptions& options, Listener& listener);

/// The same into a store that is open. `table` and `map` are files.
[[nodiscard]] Result<ImportSummary> import_table(Store& store, const std::string& table, const std::string& map,
                                                 const Catalogue& catalogue, Listener& listener);

}  // namespace latcast::session
