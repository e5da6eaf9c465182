// The map of a foreign table: which of its columns are networks, operations, latencies and targets, and which modules
// its rows are (docs/formats.md). One TOML file; adding a data set is writing one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "catalogue/catalogue.h"
#include "latcast/result.h"
#include "tables/field_text.h"
#include "tables/row_expression.h"

namespace latcast {

/// A number of the target's, by one of its fields.
struct TargetCondition {
  std::string name, field;
  std::map<std::string, double> values;
  std::optional<double> otherwise;
};

struct TargetRule {
  FieldText latency, deviation, kernel;  // headings; the last two may be empty
  double unit_ns = 1;
  std::string statistic;
  FieldText name, device, engine, engine_version;
  std::vector<std::pair<std::string, FieldText>> settings;
  std::vector<TargetCondition> conditions;
};

struct FamilyRule {
  std::string name;
  std::vector<std::string> networks;  // patterns with * and ?
};

/// When a row is a module of a type, and how its parameters come from the row. Slots are indices into TableMap::reads.
struct ModuleRule {
  std::size_t line = 0;  // in the map
  std::string type;
  Program when;  // empty: always
  bool listed = true;
  std::vector<std::pair<std::string, Program>> parameters;
};

struct TableMap {
  enum class Rows : std::uint8_t { operations, networks };

  std::string place;  // the file, for messages
  std::string text;
  std::string name, summary, source;
  Rows rows = Rows::operations;
  std::string network;  // columns: headings or aliases
  std::string order;    // may be empty
  std::vector<std::string> missing;
  std::vector<std::string> operations;  // imports that list these networks' operations; empty: all of the engine's
  std::map<std::string, std::string> columns;  // alias -> heading
  TargetRule target;
  std::vector<FamilyRule> families;
  std::vector<ModuleRule> modules;
  std::vector<RowRead> reads;
  bool skip_unmatched = false;

  /// An expression reads a neighbouring row.
  [[nodiscard]] bool looks_around() const;
  [[nodiscard]] const std::string& heading(const std::string& column) const;
};

[[nodiscard]] Result<TableMap> read_map(const std::string& file);
[[nodiscard]] Result<TableMap> parse_map(std::string_view text, const std::string& place);

/// Every rule's type is a given one of the catalogue, and its parameters are all there.
[[nodiscard]] Result<void> check_map(const TableMap& map, const Catalogue& catalogue);

/// The first rule that fits; else the leading letters of the name, up to a digit, '_' or '-'.
[[nodiscard]] std::string family_of(const TableMap& map, std::string_view network);

/// `*` stands for any characters, `?` for one.
[[nodiscard]] bool fits(std::string_view pattern, std::string_view text);

}  // namespace latcast
