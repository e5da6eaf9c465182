#include "tables/table_reader.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "tables/cells.h"

namespace latcast {
namespace {

constexpr double kMissing = std::numeric_limits<double>::quiet_NaN();
constexpr double kLongest_ns = 9e18;

/// FNV-1a, 64 bits.
struct Fingerprint {
  std::uint64_t value = 0xcbf29ce484222325U;
  void add(std::string_view text) {
    for (const char c : text) step(static_cast<unsigned char>(c));
    step(0x100);  // ends a field: no byte
  }
  void step(std::uint64_t byte) { value = (value ^ byte) * 0x100000001b3U; }
};

}  // namespace

tl::unexpected<Error> TableReader::refuse(std::size_t line, const std::string& what) const {
  return fail(Errc::invalid_input, file() + ":" + std::to_string(line) + ": " + what);
}

TableReader::TableReader(CsvReader csv, const TableMap& map, TableBinding binding)
    : csv_(std::move(csv)),
      map_(&map),
      bound_(std::move(binding)),
      looks_around_(map.looks_around()),
      slots_(map.reads.size()),
      slot_read_(map.reads.size()) {}

Result<TableReader> TableReader::open(const std::string& file, const TableMap& map, const Catalogue& catalogue,
                                      Use use) {
  if (auto ok = check_map(map, catalogue); !ok) return tl::unexpected(ok.error());
  auto csv = CsvReader::open(file);
  if (!csv) return tl::unexpected(csv.error());
  auto binding = bind_table(csv->file(), csv->header(), map, catalogue, use == Use::measurements);
  if (!binding) return tl::unexpected(binding.error());
  return TableReader(std::move(*csv), map, std::move(*binding));
}

// ---- rows

double TableReader::progress() const {
  return csv_.bytes_total() == 0 ? 0 : static_cast<double>(csv_.bytes_read()) / static_cast<double>(csv_.bytes_total());
}

Result<bool> TableReader::next(TableRow& row) {
  if (!std::exchange(started_, true)) {
    if (auto ok = read_ahead(); !ok) return tl::unexpected(ok.error());
  }
  while (ahead_.there) {
    std::swap(previous_, current_);
    std::swap(current_, ahead_);
    if (auto ok = read_ahead(); !ok) return tl::unexpected(ok.error());
    const auto matched = read_modules(row.modules);
    if (!matched) return tl::unexpected(matched.error());
    if (!*matched) {
      unmatched_.add(current_.csv.line);
      continue;
    }
    if (auto ok = read_latencies(row.latencies); !ok) return tl::unexpected(ok.error());
    row.line = current_.csv.line;
    row.network = current_.network;
    row.order = bound_.order ? std::optional(current_.order) : std::nullopt;
    row.fingerprint = fingerprint(current_.csv);
    return true;
  }
  return false;
}

Result<void> TableReader::read_ahead() {
  while (true) {
    const auto more = csv_.next(ahead_.csv);
    if (!more) return tl::unexpected(more.error());
    ahead_.there = *more;
    if (!*more) return {};
    if (!looks_around_) return identify(ahead_);
    if (!bound_.order || !current_.there || ahead_.csv.fields != current_.csv.fields) break;
    repeated_.add(ahead_.csv.line);
  }
  if (auto ok = identify(ahead_); !ok) return ok;
  return check_place(ahead_);
}

Result<void> TableReader::identify(Record& record) const {
  record.network = std::string(text(record.csv, bound_.network));
  if (record.network.empty())
    return refuse(record.csv.line, "column '" + header()[bound_.network] + "' names no network");
  if (!bound_.order) return {};
  const auto order = number(record.csv, *bound_.order);
  if (!order) return tl::unexpected(order.error());
  if (std::isnan(*order)) return refuse(record.csv.line, "column '" + header()[*bound_.order] + "' has no value");
  record.order = *order;
  return {};
}

/// `record` comes behind the current one. Neighbours mean something only where a network's rows are together, in order.
Result<void> TableReader::check_place(const Record& record) {
  if (!current_.there) return {};
  if (record.network != current_.network) {
    left_[current_.network] = current_.csv.line;
    const auto earlier = left_.find(record.network);
    if (earlier == left_.end()) return {};
    return refuse(record.csv.line, "rows of '" + record.network + "' ended at line " + std::to_string(earlier->second) +
                                       "; " + map_->place +
                                       " looks at neighbouring rows, so those of a network must stand together");
  }
  if (bound_.order && record.order < current_.order) {
    return refuse(record.csv.line, "column '" + header()[*bound_.order] + "' falls behind line " +
                                       std::to_string(current_.csv.line) + "; " + map_->place +
                                       " looks at neighbouring rows, so they must stand in order");
  }
  return {};
}

/// False: no rule fits, and the map skips such rows.
Result<bool> TableReader::read_modules(std::vector<TableModule>& modules) {
  modules.clear();
  if (map_->rows == TableMap::Rows::networks) return true;
  slot_read_.assign(slot_read_.size(), false);
  const ModuleRule* listing = nullptr;
  for (std::size_t r = 0; r < bound_.rules.size(); ++r) {
    const ModuleRule& rule = map_->modules[r];
    const auto holds = rule.when.empty() ? Result<double>(1) : value(rule.when, rule, "when");
    if (!holds) return tl::unexpected(holds.error());
    if (*holds == 0) continue;
    if (rule.listed && listing != nullptr) {
      return refuse(current_.csv.line, "the rules at lines " + std::to_string(listing->line) + " and " +
                                           std::to_string(rule.line) + " of " + map_->place +
                                           " both fit; a row is one listed module");
    }
    if (rule.listed) listing = &rule;
    TableModule module{bound_.rules[r].type, {}, rule.listed};
    for (const std::size_t from : bound_.rules[r].parameters) {
      const auto& [name, program] = rule.parameters[from];
      const auto parameter = value(program, rule, name);
      if (!parameter) return tl::unexpected(parameter.error());
      module.parameters.push_back(*parameter);
    }
    modules.push_back(std::move(module));
  }
  if (listing != nullptr) return true;
  if (map_->skip_unmatched) return false;
  return refuse_unmatched();
}

tl::unexpected<Error> TableReader::refuse_unmatched() const {
  std::string cells;
  std::vector<std::size_t> shown;
  for (std::size_t slot = 0; slot < map_->reads.size(); ++slot) {
    const RowRead& read = map_->reads[slot];
    const std::size_t at = bound_.reads[slot];
    const bool wanted = read.kind == RowRead::Kind::equals && read.row == RowRead::Row::current;
    if (!wanted || std::ranges::find(shown, at) != shown.end()) continue;
    shown.push_back(at);
    cells += (cells.empty() ? ": " : ", ") + header()[at] + " = " + in_quotes(text(current_.csv, at));
  }
  return refuse(current_.csv.line, "no listed [[module]] of " + map_->place + " fits this row" + cells +
                                       "; write a rule for it, or unmatched = \"skip\"");
}

Result<void> TableReader::read_latencies(std::vector<TableCell>& latencies) const {
  latencies.assign(bound_.targets.size(), {});
  for (std::size_t t = 0; t < bound_.targets.size(); ++t) {
    const TableTarget& target = bound_.targets[t];
    TableCell& cell = latencies[t];
    if (target.kernel) cell.kernel = std::string(text(current_.csv, *target.kernel));
    const auto latency = number(current_.csv, target.latency);
    if (!latency) return tl::unexpected(latency.error());
    if (std::isnan(*latency)) continue;
    cell.state = *latency > 0 ? TableCell::State::measured : TableCell::State::not_positive;
    cell.latency_ns = *latency * map_->target.unit_ns;
    if (!(cell.latency_ns < kLongest_ns)) {
      return refuse(current_.csv.line, "column '" + header()[target.latency] + "': a latency of " +
                                           in_quotes(text(current_.csv, target.latency)) + " cannot be");
    }
    if (!target.deviation) continue;
    const auto deviation = number(current_.csv, *target.deviation);
    if (!deviation) return tl::unexpected(deviation.error());
    const double in_ns = *deviation * map_->target.unit_ns;
    if (in_ns >= 0 && in_ns < kLongest_ns) cell.deviation_ns = in_ns;
  }
  return {};
}

// ---- expressions

Result<double> TableReader::value(const Program& program, const ModuleRule& rule, std::string_view what) {
  for (const Instruction& step : program) {
    if (step.op != Opcode::load || slot_read_[step.slot]) continue;
    const auto read = read_slot(step.slot);
    if (!read) return read;
    slots_[step.slot] = *read;
    slot_read_[step.slot] = true;
  }
  std::size_t missing = 0;
  if (const auto result = evaluate_row(program, slots_, missing)) return *result;
  const RowRead& read = map_->reads[missing];
  const Record* record = record_of(read.row);
  const std::string whose = read.row == RowRead::Row::current ? ""
                            : read.row == RowRead::Row::next  ? " of the next row"
                                                              : " of the row before";
  return refuse(current_.csv.line, "column '" + header()[bound_.reads[missing]] + "'" + whose +
                                       (record == nullptr ? ", which does not exist," : "") + " has no value, and '" +
                                       std::string(what) + "' of the rule for '" + rule.type + "' at " + map_->place +
                                       ":" + std::to_string(rule.line) + " needs one; a default is written " +
                                       read.column + " | 0");
}

/// NaN where it is missing.
Result<double> TableReader::read_slot(std::size_t slot) const {
  const RowRead& read = map_->reads[slot];
  const std::size_t at = bound_.reads[slot];
  const Record* record = record_of(read.row);
  const std::string_view cell = record != nullptr ? text(record->csv, at) : std::string_view();
  switch (read.kind) {
    case RowRead::Kind::equals:
      return cell == read.text ? 1 : 0;
    case RowRead::Kind::present:
      return cell.empty() ? 0 : 1;
    case RowRead::Kind::count:
      return cell.empty() ? 0 : parts_equal(cell, read.text);
    case RowRead::Kind::number:
      break;
  }
  if (cell.empty()) return read.fallback.value_or(kMissing);
  return number(record->csv, at);
}

/// Null: there is no such row of the network.
const TableReader::Record* TableReader::record_of(RowRead::Row row) const {
  const Record& record = row == RowRead::Row::current ? current_ : row == RowRead::Row::next ? ahead_ : previous_;
  return record.there && record.network == current_.network ? &record : nullptr;
}

/// Empty where the cell is missing.
std::string_view TableReader::text(const CsvRecord& record, std::size_t at) const {
  const std::string_view cell = trimmed(record.fields[at]);
  return std::ranges::find(map_->missing, cell) != map_->missing.end() ? std::string_view() : cell;
}

/// NaN where the cell is missing.
Result<double> TableReader::number(const CsvRecord& record, std::size_t at) const {
  const std::string_view cell = text(record, at);
  if (cell.empty()) return kMissing;
  if (const auto value = parse_number(cell)) return *value;
  return refuse(record.line, "column '" + header()[at] + "': " + in_quotes(cell) + " is not a number");
}

std::uint64_t TableReader::fingerprint(const CsvRecord& record) const {
  Fingerprint print;
  if (map_->rows == TableMap::Rows::operations) {
    for (const std::string& field : record.fields) print.add(field);
  } else {
    for (const TableTarget& target : bound_.targets) {
      print.add(text(record, target.latency));
      if (target.deviation) print.add(text(record, *target.deviation));
    }
  }
  return print.value;
}

}  // namespace latcast
