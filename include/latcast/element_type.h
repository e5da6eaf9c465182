// ElementType: what a tensor's elements are.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace latcast {

/// Numbered as onnx.TensorProto.DataType.
enum class ElementType : std::int32_t {
  undefined = 0,
  float32 = 1,
  uint8 = 2,
  int8 = 3,
  uint16 = 4,
  int16 = 5,
  int32 = 6,
  int64 = 7,
  string = 8,
  boolean = 9,
  float16 = 10,
  float64 = 11,
  uint32 = 12,
  uint64 = 13,
  complex64 = 14,
  complex128 = 15,
  bfloat16 = 16,
};

/// Bytes of one element; 0 for string and undefined.
[[nodiscard]] std::size_t element_size(ElementType type) noexcept;
/// "float32", "int64", ...
[[nodiscard]] std::string_view to_string(ElementType type) noexcept;

}  // namespace latcast
