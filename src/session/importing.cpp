#include "session/importing.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <ctime>
#include <iterator>
#include <unordered_map>

#include "learn/data/table_networks.h"
#include "session/import_warnings.h"
#include "session/totals_check.h"
#include "store/import_writer.h"

namespace latcast::session {
namespace {

/// Rows between two reports of progress.
constexpr std::size_t kRowsPerReport = 256;

/// A store for the time of a dry run: nothing is to be kept.
constexpr const char* kNowhere = "";

std::string plain_number(double value) {
  char buffer[40];
  return {buffer, std::to_chars(buffer, buffer + sizeof buffer, value).ptr};
}

/// Nothing that was measured takes no time at all.
std::int64_t whole_ns(double ns) { return std::max<std::int64_t>(1, std::llround(ns)); }

/// The store's target for one of a table's.
TargetRecord target_record(const TableTarget& target) {
  TargetRecord record{0, target.name, target.device, "", target.engine, target.engine_version, "", target.settings};
  for (const auto& [name, value] : target.conditions) record.settings["condition." + name] = plain_number(value);
  return record;
}

class Importer {
 public:
  Importer(Store& store, ImportWriter& rows, TableReader& reader, const TableMap& map, const Catalogue& catalogue,
           bool force)
      : store_(store), rows_(rows), reader_(reader), map_(map), catalogue_(catalogue), force_(force) {}

  /// Reads the table to its end and stores it, or changes nothing.
  Result<ImportSummary> run(Listener& listener) {
    summary_.name = map_.name;
    for (const TableTarget& target : reader_.targets()) {
      const auto id = rows_.add_target(target_record(target));
      if (!id) return tl::unexpected(id.error());
      target_ids_.push_back(*id);
      summary_.targets.push_back({target});
    }
    TableRow row;
    while (true) {
      const auto more = reader_.next(row);
      // A signal may also cut a read short.
      if (listener.cancelled()) return fail(Errc::interrupted, "interrupted; nothing was stored");
      if (!more) return tl::unexpected(more.error());
      if (!*more) break;
      if (auto ok = add(row); !ok) return tl::unexpected(ok.error());
      if (summary_.rows % kRowsPerReport == 0)
        listener.progress(reader_.progress(), std::to_string(summary_.rows) + " rows");
    }
    if (auto ok = finish(); !ok) return tl::unexpected(ok.error());
    std::ranges::move(cell_warnings(cells_, summary_, reader_.file()), std::back_inserter(summary_.warnings));
    return std::move(summary_);
  }

 private:
  struct Network {
    std::int64_t id = 0;
    std::int64_t rows = 0;
  };

  Result<void> add(const TableRow& row) {
    auto network = find_network(row.network);
    if (!network) return tl::unexpected(network.error());
    const bool identified = map_.rows == TableMap::Rows::networks || row.order.has_value();
    const double position = row.order.value_or(identified ? 0.0 : static_cast<double>((*network)->rows));
    if (identified) {
      const auto earlier =
          rows_.note_row((*network)->id, position, static_cast<std::int64_t>(row.line), row.fingerprint);
      if (!earlier) return tl::unexpected(earlier.error());
      if (earlier->line > 0 && !earlier->same) return refuse_second(row, *earlier);
      if (earlier->line > 0) {
        cells_.repeated.add(row.line);
        return {};
      }
    }
    ++(*network)->rows;
    ++summary_.rows;
    return map_.rows == TableMap::Rows::networks ? add_totals(row, (*network)->id)
                                                 : add_modules(row, (*network)->id, position);
  }

  Result<Network*> find_network(const std::string& name) {
    const auto found = networks_.find(name);
    if (found != networks_.end()) return &found->second;
    const std::string family = family_of(map_, name);
    const auto id = rows_.add_network(name, family);
    if (!id) return tl::unexpected(id.error());
    summary_.networks[name] = family;
    return &networks_.emplace(name, Network{*id, 0}).first->second;
  }

  [[nodiscard]] tl::unexpected<Error> refuse_second(const TableRow& row, const EarlierRow& earlier) const {
    const std::string place = reader_.file() + ":" + std::to_string(row.line) + ": ";
    const std::string line = std::to_string(earlier.line);
    if (map_.rows == TableMap::Rows::networks) {
      return fail(Errc::invalid_input, place + "network '" + row.network + "' has other totals at line " + line);
    }
    return fail(Errc::invalid_input, place + "column '" + map_.heading(map_.order) +
                                         "': " + plain_number(row.order.value_or(0)) + " of '" + row.network +
                                         "' stands with other cells at line " + line);
  }

  Result<void> add_modules(const TableRow& row, std::int64_t network, double position) {
    for (const TableModule& module : row.modules) {
      const ModuleType& type = catalogue_.types()[module.type];
      OperationRecord operation;
      operation.network = network;
      operation.position = position;
      operation.line = static_cast<std::int64_t>(row.line);
      operation.type = type.name;
      operation.listed = module.listed;
      for (std::size_t i = 0; i < module.parameters.size(); ++i) {
        operation.parameters[type.parameters[i].name] = module.parameters[i];
      }
      const auto id = rows_.add_operation(operation);
      if (!id) return tl::unexpected(id.error());
      ++(module.listed ? summary_.listed : summary_.unlisted)[type.name];
      if (!module.listed) continue;
      for (std::size_t t = 0; t < target_ids_.size(); ++t) {
        const TableCell& cell = row.latencies[t];
        if (!measured(row, t)) continue;
        auto ok = rows_.add_latency(target_ids_[t], *id, whole_ns(cell.latency_ns), cell.kernel);
        if (!ok) return ok;
      }
    }
    return {};
  }

  Result<void> add_totals(const TableRow& row, std::int64_t network) {
    for (std::size_t t = 0; t < target_ids_.size(); ++t) {
      const TableCell& cell = row.latencies[t];
      if (!measured(row, t)) continue;
      const auto deviation =
          cell.deviation_ns ? std::optional<std::int64_t>(std::llround(*cell.deviation_ns)) : std::nullopt;
      if (auto ok = rows_.add_total(target_ids_[t], network, whole_ns(cell.latency_ns), deviation); !ok) return ok;
    }
    return {};
  }

  /// Counts the cell.
  bool measured(const TableRow& row, std::size_t t) {
    ImportedTarget& target = summary_.targets[t];
    const auto note = [&](CellOccurrence& occurrence, std::size_t& count) {
      ++count;
      if (occurrence.count++ > 0) return;
      occurrence.line = row.line;
      occurrence.column = reader_.header()[target.target.latency];
    };
    switch (row.latencies[t].state) {
      case TableCell::State::missing:
        note(cells_.missing, target.missing);
        return false;
      case TableCell::State::not_positive:
        note(cells_.not_positive, target.not_positive);
        return false;
      case TableCell::State::measured:
        ++target.measured;
        return true;
    }
    return false;
  }

  Result<void> finish() {
    const auto merge = [](Occurrence into, const Occurrence& other) {
      if (into.count == 0 || (other.count > 0 && other.line < into.line)) into.line = other.line;
      into.count += other.count;
      return into;
    };
    cells_.repeated = merge(cells_.repeated, reader_.repeated());
    cells_.unmatched = reader_.unmatched();
    summary_.repeated = cells_.repeated.count;
    summary_.unmatched = cells_.unmatched.count;
    if (summary_.rows == 0) {
      return fail(Errc::invalid_input, reader_.file() + ": no row " +
                                           std::string(summary_.unmatched > 0 ? "that a rule of " + map_.place + " fits"
                                                                              : "behind the header"));
    }
    std::size_t latencies = 0, modules = 0;
    for (const ImportedTarget& target : summary_.targets) latencies += target.measured;
    for (const auto* types : {&summary_.listed, &summary_.unlisted}) {
      for (const auto& [type, count] : *types) modules += count;
    }
    if (latencies == 0)
      return fail(Errc::invalid_input, reader_.file() + ": no latency is above 0; all cells count as not measured");
    if (auto ok = check_latencies(); !ok) return ok;
    return rows_.commit({{"rows", static_cast<std::int64_t>(summary_.rows)},
                         {"networks", static_cast<std::int64_t>(summary_.networks.size())},
                         {"modules", static_cast<std::int64_t>(modules)},
                         {"latencies", static_cast<std::int64_t>(latencies)}});
  }

  /// Of one target, with what other tables say of it: the table has one unit. Best one that totals and operations are
  /// of.
  Result<void> check_latencies() {
    const auto targets = store_.targets();
    if (!targets) return tl::unexpected(targets.error());
    const TargetRecord* chosen = nullptr;
    for (const TargetRecord& target : *targets) {
      if (std::ranges::find(target_ids_, target.id) == target_ids_.end()) continue;
      const auto contents = store_.contents(target.id);
      if (!contents) return tl::unexpected(contents.error());
      const bool both = contents->totals > 0 && contents->operations > 0;
      if (chosen == nullptr || both) chosen = &target;
      if (both) break;
    }
    const auto data = chosen == nullptr ? Result<learn::TableNetworks>(learn::TableNetworks{})
                                        : learn::load_table_networks(store_, *chosen, catalogue_);
    const auto why = data ? beyond_reason(data->networks, catalogue_) : std::nullopt;  // none: of types not at hand
    if (!why) return {};
    const std::string text = chosen->name + ": " + *why;
    if (!force_) return fail(Errc::invalid_input, reader_.file() + ": " + text + ". --force imports them");
    summary_.warnings.push_back(text);
    return {};
  }

  Store& store_;
  ImportWriter& rows_;
  TableReader& reader_;
  const TableMap& map_;
  const Catalogue& catalogue_;
  bool force_;
  std::vector<std::int64_t> target_ids_;
  std::unordered_map<std::string, Network> networks_;
  ImportSummary summary_;
  CellOccurrences cells_;
};

Result<ImportSummary> import_table(Store& store, const std::string& table, const TableMap& map,
                                   const Catalogue& catalogue, bool force, Listener& listener) {
  auto reader = TableReader::open(table, map, catalogue, TableReader::Use::measurements);
  if (!reader) return tl::unexpected(reader.error());
  ImportRecord record;
  record.name = map.name;
  record.kind = map.rows == TableMap::Rows::networks ? "networks" : "operations";
  record.map = map.text;
  record.file = reader->file();
  record.imported_unix_s = std::time(nullptr);
  record.tool_version = LATCAST_VERSION;
  auto rows = ImportWriter::begin(store, record);
  if (!rows) return tl::unexpected(rows.error());
  return Importer(store, *rows, *reader, map, catalogue, force).run(listener);
}

/// With what the table says of networks that the store has from others. A dry run leaves the store that is there alone.
Result<ImportSummary> import_and_compare(const ImportOptions& options, bool there, const TableMap& map,
                                         const Catalogue& catalogue, Listener& listener) {
  auto store = Store::create(options.dry_run ? kNowhere : options.db);
  if (!store) return tl::unexpected(store.error());
  auto summary = import_table(*store, options.table, map, catalogue, options.force, listener);
  if (!summary) return summary;
  auto beside = options.dry_run && there ? Store::open_read_only(options.db) : std::move(store);
  if (!beside) return tl::unexpected(beside.error());
  auto more = network_warnings(*beside, map, *summary);
  if (!more) return tl::unexpected(more.error());
  std::ranges::move(*more, std::back_inserter(summary->warnings));
  for (const std::string& text : summary->warnings) listener.warning(text);
  return summary;
}

void remove_store(const std::string& file) {
  std::error_code failure;
  for (const char* end : {"", "-wal", "-shm"}) std::filesystem::remove(file + end, failure);
}

}  // namespace

std::map<std::string, std::size_t> ImportSummary::families() const {
  std::map<std::string, std::size_t> sizes;
  for (const auto& [network, family] : networks) ++sizes[family];
  return sizes;
}

Result<ImportSummary> import_table(Store& store, const std::string& table, const std::string& map,
                                   const Catalogue& catalogue, Listener& listener) {
  const auto read = read_map(map);
  if (!read) return tl::unexpected(read.error());
  return import_table(store, table, *read, catalogue, false, listener);
}

Result<ImportSummary> import_table(const ImportOptions& options, Listener& listener) {
  const auto catalogue = Catalogue::builtin(options.catalogue);
  if (!catalogue) return tl::unexpected(catalogue.error());
  const auto map = read_map(options.map);
  if (!map) return tl::unexpected(map.error());
  std::error_code failure;
  const bool there = !options.db.empty() && std::filesystem::exists(options.db, failure);
  const auto summary = import_and_compare(options, there, *map, *catalogue, listener);
  if (!summary && !options.dry_run && !there) remove_store(options.db);
  return summary;
}

}  // namespace latcast::session
