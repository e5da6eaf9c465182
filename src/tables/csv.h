// A CSV file, record by record through a buffer of fixed size: quotes as in RFC 4180, any of LF, CRLF and CR as the end
// of a line, a byte order mark, blank lines skipped. Text is UTF-8.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "latcast/result.h"

namespace latcast {

struct CsvRecord {
  std::size_t line = 0;  // where it begins
  std::vector<std::string> fields;
};

class CsvReader {
 public:
  /// Opens the file and reads its header. Errors name the file, and the line where there is one.
  static Result<CsvReader> open(const std::string& file);

  [[nodiscard]] const std::string& file() const { return file_; }
  /// The headings, without the spaces around them.
  [[nodiscard]] const std::vector<std::string>& header() const { return header_; }
  /// The next record, which has as many fields as the header; false at the end.
  Result<bool> next(CsvRecord& record);

  [[nodiscard]] std::uint64_t bytes_read() const { return bytes_read_; }
  /// 0 where the size is not known.
  [[nodiscard]] std::uint64_t bytes_total() const { return bytes_total_; }

 private:
  static constexpr int kEnd = -1;
  enum class Quote { none, inside, closed };

  explicit CsvReader(std::string file) : file_(std::move(file)) {}
  Result<void> open_stream();
  Result<void> read_header();
  Result<bool> read_record(CsvRecord& record, std::size_t most_fields);
  Result<void> read_field(std::string& field);
  [[nodiscard]] Result<void> check_field(const std::string& field) const;
  int take();
  [[nodiscard]] int peek();
  void refill();
  void end_line(int c);
  [[nodiscard]] tl::unexpected<Error> refuse(std::size_t line, const std::string& what) const;

  struct Close {
    void operator()(std::FILE* stream) const { std::fclose(stream); }
  };
  std::string file_;
  std::unique_ptr<std::FILE, Close> stream_;
  std::vector<char> buffer_;
  std::size_t at_ = 0, filled_ = 0;
  std::uint64_t bytes_read_ = 0, bytes_total_ = 0;
  std::size_t line_ = 1;
  int read_failure_ = 0;  // errno
  bool quoted_ = false;   // the last field had quotes
  std::vector<std::string> header_;
};

/// Without the spaces and tabs around it.
[[nodiscard]] std::string_view trimmed(std::string_view text);

}  // namespace latcast
