#include "store/import_writer.h"

#include <nlohmann/json.hpp>

namespace latcast {
namespace {

using sqlite::Database;
using sqlite::Statement;
using Json = nlohmann::json;

/// Runs a statement with one number bound to it.
Result<void> run_with(Database& database, std::string_view sql, std::int64_t value) {
  auto statement = database.prepare(sql);
  if (!statement) return tl::unexpected(statement.error());
  return statement->bind(value).run();
}

}  // namespace

void ImportWriter::Rollback::operator()(Database* database) const {
  // Nothing is left to be done where it fails: SQLite has rolled back by itself.
  (void)database->execute("ROLLBACK");
}

Result<ImportWriter> ImportWriter::begin(Store& store, const ImportRecord& import) {
  if (auto ok = store.database_.execute("BEGIN IMMEDIATE"); !ok) return tl::unexpected(ok.error());
  ImportWriter result(store, std::unique_ptr<Database, Rollback>(&store.database_));
  if (auto ok = result.open(import); !ok) return tl::unexpected(ok.error());
  if (auto ok = result.remove_rows(); !ok) return tl::unexpected(ok.error());
  if (auto ok = result.prepare(); !ok) return tl::unexpected(ok.error());
  return result;
}

Result<void> ImportWriter::open(const ImportRecord& import) {
  Database& database = store_->database_;
  auto upsert = database.prepare(
      "INSERT INTO imports (name, kind, map, file, imported_unix_s, tool_version, counts_json) VALUES "
      "(?,?,?,?,?,?,'{}') ON CONFLICT (name) DO UPDATE SET kind=excluded.kind, map=excluded.map, file=excluded.file, "
      "imported_unix_s=excluded.imported_unix_s, tool_version=excluded.tool_version RETURNING id");
  if (!upsert) return tl::unexpected(upsert.error());
  upsert->bind(import.name)
      .bind(import.kind)
      .bind(import.map)
      .bind(import.file)
      .bind(import.imported_unix_s)
      .bind(import.tool_version);
  const auto row = upsert->next();
  if (!row) return tl::unexpected(row.error());
  import_ = upsert->integer(0);
  return {};
}

Result<void> ImportWriter::remove_rows() {
  Database& database = store_->database_;
  auto targets = database.prepare(
      "SELECT DISTINCT l.target FROM operation_latencies l JOIN operations o ON o.id=l.operation JOIN table_networks n "
      "ON n.id=o.network WHERE n.import=?1 UNION SELECT t.target FROM totals t JOIN table_networks n ON n.id=t.network "
      "WHERE n.import=?1");
  if (!targets) return tl::unexpected(targets.error());
  targets->bind(import_);
  auto ids = sqlite::collect<std::int64_t>(*targets, [](const Statement& row) { return row.integer(0); });
  if (!ids) return tl::unexpected(ids.error());
  targets_ = std::move(*ids);
  for (const char* sql :
       {"DELETE FROM operation_latencies WHERE operation IN (SELECT o.id FROM operations o JOIN table_networks n ON "
        "n.id=o.network WHERE n.import=?)",
        "DELETE FROM operations WHERE network IN (SELECT id FROM table_networks WHERE import=?)",
        "DELETE FROM totals WHERE network IN (SELECT id FROM table_networks WHERE import=?)",
        "DELETE FROM table_networks WHERE import=?"}) {
    if (auto ok = run_with(database, sql, import_); !ok) return ok;
  }
  return {};
}

Result<void> ImportWriter::prepare() {
  Database& database = store_->database_;
  if (auto ok = database.execute(
          "CREATE TEMP TABLE IF NOT EXISTS import_rows (network INTEGER, position REAL, line INTEGER, fingerprint "
          "INTEGER, PRIMARY KEY (network, position)) WITHOUT ROWID; DELETE FROM import_rows");
      !ok) {
    return ok;
  }
  auto network = database.prepare("INSERT INTO table_networks (import, name, family) VALUES (?,?,?)");
  auto note = database.prepare("INSERT OR IGNORE INTO import_rows VALUES (?,?,?,?)");
  auto earlier = database.prepare("SELECT line, fingerprint FROM import_rows WHERE network=? AND position=?");
  auto operation = database.prepare(
      "INSERT INTO operations (network, position, line, type, parameters_json, listed) VALUES (?,?,?,?,?,?)");
  auto latency = database.prepare("INSERT INTO operation_latencies VALUES (?,?,?,?)");
  auto total = database.prepare("INSERT INTO totals VALUES (?,?,?,?)");
  for (const auto* one : {&network, &note, &earlier, &operation, &latency, &total}) {
    if (!*one) return tl::unexpected(one->error());
  }
  statements_ = std::make_unique<Statements>(Statements{std::move(*network), std::move(*note), std::move(*earlier),
                                                        std::move(*operation), std::move(*latency), std::move(*total)});
  return {};
}

Result<std::int64_t> ImportWriter::add_target(const TargetRecord& target) {
  auto id = store_->ensure_target(target);
  if (!id) return id;
  targets_.push_back(*id);
  // Its name is how the last import calls it.
  auto rename = store_->database_.prepare("UPDATE targets SET name=? WHERE id=?");
  if (!rename) return tl::unexpected(rename.error());
  if (auto ok = rename->bind(target.name).bind(*id).run(); !ok) return tl::unexpected(ok.error());
  return id;
}

Result<std::int64_t> ImportWriter::add_network(const std::string& name, const std::string& family) {
  if (auto ok = statements_->network.bind(import_).bind(name).bind(family).run(); !ok) {
    return tl::unexpected(ok.error());
  }
  return store_->database_.last_row_id();
}

Result<EarlierRow> ImportWriter::note_row(std::int64_t network, double position, std::int64_t line,
                                          std::uint64_t fingerprint) {
  const auto print = static_cast<std::int64_t>(fingerprint);
  if (auto ok = statements_->note.bind(network).bind(position).bind(line).bind(print).run(); !ok) {
    return tl::unexpected(ok.error());
  }
  if (store_->database_.changes() > 0) return EarlierRow{};
  Statement& select = statements_->earlier;
  const auto found = select.bind(network).bind(position).next();
  if (!found) return tl::unexpected(found.error());
  const EarlierRow row{select.integer(0), select.integer(1) == print};
  select.reset();
  return row;
}

Result<std::int64_t> ImportWriter::add_operation(const OperationRecord& operation) {
  const auto ok = statements_->operation.bind(operation.network)
                      .bind(operation.position)
                      .bind(operation.line)
                      .bind(operation.type)
                      .bind(Json(operation.parameters).dump())
                      .bind(static_cast<std::int64_t>(operation.listed))
                      .run();
  if (!ok) return tl::unexpected(ok.error());
  return store_->database_.last_row_id();
}

Result<void> ImportWriter::add_latency(std::int64_t target, std::int64_t operation, std::int64_t latency_ns,
                                       const std::string& kernel) {
  return statements_->latency.bind(target).bind(operation).bind(latency_ns).bind(kernel).run();
}

Result<void> ImportWriter::add_total(std::int64_t target, std::int64_t network, std::int64_t latency_ns,
                                     std::optional<std::int64_t> deviation_ns) {
  Statement& insert = statements_->total.bind(target).bind(network).bind(latency_ns);
  return (deviation_ns ? insert.bind(*deviation_ns) : insert.bind_null()).run();
}

Result<void> ImportWriter::commit(const std::map<std::string, std::int64_t>& counts) {
  Database& database = store_->database_;
  auto update = database.prepare("UPDATE imports SET counts_json=? WHERE id=?");
  if (!update) return tl::unexpected(update.error());
  if (auto ok = update->bind(Json(counts).dump()).bind(import_).run(); !ok) return ok;
  for (const std::int64_t target : targets_) {
    auto ok = run_with(database,
                       "DELETE FROM targets WHERE id=?1 AND NOT EXISTS (SELECT 1 FROM campaigns WHERE target=?1) AND "
                       "NOT EXISTS (SELECT 1 FROM operation_latencies WHERE target=?1) AND NOT EXISTS (SELECT 1 FROM "
                       "totals WHERE target=?1)",
                       target);
    if (!ok) return ok;
  }
  if (auto ok = database.execute("COMMIT"); !ok) return ok;
  [[maybe_unused]] const Database* committed = transaction_.release();
  return {};
}

}  // namespace latcast
