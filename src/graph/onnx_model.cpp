#include "graph/onnx_model.h"

#include <algorithm>

namespace latcast::onnx {

bool holds_weights(DataType type) noexcept {
  return type == DataType::float32 || type == DataType::float16 || type == DataType::float64 ||
         type == DataType::bfloat16 || type == DataType::int8 || type == DataType::uint8;
}

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
