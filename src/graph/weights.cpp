#include "graph/weights.h"

#include <string_view>
#include <unordered_map>

namespace latcast {
namespace {

/// onnx.TensorProto.DataType: 4 bits wide.
bool is_half_a_byte(onnx::DataType type) {
  const auto number = static_cast<std::int32_t>(type);
  return number >= 21 && number <= 23;  // uint4, int4, float4e2m1
}

class Counter {
 public:
  void add(const onnx::Tensor& tensor) {
    tensors_.emplace(tensor.name, &tensor);
    add(tensor.type, static_cast<double>(tensor.elements()));
  }
  void add(const onnx::Node& node) {
    const onnx::Attribute* value = node.attribute("value");
    const bool holds = value != nullptr && value->t != nullptr && !node.outputs.empty();
    if (node.op == "Constant" && holds) tensors_.emplace(node.outputs[0], value->t.get());
    // A single number belongs to a formula.
    if (node.op == "Constant" && holds && value->t->elements() > 1)
      add(value->t->type, static_cast<double>(value->t->elements()));
    if (node.op == "ConstantOfShape" && !node.inputs.empty())
      add(holds ? value->t->type : onnx::DataType::float32, product_of(node.inputs[0]));
    // Block-quantized weights are stored as bytes, which hold 8 / bits of them each.
    const double bits = static_cast<double>(node.integer("bits", 8));
    const auto packed = node.inputs.size() > 1 ? tensors_.find(node.inputs[1]) : tensors_.end();
    if (node.op == "MatMulNBits" && bits > 0 && packed != tensors_.end())
      count_.elements += static_cast<double>(packed->second->elements()) * (8 / bits - 1);
  }
  [[nodiscard]] WeightCount count() const { return count_; }

 private:
  void add(onnx::DataType type, double elements) {
    const bool half = is_half_a_byte(type);
    if (!half && !onnx::holds_weights(type)) return;
    count_.elements += elements;
    count_.bytes += elements * (half ? 0.5 : static_cast<double>(onnx::element_size(type)));
  }
  /// Of a shape that is stored; 0: it is computed.
  [[nodiscard]] double product_of(const std::string& shape) const {
    const auto found = tensors_.find(shape);
    if (found == tensors_.end() || found->second->ints.empty()) return 0;
    double out = 1;
    for (const std::int64_t dim : found->second->ints) out *= static_cast<double>(dim);
    return out;
  }

  std::unordered_map<std::string_view, const onnx::Tensor*> tensors_;
  WeightCount count_;
};

}  // namespace

WeightCount count_weights(const onnx::Model& file) {
  Counter counter;
  for (const onnx::Tensor& tensor : file.graph.initializers) counter.add(tensor);
  for (const onnx::Node& node : file.graph.nodes) counter.add(node);
  return counter.count();
}

}  // namespace latcast
