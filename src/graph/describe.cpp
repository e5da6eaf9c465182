#include "graph/describe.h"

namespace latcast {

std::string shape_text(const TensorInfo& info) {
  if (!info.known) return "?";
  std::string out;
  for (const std::int64_t dim : info.dims) out += (out.empty() ? "" : "x") + std::to_string(dim);
  return out.empty() ? "scalar" : out;
}

std::string operator_name(const onnx::Operation& operation) {
  if (operation.domain.empty()) return operation.op;
  std::string name;
  name.reserve(operation.domain.size() + 1 + operation.op.size());
  return name.append(operation.domain).append(":").append(operation.op);
}

}  // namespace latcast
