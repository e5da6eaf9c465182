// Protobuf's wire format, as much of it as ONNX files use: a reader over bytes that stay where they are, and a writer.
//
// The reader's failure is sticky and shared with the readers of nested messages: parse on, then look at it once.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>

namespace latcast::onnx::wire {

static_assert(std::endian::native == std::endian::little, "raw tensor data and fixed fields are little-endian");

enum class Type : std::uint8_t { varint = 0, fixed64 = 1, bytes = 2, fixed32 = 5 };

/// The first thing that went wrong, anywhere in the file.
struct Failure {
  enum class Kind : std::uint8_t { none, truncated, malformed, invalid } kind = Kind::none;
  std::size_t offset = 0;
  std::string what;
  [[nodiscard]] bool failed() const { return kind != Kind::none; }
  void set(Kind why, std::size_t at, std::string text) {
    if (!failed()) *this = {why, at, std::move(text)};
  }
};

struct Field {
  std::uint32_t number = 0;
  Type type = Type::varint;
  std::uint64_t value = 0;  // varint, fixed32, fixed64
  std::string_view bytes;   // length-delimited
  std::size_t offset = 0;   // of the payload, in the file

  [[nodiscard]] std::int64_t as_int() const { return static_cast<std::int64_t>(value); }
  [[nodiscard]] float as_float() const { return std::bit_cast<float>(static_cast<std::uint32_t>(value)); }
  [[nodiscard]] double as_double() const { return std::bit_cast<double>(value); }
  [[nodiscard]] std::string text() const { return std::string(bytes); }
  [[nodiscard]] bool is(std::uint32_t wanted, Type wanted_type) const {
    return number == wanted && type == wanted_type;
  }
};

class Reader {
 public:
  Reader(std::string_view bytes, std::size_t offset, Failure& failure)
      : bytes_(bytes), offset_(offset), failure_(&failure) {}
  /// Of the message inside `field`.
  Reader(const Field& field, Failure& failure) : Reader(field.bytes, field.offset, failure) { nested_ = true; }

  /// The next field; nullopt at the end and after any failure.
  std::optional<Field> next();
  /// For packed repeated numbers: one bare varint.
  std::optional<std::uint64_t> varint();
  [[nodiscard]] Failure& failure() const { return *failure_; }

 private:
  bool read_payload(Field& field);
  bool take(std::size_t count, std::string_view& out);
  /// A file that was cut shows it in its outermost message; an inner one that ends early is damaged.
  void truncated() {
    failure_->set(nested_ ? Failure::Kind::malformed : Failure::Kind::truncated, offset_ + bytes_.size(),
                  "a message ends inside a field");
  }
  void malformed(const char* what) { failure_->set(Failure::Kind::malformed, offset_ + at_, what); }

  std::string_view bytes_;
  std::size_t at_ = 0;
  std::size_t offset_;
  bool nested_ = false;
  Failure* failure_;
};

inline std::optional<std::uint64_t> Reader::varint() {
  if (failure_->failed() || at_ >= bytes_.size()) return std::nullopt;
  std::uint64_t value = 0;
  for (int shift = 0; shift < 70; shift += 7) {
    if (at_ >= bytes_.size()) {
      truncated();
      return std::nullopt;
    }
    const auto byte = static_cast<std::uint8_t>(bytes_[at_++]);
    if (shift == 63 && byte > 1) break;
    value |= static_cast<std::uint64_t>(byte & 0x7F) << shift;
    if ((byte & 0x80) == 0) return value;
  }
  malformed("a number of more than 64 bits");
  return std::nullopt;
}

inline bool Reader::take(std::size_t count, std::string_view& out) {
  if (count > bytes_.size() - at_) {
    truncated();
    return false;
  }
  out = bytes_.substr(at_, count);
  at_ += count;
  return true;
}

inline bool Reader::read_payload(Field& field) {
  std::string_view raw;
  switch (field.type) {
    case Type::varint: {
      if (at_ >= bytes_.size()) truncated();
      const auto value = varint();
      field.value = value.value_or(0);
      return value.has_value();
    }
    case Type::fixed64:
      if (!take(8, raw)) return false;
      std::memcpy(&field.value, raw.data(), 8);
      return true;
    case Type::fixed32:
      if (!take(4, raw)) return false;
      std::memcpy(&field.value, raw.data(), 4);
      return true;
    case Type::bytes: {
      if (at_ >= bytes_.size()) truncated();
      const auto length = varint();
      if (!length) return false;
      field.offset = offset_ + at_;
      return take(static_cast<std::size_t>(*length), field.bytes);
    }
  }
  malformed("an unknown wire type");
  return false;
}

inline std::optional<Field> Reader::next() {
  const auto tag = varint();
  if (!tag) return std::nullopt;
  Field field;
  field.number = static_cast<std::uint32_t>(*tag >> 3);
  field.type = static_cast<Type>(*tag & 7);
  field.offset = offset_ + at_;
  if (*tag > 0xFFFFFFFFU || field.number == 0) {
    malformed("an impossible field number");
    return std::nullopt;
  }
  if (!read_payload(field)) return std::nullopt;
  return field;
}

class Writer {
 public:
  void integer(std::uint32_t number, std::int64_t value) {
    tag(number, Type::varint);
    varint(static_cast<std::uint64_t>(value));
  }
  void real(std::uint32_t number, float value) {
    tag(number, Type::fixed32);
    out_.append(reinterpret_cast<const char*>(&value), sizeof value);
  }
  void text(std::uint32_t number, std::string_view value) {
    header(number, value.size());
    out_.append(value);
  }
  /// Tag and length of a field whose `size` bytes the caller appends to buffer().
  void header(std::uint32_t number, std::size_t size) {
    tag(number, Type::bytes);
    varint(size);
  }
  /// A message: `fill` gets a writer of its own.
  template <class Fill>
  void nested(std::uint32_t number, const Fill& fill) {
    Writer inner;
    fill(inner);
    text(number, inner.view());
  }
  [[nodiscard]] std::string& buffer() { return out_; }
  [[nodiscard]] std::size_t size() const { return out_.size(); }
  [[nodiscard]] std::string_view view() const { return out_; }

 private:
  void tag(std::uint32_t number, Type type) { varint(number << 3 | static_cast<std::uint32_t>(type)); }
  void varint(std::uint64_t value) {
    for (; value >= 0x80; value >>= 7) out_.push_back(static_cast<char>(value | 0x80));
    out_.push_back(static_cast<char>(value));
  }
  std::string out_;
};

}  // namespace latcast::onnx::wire
