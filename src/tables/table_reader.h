// A table's rows with the modules that its map makes of them, one after another: for storing measurements, and for
// forecasting, where the measured columns may be absent.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "catalogue/catalogue.h"
#include "latcast/result.h"
#include "tables/csv.h"
#include "tables/table_binding.h"
#include "tables/table_map.h"

namespace latcast {

struct TableModule {
  std::size_t type = 0;            // in the catalogue
  std::vector<double> parameters;  // in the order of the type's
  bool listed = true;
};

struct TableCell {
  enum class State : std::uint8_t { measured, missing, not_positive };
  State state = State::missing;
  double latency_ns = 0;
  std::optional<double> deviation_ns;
  std::string kernel;
};

struct TableRow {
  std::size_t line = 0;
  std::string network;
  std::optional<double> order;
  std::vector<TableModule> modules;  // none where a row is a network
  std::vector<TableCell> latencies;  // one for each of the table's targets
  std::uint64_t fingerprint = 0;     // of all cells; where a row is a network, of its measured ones
};

/// How often something happened, and where first.
struct Occurrence {
  std::size_t count = 0;
  std::size_t line = 0;
  void add(std::size_t at) {
    if (count++ == 0) line = at;
  }
};

class TableReader {
 public:
  /// `inputs`: latencies, deviations and kernels may be absent.
  enum class Use : std::uint8_t { measurements, inputs };

  /// Checks the map against the catalogue and against the table's headings. Both must outlive the reader.
  static Result<TableReader> open(const std::string& file, const TableMap& map, const Catalogue& catalogue, Use use);

  [[nodiscard]] const std::vector<TableTarget>& targets() const { return bound_.targets; }
  [[nodiscard]] const std::string& file() const { return csv_.file(); }
  [[nodiscard]] const std::vector<std::string>& header() const { return csv_.header(); }

  /// The next row; false at the end. Networks and their rows come in the order of the file.
  Result<bool> next(TableRow& row);

  /// Rows that no rule fits, where the map skips them.
  [[nodiscard]] const Occurrence& unmatched() const { return unmatched_; }
  /// Rows that repeat the one before them, left out where the map looks at neighbours.
  [[nodiscard]] const Occurrence& repeated() const { return repeated_; }
  /// In [0, 1].
  [[nodiscard]] double progress() const;

 private:
  struct Record {
    bool there = false;
    CsvRecord csv;
    std::string network;
    double order = 0;
  };

  TableReader(CsvReader csv, const TableMap& map, TableBinding binding);
  Result<void> read_ahead();
  Result<void> identify(Record& record) const;
  Result<void> check_place(const Record& record);
  Result<bool> read_modules(std::vector<TableModule>& modules);
  Result<void> read_latencies(std::vector<TableCell>& latencies) const;
  Result<double> value(const Program& program, const ModuleRule& rule, std::string_view what);
  Result<double> read_slot(std::size_t slot) const;
  [[nodiscard]] const Record* record_of(RowRead::Row row) const;
  [[nodiscard]] std::string_view text(const CsvRecord& record, std::size_t at) const;
  [[nodiscard]] Result<double> number(const CsvRecord& record, std::size_t at) const;
  [[nodiscard]] std::uint64_t fingerprint(const CsvRecord& record) const;
  [[nodiscard]] tl::unexpected<Error> refuse(std::size_t line, const std::string& what) const;
  [[nodiscard]] tl::unexpected<Error> refuse_unmatched() const;

  CsvReader csv_;
  const TableMap* map_;
  TableBinding bound_;
  bool looks_around_ = false;

  Record previous_, current_, ahead_;
  bool started_ = false;
  std::unordered_map<std::string, std::size_t> left_;  // networks whose rows are over, and the last of them
  std::vector<double> slots_;
  std::vector<bool> slot_read_;
  Occurrence unmatched_, repeated_;
};

}  // namespace latcast
