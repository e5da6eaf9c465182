#include "graph/node_reads.h"

namespace latcast {

std::int64_t NodeView::integer(std::string_view name, std::int64_t fallback) const {
  const onnx::Attribute* attribute = node->attribute(name);
  return attribute == nullptr ? fallback : attribute->i;
}

Dims NodeView::integers(std::string_view name) const {
  const onnx::Attribute* attribute = node->attribute(name);
  return attribute == nullptr ? Dims() : Dims(attribute->ints);
}

std::string_view NodeView::text(std::string_view name) const {
  const onnx::Attribute* attribute = node->attribute(name);
  return attribute == nullptr ? std::string_view() : std::string_view(attribute->s);
}

}  // namespace latcast
