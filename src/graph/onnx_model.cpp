#include "graph/onnx_model.h"

#include <algorithm>
#include <array>

namespace latcast::onnx {
namespace {

struct TypeRow {
  std::string_view name;
  std::size_t size;
};

// Indexed by onnx.TensorProto.DataType; 4-bit and smaller types count as a byte.
constexpr std::array<TypeRow, 27> kTypes{{
    {"undefined", 0},      {"float32", 4},  {"uint8", 1},        {"int8", 1},           {"uint16", 2},
    {"int16", 2},          {"int32", 4},    {"int64", 8},        {"string", 0},         {"bool", 1},
    {"float16", 2},        {"float64", 8},  {"uint32", 4},       {"uint64", 8},         {"complex64", 8},
    {"complex128", 16},    {"bfloat16", 2}, {"float8e4m3fn", 1}, {"float8e4m3fnuz", 1}, {"float8e5m2", 1},
    {"float8e5m2fnuz", 1}, {"uint4", 1},    {"int4", 1},         {"float4e2m1", 1},     {"float8e8m0", 1},
    {"uint2", 1},          {"int2", 1},
}};

const TypeRow& row(DataType type) noexcept {
  const auto index = static_cast<std::size_t>(type);
  return index < kTypes.size() ? kTypes[index] : kTypes[0];
}

}  // namespace

bool holds_weights(DataType type) noexcept {
  return type == DataType::float32 || type == DataType::float16 || type == DataType::float64 ||
         type == DataType::bfloat16 || type == DataType::int8 || type == DataType::uint8;
}
std::size_t element_size(DataType type) noexcept { return row(type).size; }
std::string_view to_string(DataType type) noexcept { return row(type).name; }

std::int64_t Tensor::elements() const {
  std::int64_t product = 1;
  for (const std::int64_t dim : dims) product *= dim;
  return product;
}

const Attribute* Operation::attribute(std::string_view wanted) const {
  const auto found = std::ranges::find(attributes, wanted, &Attribute::name);
  return found == attributes.end() ? nullptr : &*found;
}

std::int64_t Operation::integer(std::string_view wanted, std::int64_t fallback) const {
  const Attribute* found = attribute(wanted);
  return found == nullptr ? fallback : found->i;
}

float Operation::real(std::string_view wanted, float fallback) const {
  const Attribute* found = attribute(wanted);
  return found == nullptr ? fallback : found->f;
}

std::string_view Operation::text(std::string_view wanted) const {
  const Attribute* found = attribute(wanted);
  return found == nullptr ? std::string_view() : std::string_view(found->s);
}

Dims Operation::integers(std::string_view wanted) const {
  const Attribute* found = attribute(wanted);
  return found == nullptr ? Dims() : found->ints;
}

}  // namespace latcast::onnx
