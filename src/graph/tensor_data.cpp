#include "graph/tensor_data.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>
#include <random>

#include "graph/onnx_fields.h"

namespace latcast::onnx {
namespace {

template <class T>
struct Tag {
  using type = T;
};
struct Half {};
struct BFloat {};

/// Calls `visit(Tag<T>)` for the C++ type of a data type; false where there is none.
template <class Visitor>
bool with_type(DataType type, Visitor visit) {
  switch (type) {
    case DataType::float32:
      return visit(Tag<float>{}), true;
    case DataType::float64:
      return visit(Tag<double>{}), true;
    case DataType::float16:
      return visit(Tag<Half>{}), true;
    case DataType::bfloat16:
      return visit(Tag<BFloat>{}), true;
    case DataType::int8:
      return visit(Tag<std::int8_t>{}), true;
    case DataType::uint8:
    case DataType::boolean:
      return visit(Tag<std::uint8_t>{}), true;
    case DataType::int16:
      return visit(Tag<std::int16_t>{}), true;
    case DataType::uint16:
      return visit(Tag<std::uint16_t>{}), true;
    case DataType::int32:
      return visit(Tag<std::int32_t>{}), true;
    case DataType::uint32:
      return visit(Tag<std::uint32_t>{}), true;
    case DataType::int64:
      return visit(Tag<std::int64_t>{}), true;
    case DataType::uint64:
      return visit(Tag<std::uint64_t>{}), true;
    default:
      return false;
  }
}

double half_to_double(std::uint16_t bits) {
  const int exponent = (bits >> 10) & 0x1F;
  const int mantissa = bits & 0x3FF;
  double value = exponent == 0 ? std::ldexp(mantissa, -24) : std::ldexp(mantissa + 1024, exponent - 25);
  if (exponent == 31) value = mantissa == 0 ? HUGE_VAL : std::nan("");
  return (bits & 0x8000) != 0 ? -value : value;
}

// Truncates the mantissa: good enough for made-up weights and exact for what half_to_double gave.
std::uint16_t double_to_half(double value) {
  const std::uint16_t sign = std::signbit(value) ? 0x8000 : 0;
  value = std::abs(value);
  if (std::isnan(value)) return sign | 0x7E00;
  if (value >= 65536.0) return sign | 0x7C00;
  if (value < std::ldexp(1.0, -14)) return static_cast<std::uint16_t>(sign | static_cast<int>(std::ldexp(value, 24)));
  int exponent = 0;
  const double fraction = std::frexp(value, &exponent);
  return static_cast<std::uint16_t>(sign | (exponent + 14) << 10 |
                                    (static_cast<int>(std::ldexp(fraction, 11)) & 0x3FF));
}

template <class T>
T load(const char* bytes) {
  T value;
  std::memcpy(&value, bytes, sizeof value);
  return value;
}

template <class T>
std::size_t stored_size() {
  if constexpr (std::is_same_v<T, Half> || std::is_same_v<T, BFloat>) return 2;
  return sizeof(T);
}

template <class T>
void push_bytes(const char* bytes, Tensor& tensor) {
  if constexpr (std::is_same_v<T, Half>) {
    tensor.floats.push_back(half_to_double(load<std::uint16_t>(bytes)));
  } else if constexpr (std::is_same_v<T, BFloat>) {
    tensor.floats.push_back(std::bit_cast<float>(static_cast<std::uint32_t>(load<std::uint16_t>(bytes)) << 16));
  } else if constexpr (std::is_floating_point_v<T>) {
    tensor.floats.push_back(load<T>(bytes));
  } else {
    tensor.ints.push_back(static_cast<std::int64_t>(load<T>(bytes)));
  }
}

/// A value of int32_data, int64_data or uint64_data: the element's bits in a wider integer.
template <class T>
void push_varint(std::uint64_t value, Tensor& tensor) {
  push_bytes<T>(reinterpret_cast<const char*>(&value), tensor);
}

template <class T>
void push_packed_bytes(std::string_view bytes, std::size_t limit, Tensor& tensor) {
  const std::size_t size = stored_size<T>();
  for (std::size_t i = 0; i + size <= bytes.size() && tensor.ints.size() + tensor.floats.size() <= limit; i += size)
    push_bytes<T>(bytes.data() + i, tensor);
}

template <class T>
void read_typed(const wire::Field& message, wire::Failure& failure, std::size_t limit, Tensor& tensor) {
  namespace f = field::tensor;
  wire::Reader reader(message, failure);
  while (const auto part = reader.next()) {
    if (tensor.ints.size() + tensor.floats.size() > limit) return;  // too many: reported by the caller
    const bool numbers =
        part->number == f::int32_data || part->number == f::int64_data || part->number == f::uint64_data;
    const bool fixed = part->number == f::float_data || part->number == f::double_data;
    if (part->is(f::raw_data, wire::Type::bytes) || (fixed && part->type == wire::Type::bytes)) {
      push_packed_bytes<T>(part->bytes, limit, tensor);
    } else if (fixed || (numbers && part->type == wire::Type::varint)) {
      push_varint<T>(part->value, tensor);
    } else if (numbers && part->type == wire::Type::bytes) {
      wire::Reader packed(*part, failure);
      while (const auto value = packed.varint())
        if (tensor.ints.size() + tensor.floats.size() <= limit) push_varint<T>(*value, tensor);
    }
  }
}

template <class T>
void append_as(double value, std::string& out) {
  if constexpr (std::is_same_v<T, Half>) {
    const std::uint16_t bits = double_to_half(value);
    out.append(reinterpret_cast<const char*>(&bits), sizeof bits);
  } else if constexpr (std::is_same_v<T, BFloat>) {
    const auto bits = static_cast<std::uint16_t>(std::bit_cast<std::uint32_t>(static_cast<float>(value)) >> 16);
    out.append(reinterpret_cast<const char*>(&bits), sizeof bits);
  } else {
    T converted;
    if constexpr (std::is_integral_v<T>)
      converted = static_cast<T>(static_cast<std::int64_t>(value));  // a negative double to unsigned is undefined
    else
      converted = static_cast<T>(value);
    out.append(reinterpret_cast<const char*>(&converted), sizeof converted);
  }
}

constexpr std::size_t kBlock = 65536;

/// Standard normals, made once: a tensor takes them from a place that its name decides.
const std::array<float, kBlock>& normals() {
  static const std::array<float, kBlock> table = [] {
    std::array<float, kBlock> values{};
    std::mt19937 random(20240229);  // the generator is fixed by the standard, the distributions are not
    const auto uniform = [&] { return (static_cast<double>(random()) + 0.5) / 4294967296.0; };
    for (std::size_t i = 0; i < kBlock; i += 2) {
      const double radius = std::sqrt(-2.0 * std::log(uniform()));
      const double angle = 2.0 * std::numbers::pi * uniform();
      values[i] = static_cast<float>(radius * std::cos(angle));
      values[i + 1] = static_cast<float>(radius * std::sin(angle));
    }
    return values;
  }();
  return table;
}

std::size_t name_hash(std::string_view name) {  // FNV-1a: the same everywhere, unlike std::hash
  std::uint64_t hash = 14695981039346656037ULL;
  for (const char c : name) hash = (hash ^ static_cast<std::uint8_t>(c)) * 1099511628211ULL;
  return static_cast<std::size_t>(hash ^ hash >> 32);
}

/// Repeats the last `block` bytes of `out` until `total` bytes follow `start`.
void repeat_block(std::string& out, std::size_t start, std::size_t total) {
  while (out.size() - start < total) {
    const std::size_t have = out.size() - start;
    out.append(out, start, std::min(have, total - have));
  }
}

}  // namespace

bool is_real(DataType type) noexcept {
  return type == DataType::float32 || type == DataType::float64 || type == DataType::float16 ||
         type == DataType::bfloat16;
}

void read_values(const wire::Field& message, wire::Failure& failure, Tensor& tensor) {
  const std::int64_t elements = tensor.elements();
  if (elements > kSmallTensor || !tensor.external_location.empty() || tensor.fill.kind != Fill::Kind::none) return;
  const auto limit = static_cast<std::size_t>(elements);
  if (!with_type(tensor.type, [&]<class T>(Tag<T>) { read_typed<T>(message, failure, limit, tensor); })) return;
  const std::size_t count = tensor.ints.size() + tensor.floats.size();
  if (count != limit && count != 0)  // none at all: a file stripped of its weights, which latency does not need
    failure.set(wire::Failure::Kind::invalid, message.offset,
                "tensor '" + tensor.name + "' has other data than its " + std::to_string(elements) + " elements");
}

void append_values(const Tensor& tensor, std::string& out) {
  const auto elements = static_cast<std::size_t>(tensor.elements());
  const std::size_t start = out.size();
  with_type(tensor.type, [&]<class T>(Tag<T>) {
    if constexpr (std::is_integral_v<T>) {  // not through double: 64-bit values stay exact
      for (std::size_t i = 0; i < std::min(elements, tensor.ints.size()); ++i) {
        const T value = static_cast<T>(tensor.ints[i]);
        out.append(reinterpret_cast<const char*>(&value), sizeof value);
      }
    } else {
      for (std::size_t i = 0; i < std::min(elements, tensor.floats.size()); ++i) append_as<T>(tensor.floats[i], out);
    }
  });
  out.resize(start + elements * element_size(tensor.type), '\0');
}

bool append_value(DataType type, double value, std::string& out) {
  return with_type(type, [&]<class T>(Tag<T>) { append_as<T>(value, out); });
}

void append_fill(const Tensor& tensor, std::string& out) {
  const auto elements = static_cast<std::size_t>(tensor.elements());
  const std::size_t start = out.size();
  const std::size_t total = elements * element_size(tensor.type);
  const bool normal = tensor.fill.kind == Fill::Kind::normal;
  const std::size_t block = std::min(elements, normal ? kBlock : std::size_t{1024});
  const std::size_t offset = name_hash(tensor.name);
  out.reserve(start + total);
  with_type(tensor.type, [&]<class T>(Tag<T>) {
    for (std::size_t i = 0; i < block; ++i)
      append_as<T>(normal ? tensor.fill.scale * normals()[(i + offset) % kBlock] : tensor.fill.scale, out);
  });
  if (out.size() > start) repeat_block(out, start, total);
}

}  // namespace latcast::onnx
