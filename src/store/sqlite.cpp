#include "store/sqlite.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

namespace latcast::sqlite {
namespace {

Error describe(sqlite3* connection, int code, const std::string& file) {
  const std::string message = connection != nullptr ? sqlite3_errmsg(connection) : sqlite3_errstr(code);
  const std::string place = "store " + file + ": ";
  switch (code & 0xFF) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return {Errc::io, place + "locked by another process; wait until it is done, or use another file"};
    case SQLITE_READONLY:
      return {Errc::io, place + "cannot be written (read-only file or folder)"};
    case SQLITE_FULL:
      return {Errc::io,
              place +
                  "the disk is full; what was stored before is kept. Free some space and run it again (a campaign "
                  "with --resume)"};
    case SQLITE_CANTOPEN:
      return {Errc::not_found, place + "cannot be opened (no such file or folder, or no permission)"};
    case SQLITE_NOTADB:
      return {Errc::invalid_input, place + "not a latcast store (not an SQLite database)"};
    case SQLITE_CORRUPT:
      return {Errc::corrupt, place + "damaged (" + message + ")"};
    case SQLITE_IOERR:
      return {Errc::io, place + "input/output error (" + message + "); is the disk full?"};
    default:
      return {Errc::io, place + message};
  }
}

bool may_write(const std::filesystem::path& path) { return faccessat(AT_FDCWD, path.c_str(), W_OK, AT_EACCESS) == 0; }

/// A name under which SQLite reads a file that nobody is writing to without the files that it keeps beside one, which
/// cannot be made where it lies; empty: that is not so.
std::string read_only_name(const std::string& file) {
  std::error_code failure;
  const std::filesystem::path real = std::filesystem::canonical(file, failure);
  if (failure) return {};
  const std::string log = real.string() + "-wal";
  if (std::filesystem::exists(log, failure) &&
      (std::filesystem::file_size(log, failure) > 0 || std::filesystem::exists(real.string() + "-shm", failure)))
    return {};
  if (may_write(real) && may_write(real.parent_path())) return {};
  std::string name = "file:";
  for (const char c : real.string()) name += c == '%' ? "%25" : c == '?' ? "%3f" : c == '#' ? "%23" : std::string(1, c);
  return name + "?immutable=1";
}

}  // namespace

Result<Database> Database::open(const std::string& file, Mode mode, std::chrono::milliseconds patience) {
  Database database;
  database.file_ = file;
  database.patience_ = patience;
  struct stat info{};
  if (stat(file.c_str(), &info) == 0 && !S_ISREG(info.st_mode))
    return fail(Errc::invalid_input, "store " + file + ": cannot be opened (not a regular file)");
  const int flags = mode == Mode::read_only    ? SQLITE_OPEN_READONLY
                    : mode == Mode::read_write ? SQLITE_OPEN_READWRITE
                                               : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
  const std::string name = mode == Mode::read_only ? read_only_name(file) : std::string();
  sqlite3* raw = nullptr;
  const int code = sqlite3_open_v2(name.empty() ? file.c_str() : name.c_str(), &raw,
                                   flags | (name.empty() ? 0 : SQLITE_OPEN_URI), nullptr);
  database.handle_.reset(raw);
  if (code != SQLITE_OK) return tl::unexpected(describe(raw, code, file));
  sqlite3_extended_result_codes(raw, 0);
  sqlite3_busy_timeout(raw, static_cast<int>(patience.count()));
  return database;
}

Error Database::error(int code) const { return describe(handle_.get(), code, file_); }

Result<void> Database::execute(const std::string& sql) {
  const int code = sqlite3_exec(handle_.get(), sql.c_str(), nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) return tl::unexpected(error(code));
  return {};
}

Result<void> Database::use_write_ahead_log() {
  // SQLite itself waits for no other process here.
  constexpr std::chrono::milliseconds kPause{10};
  int code = SQLITE_BUSY;
  for (std::chrono::milliseconds waited{0}; code == SQLITE_BUSY && waited <= patience_; waited += kPause) {
    if (waited.count() > 0) sqlite3_sleep(static_cast<int>(kPause.count()));
    code = sqlite3_exec(handle_.get(), "PRAGMA journal_mode=WAL", nullptr, nullptr, nullptr);
  }
  if (code != SQLITE_OK) return tl::unexpected(error(code));
  return {};
}

Result<Statement> Database::prepare(std::string_view sql) {
  sqlite3_stmt* raw = nullptr;
  const int code = sqlite3_prepare_v2(handle_.get(), sql.data(), static_cast<int>(sql.size()), &raw, nullptr);
  if (code != SQLITE_OK) return tl::unexpected(error(code));
  return Statement(*this, raw);
}

std::int64_t Database::last_row_id() const { return sqlite3_last_insert_rowid(handle_.get()); }

std::int64_t Database::changes() const { return sqlite3_changes64(handle_.get()); }

Statement& Statement::bind(std::int64_t value) {
  sqlite3_bind_int64(handle_.get(), ++bound_, value);
  return *this;
}

Statement& Statement::bind(double value) {
  sqlite3_bind_double(handle_.get(), ++bound_, value);
  return *this;
}

Statement& Statement::bind(std::string_view text) {
  sqlite3_bind_text(handle_.get(), ++bound_, text.data(), static_cast<int>(text.size()), SQLITE_TRANSIENT);
  return *this;
}

Statement& Statement::bind_blob(std::span<const std::byte> bytes) {
  const void* data = bytes.empty() ? "" : static_cast<const void*>(bytes.data());  // no pointer would be no value
  sqlite3_bind_blob64(handle_.get(), ++bound_, data, bytes.size(), SQLITE_TRANSIENT);
  return *this;
}

Statement& Statement::bind_null() {
  sqlite3_bind_null(handle_.get(), ++bound_);
  return *this;
}

Result<bool> Statement::next() {
  const int code = sqlite3_step(handle_.get());
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) return false;
  return tl::unexpected(describe(connection_, code, file_));
}

Result<void> Statement::run() {
  const auto row = next();
  reset();
  if (!row) return tl::unexpected(row.error());
  return {};
}

void Statement::reset() {
  sqlite3_reset(handle_.get());
  bound_ = 0;
}

bool Statement::is_null(int column) const { return sqlite3_column_type(handle_.get(), column) == SQLITE_NULL; }
std::int64_t Statement::integer(int column) const { return sqlite3_column_int64(handle_.get(), column); }
double Statement::number(int column) const { return sqlite3_column_double(handle_.get(), column); }

std::string Statement::text(int column) const {
  const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(handle_.get(), column));
  return text == nullptr ? std::string()
                         : std::string(text, static_cast<std::size_t>(sqlite3_column_bytes(handle_.get(), column)));
}

std::string Statement::blob(int column) const {
  const auto* bytes = static_cast<const char*>(sqlite3_column_blob(handle_.get(), column));
  return bytes == nullptr ? std::string()
                          : std::string(bytes, static_cast<std::size_t>(sqlite3_column_bytes(handle_.get(), column)));
}

}  // namespace latcast::sqlite
