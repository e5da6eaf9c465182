#include "latcast/element_type.h"

#include <array>

namespace latcast {
namespace {

struct TypeRow {
  std::string_view name;
  std::size_t size;
};

// Indexed by the type's number; 4-bit and smaller types count as a byte.
constexpr std::array<TypeRow, 27> kTypes{{
    {"undefined", 0},      {"float32", 4},  {"uint8", 1},        {"int8", 1},           {"uint16", 2},
    {"int16", 2},          {"int32", 4},    {"int64", 8},        {"string", 0},         {"bool", 1},
    {"float16", 2},        {"float64", 8},  {"uint32", 4},       {"uint64", 8},         {"complex64", 8},
    {"complex128", 16},    {"bfloat16", 2}, {"float8e4m3fn", 1}, {"float8e4m3fnuz", 1}, {"float8e5m2", 1},
    {"float8e5m2fnuz", 1}, {"uint4", 1},    {"int4", 1},         {"float4e2m1", 1},     {"float8e8m0", 1},
    {"uint2", 1},          {"int2", 1},
}};

const TypeRow& row(ElementType type) noexcept {
  const auto index = static_cast<std::size_t>(type);
  return index < kTypes.size() ? kTypes[index] : kTypes[0];
}

}  // namespace

std::size_t element_size(ElementType type) noexcept { return row(type).size; }
std::string_view to_string(ElementType type) noexcept { return row(type).name; }

}  // namespace latcast
