// Quantization and ONNX Runtime's elementwise operators on quantized tensors.
#include "graph/shapes/node_shapes.h"

namespace latcast::shapes {
namespace {

bool quantize(NodeShapes& n) {
  const DataType type = n.has(2) ? n.type(2) : n.data_type("output_dtype", DataType::uint8);
  return n.give(0, n.dims(0), type);
}

bool dequantize(NodeShapes& n) { return n.give(0, n.dims(0), n.data_type("output_dtype", n.type(1))); }

bool dynamic_quantize(NodeShapes& n) {
  return n.give(0, n.dims(0), DataType::uint8) && n.give(1, {}, DataType::float32) && n.give(2, {}, DataType::uint8);
}

/// a, its scale and zero point, then b with its own.
bool quantized_binary(NodeShapes& n) {
  auto dims = broadcast(n.dims(0), n.dims(3));
  return dims && n.give(std::move(*dims));
}

/// y's scale and zero point, then each tensor with its own.
bool quantized_concat(NodeShapes& n) {
  Dims dims = n.dims(2);
  const auto axis = normal_axis(n.integer("axis", 0), dims.size());
  if (!axis) return false;
  for (std::size_t i = 5; i < n.input_count(); i += 3) {
    if (!n.has(i) || n.rank(i) != dims.size()) return false;
    dims[*axis] += n.dims(i)[*axis];
    if (dims[*axis] > kMaxDim) return false;
  }
  return n.give(0, std::move(dims), n.type(2));
}

constexpr RuleRow kRules[] = {
    {"QuantizeLinear", 2, quantize},
    {"QuantizeLinear", 2, quantize, kMicrosoft},
    {"DequantizeLinear", 2, dequantize},
    {"DequantizeLinear", 2, dequantize, kMicrosoft},
    {"DynamicQuantizeLinear", 1, dynamic_quantize},
    {"QLinearAdd QLinearMul", 4, quantized_binary, kMicrosoft},
    {"QLinearConcat", 3, quantized_concat, kMicrosoft},
    {"QLinearSigmoid QLinearLeakyRelu QLinearSoftmax", 1, same_as_first, kMicrosoft},
};

}  // namespace

std::span<const RuleRow> quantization_rules() { return kRules; }

}  // namespace latcast::shapes
