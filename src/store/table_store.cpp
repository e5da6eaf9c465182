// Reading imported tables.
#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>

#include "store/store.h"

namespace latcast {
namespace {

using sqlite::collect;
using sqlite::Database;
using sqlite::Statement;
using Json = nlohmann::json;

template <class Number>
std::map<std::string, Number> numbers(const std::string& json) {
  const Json parsed = Json::parse(json, nullptr, false);
  std::map<std::string, Number> result;
  if (!parsed.is_object()) return result;
  for (const auto& [key, value] : parsed.items()) {
    if (value.is_number()) result[key] = value.template get<Number>();
  }
  return result;
}

std::optional<std::int64_t> integer_or_none(const Statement& row, int column) {
  if (row.is_null(column)) return std::nullopt;
  return row.integer(column);
}

/// A query that yields one row of numbers, with the target bound.
Result<std::vector<std::int64_t>> single_row(Database& database, std::string_view sql, std::int64_t target,
                                             int columns) {
  auto select = database.prepare(sql);
  if (!select) return tl::unexpected(select.error());
  const auto row = select->bind(target).next();
  if (!row) return tl::unexpected(row.error());
  std::vector<std::int64_t> values;
  for (int column = 0; column < columns; ++column) values.push_back(select->integer(column));
  return values;
}

}  // namespace

Conditions TargetRecord::conditions() const {
  constexpr std::string_view kPrefix = "condition.";
  Conditions result;
  for (const auto& [key, text] : settings) {
    double value = 0;
    const char* end = text.data() + text.size();
    const bool number = std::from_chars(text.data(), end, value).ptr == end;
    if (key.starts_with(kPrefix) && number) result[key.substr(kPrefix.size())] = value;
  }
  return result;
}

Result<std::vector<ImportRecord>> Store::imports() {
  auto select = database_.prepare(
      "SELECT id, name, kind, map, file, imported_unix_s, tool_version, counts_json FROM imports ORDER BY id");
  if (!select) return tl::unexpected(select.error());
  return collect<ImportRecord>(*select, [](const Statement& row) {
    return ImportRecord{row.integer(0), row.text(1),    row.text(2), row.text(3),
                        row.text(4),    row.integer(5), row.text(6), numbers<std::int64_t>(row.text(7))};
  });
}

Result<std::vector<TableNetworkRecord>> Store::table_networks(std::int64_t import) {
  auto select = database_.prepare("SELECT id, import, name, family FROM table_networks WHERE import=? ORDER BY id");
  if (!select) return tl::unexpected(select.error());
  select->bind(import);
  return collect<TableNetworkRecord>(*select, [](const Statement& row) {
    return TableNetworkRecord{row.integer(0), row.integer(1), row.text(2), row.text(3)};
  });
}

Result<std::vector<OperationRecord>> Store::operations(std::int64_t import, std::int64_t target) {
  auto select = database_.prepare(
      "SELECT o.id, o.network, o.position, o.line, o.type, o.parameters_json, o.listed, l.latency_ns, l.kernel FROM "
      "table_networks n JOIN operations o ON o.network=n.id LEFT JOIN operation_latencies l ON l.operation=o.id AND "
      "l.target=? WHERE n.import=? ORDER BY o.network, o.position, o.id");
  if (!select) return tl::unexpected(select.error());
  select->bind(target).bind(import);
  return collect<OperationRecord>(*select, [](const Statement& row) {
    return OperationRecord{row.integer(0),      row.integer(1),
                           row.number(2),       row.integer(3),
                           row.text(4),         numbers<double>(row.text(5)),
                           row.integer(6) != 0, integer_or_none(row, 7),
                           row.text(8)};
  });
}

Result<std::vector<TotalRecord>> Store::totals(std::int64_t target) {
  auto select = database_.prepare(
      "SELECT n.import, n.id, n.name, n.family, t.latency_ns, t.deviation_ns FROM totals t JOIN table_networks n ON "
      "n.id=t.network WHERE t.target=? ORDER BY n.import, n.id");
  if (!select) return tl::unexpected(select.error());
  select->bind(target);
  return collect<TotalRecord>(*select, [](const Statement& row) {
    return TotalRecord{row.integer(0), row.integer(1), row.text(2),
                       row.text(3),    row.integer(4), integer_or_none(row, 5)};
  });
}

Result<TargetContents> Store::contents(std::int64_t target) {
  const auto carriers = single_row(
      database_,
      "SELECT count(DISTINCT c.id), count(DISTINCT n.id), count(m.id), count(CASE WHEN json_valid(c.context_json) AND "
      "m.host_load > 0.5 + json_extract(c.context_json, '$.cpus') THEN 1 END) FROM campaigns c "
      "LEFT JOIN networks n ON n.campaign=c.id LEFT JOIN measurements m ON m.network=n.id "
      "WHERE c.target=?",
      target, 4);
  if (!carriers) return tl::unexpected(carriers.error());
  const auto operations = single_row(database_,
                                     "SELECT count(DISTINCT o.network), count(*) FROM operation_latencies l JOIN "
                                     "operations o ON o.id=l.operation WHERE l.target=?",
                                     target, 2);
  if (!operations) return tl::unexpected(operations.error());
  const auto totals = single_row(database_, "SELECT count(*) FROM totals WHERE target=?", target, 1);
  if (!totals) return tl::unexpected(totals.error());
  return TargetContents{(*carriers)[0],   (*carriers)[1],   (*carriers)[2], (*carriers)[3],
                        (*operations)[0], (*operations)[1], (*totals)[0]};
}

Result<std::vector<std::string>> Store::measured_networks(const std::string& engine, bool operations,
                                                          const std::vector<std::string>& imports) {
  auto select = database_.prepare(
      operations ? "SELECT DISTINCT n.name, i.name FROM targets t JOIN operation_latencies l ON l.target=t.id JOIN "
                   "operations o ON o.id=l.operation JOIN table_networks n ON n.id=o.network JOIN imports i ON "
                   "i.id=n.import WHERE t.engine=? ORDER BY n.name"
                 : "SELECT DISTINCT n.name, i.name FROM targets t JOIN totals l ON l.target=t.id JOIN table_networks n "
                   "ON n.id=l.network JOIN imports i ON i.id=n.import WHERE t.engine=? ORDER BY n.name");
  if (!select) return tl::unexpected(select.error());
  select->bind(engine);
  auto rows = collect<std::pair<std::string, std::string>>(
      *select, [](const Statement& row) { return std::pair{row.text(0), row.text(1)}; });
  if (!rows) return tl::unexpected(rows.error());
  std::vector<std::string> names;
  for (auto& [network, import] : *rows) {
    const bool wanted = imports.empty() || std::ranges::find(imports, import) != imports.end();
    if (wanted && (names.empty() || names.back() != network)) names.push_back(std::move(network));
  }
  return names;
}

}  // namespace latcast
