#include "store/store.h"

#include <charconv>
#include <cmath>
#include <cstring>
#include <nlohmann/json.hpp>

#include "store/schema.h"

namespace latcast {
namespace {

using sqlite::collect;
using sqlite::Database;
using sqlite::Statement;
using Json = nlohmann::json;
using Texts = std::map<std::string, std::string>;

/// Little-endian 64-bit integers, one after another.
std::span<const std::byte> as_blob(const std::vector<std::int64_t>& values) { return std::as_bytes(std::span(values)); }

std::vector<std::int64_t> from_blob(const std::string& blob) {
  std::vector<std::int64_t> values(blob.size() / sizeof(std::int64_t));
  if (!values.empty()) std::memcpy(values.data(), blob.data(), values.size() * sizeof(std::int64_t));
  return values;
}

Texts texts(const std::string& json) {
  const Json parsed = Json::parse(json, nullptr, false);
  Texts result;
  if (!parsed.is_object()) return result;
  for (const auto& [key, value] : parsed.items())
    result[key] = value.is_string() ? value.get<std::string>() : value.dump();
  return result;
}

Conditions conditions(const std::string& json) {
  const Json parsed = Json::parse(json, nullptr, false);
  Conditions result;
  if (!parsed.is_object()) return result;
  for (const auto& [key, value] : parsed.items())
    if (value.is_number()) result[key] = value.get<double>();
  return result;
}

std::span<const std::byte> bytes(const std::string& text) { return std::as_bytes(std::span(text)); }

Result<std::int64_t> single_integer(Database& database, std::string_view sql) {
  auto statement = database.prepare(sql);
  if (!statement) return tl::unexpected(statement.error());
  auto row = statement->next();
  if (!row) return tl::unexpected(row.error());
  return *row ? statement->integer(0) : 0;
}

/// What the schemas after `version` have changed.
std::string changes_since(std::int64_t version, const char* SchemaChange::* part) {
  std::string sql;
  for (const SchemaChange& one : kSchemaChanges) {
    if (one.version > version) sql += one.*part;
  }
  return sql;
}

}  // namespace

Result<Store> Store::create(const std::string& file, std::chrono::milliseconds patience) {
  auto database = Database::open(file, Database::Mode::create, patience);
  if (!database) return tl::unexpected(database.error());
  Store store(std::move(*database));
  if (auto ok = store.prepare_schema(file, true); !ok) return tl::unexpected(ok.error());
  return store;
}

Result<Store> Store::open_read_only(const std::string& file) {
  auto database = Database::open(file, Database::Mode::read_only);
  if (!database) return tl::unexpected(database.error());
  Store store(std::move(*database));
  if (auto ok = store.prepare_schema(file, false); !ok) return tl::unexpected(ok.error());
  return store;
}

/// Of a database without any. Other processes may be about to do the same.
Result<void> Store::make_schema() {
  const auto tables = [this] { return single_integer(database_, "SELECT count(*) FROM sqlite_master"); };
  const auto before = tables();
  if (!before) return tl::unexpected(before.error());
  if (*before > 0) return {};
  // Journal mode cannot change inside a transaction; the schema and its marks appear at once or not at all.
  if (auto ok = database_.use_write_ahead_log(); !ok) return ok;
  return atomically([&]() -> Result<void> {
    const auto now = tables();
    if (!now) return tl::unexpected(now.error());
    if (*now > 0) return {};  // another process was quicker
    return database_.execute("PRAGMA application_id=" + std::to_string(kStoreApplicationId) +
                             "; PRAGMA user_version=" + std::to_string(kStoreSchemaVersion) + ";" + kSchema);
  });
}

Result<void> Store::prepare_schema(const std::string& file, bool may_write) {
  if (may_write) {
    if (auto ok = make_schema(); !ok) return ok;
  }
  const auto application = single_integer(database_, "PRAGMA application_id");
  if (!application) return tl::unexpected(application.error());
  if (*application != kStoreApplicationId) {
    return fail(Errc::invalid_input, "store " + file + ": an SQLite database, but not one of latcast's");
  }
  const auto version = single_integer(database_, "PRAGMA user_version");
  if (!version) return tl::unexpected(version.error());
  if (*version < kOldestSchema || *version > kStoreSchemaVersion) {
    return fail(Errc::mismatch, "store " + file + ": has schema version " + std::to_string(*version) +
                                    ", this latcast reads " + std::to_string(kStoreSchemaVersion) +
                                    (*version > kStoreSchemaVersion ? "; use a newer latcast" : ""));
  }
  if (!may_write) return database_.execute(changes_since(*version, &SchemaChange::view));
  if (auto ok = database_.execute("PRAGMA synchronous=NORMAL;"); !ok || *version == kStoreSchemaVersion) return ok;
  return upgrade();
}

Result<void> Store::upgrade() {
  return atomically([this]() -> Result<void> {
    const auto version = single_integer(database_, "PRAGMA user_version");  // another process may have been quicker
    if (!version) return tl::unexpected(version.error());
    return database_.execute(changes_since(*version, &SchemaChange::upgrade) +
                             "PRAGMA user_version=" + std::to_string(kStoreSchemaVersion));
  });
}

Result<void> Store::atomically(const std::function<Result<void>()>& change) {
  if (auto ok = database_.execute("BEGIN IMMEDIATE"); !ok) return ok;
  if (auto ok = change(); !ok) {
    (void)database_.execute("ROLLBACK");  // where it fails, SQLite has rolled back by itself
    return ok;
  }
  return database_.execute("COMMIT");
}

DeviceFacts device_facts(const std::map<std::string, std::string>& context) {
  DeviceFacts out;
  for (const auto& [name, text] : context) {
    double value = 0;
    const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (failure == std::errc() && end == text.data() + text.size() && std::isfinite(value)) out.emplace(name, value);
  }
  return out;
}

Result<std::int64_t> Store::ensure_target(const TargetRecord& target) {
  const std::string settings = Json(target.settings).dump();
  // First, so that of several processes at once one makes it.
  auto insert = database_.prepare(
      "INSERT INTO targets (name, device, cpu_features, engine, engine_version, library, settings_json) VALUES "
      "(?,?,?,?,?,?,?) ON CONFLICT DO NOTHING");
  if (!insert) return tl::unexpected(insert.error());
  insert->bind(target.name)
      .bind(target.device)
      .bind(target.cpu_features)
      .bind(target.engine)
      .bind(target.engine_version)
      .bind(target.library)
      .bind(settings);
  if (auto ok = insert->run(); !ok) return tl::unexpected(ok.error());
  auto find = database_.prepare(
      "SELECT id FROM targets WHERE device=? AND cpu_features=? AND engine=? AND engine_version=? AND settings_json=?");
  if (!find) return tl::unexpected(find.error());
  find->bind(target.device).bind(target.cpu_features).bind(target.engine).bind(target.engine_version).bind(settings);
  auto found = find->next();
  if (!found) return tl::unexpected(found.error());
  return find->integer(0);
}

Result<std::int64_t> Store::add_campaign(const CampaignRecord& campaign) {
  auto insert = database_.prepare(
      "INSERT INTO campaigns (target, started_unix_s, tool_version, seed, budget_ns, spent_ns, status, plan_json, "
      "context_json) "
      "VALUES (?,?,?,?,?,?,?,?,?)");
  if (!insert) return tl::unexpected(insert.error());
  insert->bind(campaign.target)
      .bind(campaign.started_unix_s)
      .bind(campaign.tool_version)
      .bind(static_cast<std::int64_t>(campaign.seed))
      .bind(static_cast<std::int64_t>(campaign.budget_ns))
      .bind(static_cast<std::int64_t>(campaign.spent_ns))
      .bind(campaign.status)
      .bind(campaign.plan)
      .bind(Json(campaign.context).dump());
  if (auto ok = insert->run(); !ok) return tl::unexpected(ok.error());
  return database_.last_row_id();
}

Result<void> Store::update_campaign(std::int64_t id, double spent_ns, const std::string& status) {
  auto update = database_.prepare("UPDATE campaigns SET spent_ns=?, status=? WHERE id=?");
  if (!update) return tl::unexpected(update.error());
  return update->bind(static_cast<std::int64_t>(spent_ns)).bind(status).bind(id).run();
}

Result<std::int64_t> Store::add_network(const NetworkRecord& network) {
  auto insert = database_.prepare(
      "INSERT INTO networks (campaign, plan_index, name, family, seed, adaptive, probe, skeleton) VALUES "
      "(?,?,?,?,?,?,?,?)");
  if (!insert) return tl::unexpected(insert.error());
  insert->bind(network.campaign)
      .bind(static_cast<std::int64_t>(network.plan_index))
      .bind(network.name)
      .bind(network.family)
      .bind(static_cast<std::int64_t>(network.seed))
      .bind(static_cast<std::int64_t>(network.adaptive))
      .bind(static_cast<std::int64_t>(network.probe))
      .bind_blob(bytes(network.skeleton));
  if (auto ok = insert->run(); !ok) return tl::unexpected(ok.error());
  return database_.last_row_id();
}

Result<void> Store::set_executed(std::int64_t network, const std::string& executed) {
  auto update = database_.prepare("UPDATE networks SET executed=? WHERE id=?");
  if (!update) return tl::unexpected(update.error());
  return update->bind_blob(bytes(executed)).bind(network).run();
}

Result<void> Store::add_measurement(const MeasurementRecord& measurement) {
  return atomically([&] { return insert_measurement(measurement); });
}

Result<void> Store::insert_measurement(const MeasurementRecord& measurement) {
  auto insert = database_.prepare(
      "INSERT INTO measurements (network, round, started_unix_ms, load_ns, host_load, runs_ns, nodes_ns, "
      "conditions_json) VALUES (?,?,?,?,?,?,?,?)");
  if (!insert) return tl::unexpected(insert.error());
  insert->bind(measurement.network)
      .bind(static_cast<std::int64_t>(measurement.round))
      .bind(measurement.started_unix_ms);
  insert->bind(measurement.load_ns).bind(measurement.host_load);
  insert->bind_blob(as_blob(measurement.runs_ns))
      .bind_blob(as_blob(measurement.nodes_ns))
      .bind(Json(measurement.conditions).dump());
  if (auto ok = insert->run(); !ok) return ok;
  const std::int64_t id = database_.last_row_id();
  for (const auto& [name, values] : measurement.overheads_ns) {
    auto overhead = database_.prepare("INSERT INTO overheads (measurement, name, values_ns) VALUES (?,?,?)");
    if (!overhead) return tl::unexpected(overhead.error());
    if (auto ok = overhead->bind(id).bind(name).bind_blob(as_blob(values)).run(); !ok) return ok;
  }
  return {};
}

Result<void> Store::add_failure(std::int64_t network, int round, const std::string& message) {
  auto insert = database_.prepare("INSERT INTO failures (network, round, message) VALUES (?,?,?)");
  if (!insert) return tl::unexpected(insert.error());
  return insert->bind(network).bind(static_cast<std::int64_t>(round)).bind(message).run();
}

Result<std::vector<TargetRecord>> Store::targets() {
  auto select = database_.prepare(
      "SELECT id, name, device, cpu_features, engine, engine_version, library, settings_json FROM targets ORDER BY id");
  if (!select) return tl::unexpected(select.error());
  return collect<TargetRecord>(*select, [](const Statement& row) {
    return TargetRecord{row.integer(0), row.text(1), row.text(2), row.text(3),
                        row.text(4),    row.text(5), row.text(6), texts(row.text(7))};
  });
}

Result<std::vector<CampaignRecord>> Store::campaigns(std::int64_t target) {
  auto select = database_.prepare(
      "SELECT id, target, started_unix_s, tool_version, seed, budget_ns, spent_ns, status, plan_json, context_json "
      "FROM campaigns WHERE target=? ORDER BY id");
  if (!select) return tl::unexpected(select.error());
  select->bind(target);
  return collect<CampaignRecord>(*select, [](const Statement& row) {
    return CampaignRecord{
        row.integer(0), row.integer(1), row.integer(2), row.text(3), static_cast<std::uint64_t>(row.integer(4)),
        row.number(5),  row.number(6),  row.text(7),    row.text(8), texts(row.text(9))};
  });
}

Result<std::vector<NetworkRecord>> Store::networks(std::int64_t campaign) {
  auto select = database_.prepare(
      "SELECT id, campaign, plan_index, name, family, seed, adaptive, probe, skeleton, executed FROM networks WHERE "
      "campaign=? ORDER BY plan_index");
  if (!select) return tl::unexpected(select.error());
  select->bind(campaign);
  return collect<NetworkRecord>(*select, [](const Statement& row) {
    return NetworkRecord{row.integer(0),      row.integer(1),      static_cast<int>(row.integer(2)),
                         row.text(3),         row.text(4),         static_cast<std::uint64_t>(row.integer(5)),
                         row.integer(6) != 0, row.integer(7) != 0, row.blob(8),
                         row.blob(9)};
  });
}

Result<std::vector<MeasurementRecord>> Store::measurements(std::int64_t network) {
  auto select = database_.prepare(
      "SELECT network, round, started_unix_ms, runs_ns, load_ns, host_load, nodes_ns, id, conditions_json FROM "
      "measurements WHERE network=? ORDER BY round");
  if (!select) return tl::unexpected(select.error());
  select->bind(network);
  std::map<std::int64_t, std::size_t> place;  // by id
  auto out = collect<MeasurementRecord>(*select, [&](const Statement& row) {
    place.emplace(row.integer(7), place.size());
    return MeasurementRecord{.network = row.integer(0),
                             .round = static_cast<int>(row.integer(1)),
                             .started_unix_ms = row.integer(2),
                             .runs_ns = from_blob(row.blob(3)),
                             .load_ns = row.integer(4),
                             .host_load = row.number(5),
                             .nodes_ns = from_blob(row.blob(6)),
                             .conditions = conditions(row.text(8))};
  });
  if (!out) return out;
  auto overheads = database_.prepare(
      "SELECT o.measurement, o.name, o.values_ns FROM measurements m JOIN overheads o ON o.measurement=m.id WHERE "
      "m.network=?");
  if (!overheads) return tl::unexpected(overheads.error());
  overheads->bind(network);
  while (true) {
    const auto more = overheads->next();
    if (!more) return tl::unexpected(more.error());
    if (!*more) return out;
    const auto found = place.find(overheads->integer(0));
    if (found != place.end()) (*out)[found->second].overheads_ns[overheads->text(1)] = from_blob(overheads->blob(2));
  }
}

Result<std::map<std::string, std::int64_t>> Store::failures(std::int64_t campaign) {
  auto select = database_.prepare(
      "SELECT message, count(*) FROM failures JOIN networks ON failures.network=networks.id WHERE networks.campaign=? "
      "GROUP BY message");
  if (!select) return tl::unexpected(select.error());
  select->bind(campaign);
  auto rows = collect<std::pair<std::string, std::int64_t>>(
      *select, [](const Statement& row) { return std::pair{row.text(0), row.integer(1)}; });
  if (!rows) return tl::unexpected(rows.error());
  return std::map<std::string, std::int64_t>(rows->begin(), rows->end());
}

}  // namespace latcast
