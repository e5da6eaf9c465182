#include "tables/csv.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <string_view>

namespace latcast {
namespace {

constexpr std::size_t kBufferSize = std::size_t{1} << 16;
constexpr std::size_t kMostColumns = std::size_t{1} << 16;
constexpr std::size_t kLongestField = std::size_t{1} << 20;

/// Length of the UTF-8 sequence that `text` begins with; 0: none. Neither overlong forms nor surrogates.
std::size_t utf8_length(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char first = byte(0);
  if (first < 0x80) return 1;
  const std::size_t length = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
  if (first < 0xC2 || first > 0xF4 || text.size() < length) return 0;
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xC0) != 0x80) return 0;
  }
  const bool bad = (first == 0xE0 && byte(1) < 0xA0) || (first == 0xED && byte(1) > 0x9F) ||
                   (first == 0xF0 && byte(1) < 0x90) || (first == 0xF4 && byte(1) > 0x8F);
  return bad ? 0 : length;
}

bool is_utf8(std::string_view text) {
  while (!text.empty()) {
    const std::size_t length = utf8_length(text);
    if (length == 0) return false;
    text.remove_prefix(length);
  }
  return true;
}

bool blank(const CsvRecord& record, bool quoted) {
  return record.fields.size() == 1 && !quoted && trimmed(record.fields.front()).empty();
}

}  // namespace

std::string_view trimmed(std::string_view text) {
  const auto space = [](char c) { return c == ' ' || c == '\t'; };
  while (!text.empty() && space(text.front())) text.remove_prefix(1);
  while (!text.empty() && space(text.back())) text.remove_suffix(1);
  return text;
}

tl::unexpected<Error> CsvReader::refuse(std::size_t line, const std::string& what) const {
  return fail(Errc::invalid_input, file_ + ":" + std::to_string(line) + ": " + what);
}

Result<CsvReader> CsvReader::open(const std::string& file) {
  CsvReader reader(file);
  if (auto ok = reader.open_stream(); !ok) return tl::unexpected(ok.error());
  if (auto ok = reader.read_header(); !ok) return tl::unexpected(ok.error());
  return reader;
}

Result<void> CsvReader::open_stream() {
  std::error_code failure;
  if (std::filesystem::is_directory(file_, failure)) {
    return fail(Errc::invalid_input, file_ + ": is a folder, not a CSV file");
  }
  stream_.reset(std::fopen(file_.c_str(), "rb"));
  if (stream_ == nullptr) {
    return fail(errno == ENOENT ? Errc::not_found : Errc::io, "cannot read " + file_ + ": " + std::strerror(errno));
  }
  const auto size = std::filesystem::file_size(file_, failure);
  bytes_total_ = failure ? 0 : size;
  buffer_.resize(kBufferSize);
  return {};
}

Result<void> CsvReader::read_header() {
  if (peek() == kEnd && read_failure_ == 0) return fail(Errc::invalid_input, file_ + ": the file is empty");
  if (const std::string_view mark = "\xEF\xBB\xBF"; std::string_view(buffer_.data(), filled_).starts_with(mark)) {
    at_ += mark.size();
    bytes_read_ += mark.size();
  }
  CsvRecord record;
  const auto found = read_record(record, kMostColumns);
  if (!found) return tl::unexpected(found.error());
  if (!*found) return fail(Errc::invalid_input, file_ + ": has no header line");
  for (std::string& heading : record.fields) heading = std::string(trimmed(heading));
  header_ = std::move(record.fields);
  if (header_.size() > 1) return {};
  for (const char* separator : {";", "\t"}) {
    if (header_.front().find(separator) != std::string::npos) {
      return refuse(record.line, "no comma in the header; fields must be separated by commas");
    }
  }
  return {};
}

Result<bool> CsvReader::next(CsvRecord& record) {
  auto found = read_record(record, header_.size());
  if (!found || !*found) return found;
  if (record.fields.size() < header_.size()) {
    return refuse(record.line, "has " + std::to_string(record.fields.size()) + " fields, the header has " +
                                   std::to_string(header_.size()));
  }
  return true;
}

/// Keeps the memory of the record's fields for the next one.
Result<bool> CsvReader::read_record(CsvRecord& record, std::size_t most_fields) {
  while (true) {
    record.line = line_;
    std::size_t count = 0;
    if (peek() == kEnd && read_failure_ == 0) return false;
    for (bool more = true; more; ++count) {
      if (count == most_fields) {
        return refuse(record.line, "has more than " + std::to_string(most_fields) + " fields" +
                                       (header_.empty() ? "" : ", the header has no more"));
      }
      if (count == record.fields.size()) record.fields.emplace_back();
      if (auto ok = read_field(record.fields[count]); !ok) return tl::unexpected(ok.error());
      more = peek() == ',';
      if (more) take();
    }
    record.fields.resize(count);
    const int end = take();
    if (end != kEnd) end_line(end);
    if (!blank(record, quoted_)) return true;
  }
}

/// Up to the comma, end of line or end of file behind it, which is left.
Result<void> CsvReader::read_field(std::string& field) {
  field.clear();
  Quote quote = Quote::none;
  const std::size_t begin = line_;
  while (true) {
    const int c = peek();
    if (read_failure_ != 0) return fail(Errc::io, "cannot read " + file_ + ": " + std::strerror(read_failure_));
    if (c == kEnd && quote == Quote::inside) return refuse(begin, "a quote is opened here and never closed");
    const bool ends = c == kEnd || c == ',' || c == '\n' || c == '\r';
    if (ends && quote != Quote::inside) break;
    take();
    if (c == 0) return refuse(line_, "a NUL byte; a CSV file is UTF-8 text");
    if (c == '"' && quote == Quote::inside) {
      quote = Quote::closed;
      continue;
    }
    if (c == '"' && quote == Quote::none && field.empty()) {
      quote = Quote::inside;
      continue;
    }
    if (quote == Quote::closed) {
      if (c != '"') return refuse(line_, "text behind a closing quote; a quote within quotes is written twice");
      quote = Quote::inside;
    }
    if (c == '\n' || c == '\r') end_line(c);
    field += static_cast<char>(c == '\r' ? '\n' : c);
    if (field.size() > kLongestField) {
      return refuse(begin, "a field is longer than 1 MB" +
                               std::string(quote == Quote::inside ? "; is a quote opened here and never closed?" : ""));
    }
  }
  quoted_ = quote != Quote::none;
  return check_field(field);
}

Result<void> CsvReader::check_field(const std::string& field) const {
  if (is_utf8(field)) return {};
  return refuse(line_, "a field is not UTF-8 text; save the file in UTF-8");
}

/// `c`, already taken, ends a line; CR LF counts once.
void CsvReader::end_line(int c) {
  if (c == '\r' && peek() == '\n') take();
  ++line_;
}

int CsvReader::take() {
  const int c = peek();
  if (c == kEnd) return kEnd;
  ++at_;
  ++bytes_read_;
  return c;
}

int CsvReader::peek() {
  if (at_ == filled_) refill();
  return at_ < filled_ ? static_cast<unsigned char>(buffer_[at_]) : kEnd;
}

void CsvReader::refill() {
  if (read_failure_ != 0 || std::feof(stream_.get()) != 0) return;
  errno = 0;
  at_ = 0;
  filled_ = std::fread(buffer_.data(), 1, buffer_.size(), stream_.get());
  if (std::ferror(stream_.get()) != 0) read_failure_ = errno != 0 ? errno : EIO;
}

}  // namespace latcast
