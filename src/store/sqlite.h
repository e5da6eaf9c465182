// A thin owner of SQLite handles: statements bound and stepped, every failure an Error that names the file.
// The one header that includes sqlite3.h.
#pragma once

#include <sqlite3.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "latcast/result.h"

namespace latcast::sqlite {

class Statement;

class Database {
 public:
  enum class Mode : std::uint8_t { read_only, read_write, create };
  /// `patience`: how long to wait for another process's lock.
  static Result<Database> open(const std::string& file, Mode mode,
                               std::chrono::milliseconds patience = std::chrono::seconds(5));

  Result<void> execute(const std::string& sql);
  Result<Statement> prepare(std::string_view sql);
  /// From now on readers and a writer do not wait for each other.
  Result<void> use_write_ahead_log();
  [[nodiscard]] std::int64_t last_row_id() const;
  /// Rows that the last statement inserted, updated or deleted.
  [[nodiscard]] std::int64_t changes() const;
  /// The Error for a result code, with what to try where the cause is common (locked, full disk, read-only).
  [[nodiscard]] Error error(int code) const;

 private:
  struct Close {
    void operator()(sqlite3* database) const { sqlite3_close_v2(database); }
  };
  std::unique_ptr<sqlite3, Close> handle_;
  std::string file_;
  std::chrono::milliseconds patience_{};
  friend class Statement;
};

/// A prepared statement. Parameters are bound in order; `next` steps to a row.
class Statement {
 public:
  Statement& bind(std::int64_t value);
  Statement& bind(double value);
  Statement& bind(std::string_view text);
  Statement& bind_blob(std::span<const std::byte> bytes);
  Statement& bind_null();

  /// True on a row, false at the end.
  Result<bool> next();
  /// Steps a statement that yields no rows and makes it ready to be bound again.
  Result<void> run();
  /// Makes it ready to be bound again, whatever rows are left.
  void reset();

  [[nodiscard]] bool is_null(int column) const;
  [[nodiscard]] std::int64_t integer(int column) const;
  [[nodiscard]] double number(int column) const;
  [[nodiscard]] std::string text(int column) const;
  [[nodiscard]] std::string blob(int column) const;

 private:
  struct Finalize {
    void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
  };
  Statement(const Database& database, sqlite3_stmt* handle)
      : file_(database.file_), connection_(database.handle_.get()), handle_(handle) {}
  std::string file_;
  sqlite3* connection_;
  std::unique_ptr<sqlite3_stmt, Finalize> handle_;
  int bound_ = 0;
  friend class Database;
};

/// All rows of a bound statement through `read`.
template <class Row, class Read>
Result<std::vector<Row>> collect(Statement& statement, Read read) {
  std::vector<Row> rows;
  while (true) {
    auto more = statement.next();
    if (!more) return tl::unexpected(more.error());
    if (!*more) return rows;
    rows.push_back(read(statement));
  }
}

}  // namespace latcast::sqlite
