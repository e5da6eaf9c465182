#include "graph/shapes/node_shapes.h"

#include <algorithm>
#include <cmath>

#include "graph/operator_bucket.h"

namespace latcast::shapes {
namespace {

constexpr std::int64_t kMaxElements = std::int64_t{1} << 62;

std::int64_t clamped(std::int64_t value) { return std::clamp(value, -kMaxDim, kMaxDim); }

OperatorTable<RuleRow> index_rules() {
  OperatorTable<RuleRow> index;
  for (const auto table :
       {elementwise_rules(), convolution_rules(), matmul_rules(), movement_rules(), indexing_rules(), reduction_rules(),
        recurrent_rules(), attention_rules(), resampling_rules(), quantization_rules()})
    for (RuleRow row : table) {
      for (std::string_view names = row.op; !names.empty();) {
        row.op = names.substr(0, names.find(' '));
        names.remove_prefix(std::min(row.op.size() + 1, names.size()));
        index.add(row);
      }
    }
  return index;
}

}  // namespace

bool acceptable(std::span<const std::int64_t> dims) {
  std::int64_t elements = 1;
  for (const std::int64_t dim : dims) {
    if (dim < 0 || dim > kMaxDim) return false;
    if (__builtin_mul_overflow(elements, std::max<std::int64_t>(dim, 1), &elements)) return false;
    if (elements > kMaxElements) return false;
  }
  return true;
}

std::int64_t product(std::span<const std::int64_t> dims) {
  std::int64_t elements = 1;
  for (const std::int64_t dim : dims) elements *= dim;
  return elements;
}

std::int64_t bounded(double value) {
  const double limit = static_cast<double>(kMaxDim);
  return std::isnan(value) ? 0 : static_cast<std::int64_t>(std::clamp(value, -limit, limit));
}

std::optional<std::size_t> normal_axis(std::int64_t axis, std::size_t rank) {
  const auto count = static_cast<std::int64_t>(rank);
  if (axis < 0) axis += count;
  if (axis < 0 || axis >= count) return std::nullopt;
  return static_cast<std::size_t>(axis);
}

std::optional<Dims> broadcast(const Dims& a, const Dims& b) {
  const Dims& longer = a.size() >= b.size() ? a : b;
  const Dims& shorter = a.size() >= b.size() ? b : a;
  Dims result = longer;
  const std::size_t shift = longer.size() - shorter.size();
  for (std::size_t i = 0; i < shorter.size(); ++i) {
    std::int64_t& dim = result[i + shift];
    if (dim == 1) {
      dim = shorter[i];
    } else if (shorter[i] != 1 && shorter[i] != dim) {
      return std::nullopt;
    }
  }
  return result;
}

NodeShapes::NodeShapes(const onnx::Operation& node, std::int64_t opset, Inputs inputs, std::size_t outputs)
    : node_(&node), opset_(opset), inputs_(std::move(inputs)), outputs_(outputs) {
  for (TensorInfo& output : outputs_) output.type = DataType::undefined;
}

DataType NodeShapes::type(std::size_t input) const { return has(input) ? inputs_[input]->type : DataType::undefined; }

std::optional<Dims> NodeShapes::ints(std::size_t input) const {
  if (!has(input)) return std::nullopt;
  const auto& values = inputs_[input]->values;
  if (!values) return std::nullopt;
  Dims result;
  for (const double value : *values) result.push_back(bounded(value));
  return result;
}

std::int64_t NodeShapes::integer(std::string_view name, std::int64_t fallback) const {
  return clamped(node_->integer(name, fallback));
}

Dims NodeShapes::integers(std::string_view name) const {
  Dims result = node_->integers(name);
  for (std::int64_t& value : result) value = clamped(value);
  return result;
}

std::optional<Dims> NodeShapes::attribute_or_input(std::string_view name, std::size_t input) const {
  if (has_attribute(name)) return integers(name);
  return ints(input);
}

DataType NodeShapes::data_type(std::string_view name, DataType fallback) const {
  const onnx::Attribute* attribute = node_->attribute(name);
  return attribute == nullptr || attribute->i == 0 ? fallback : static_cast<DataType>(attribute->i & 0xFFFF);
}

bool NodeShapes::give(std::size_t output, Dims dims, DataType type) {
  if (!acceptable(dims)) return false;
  if (output >= outputs_.size()) return true;
  TensorInfo& info = outputs_[output];
  info.dims = std::move(dims);
  info.type = type;
  info.known = true;
  return true;
}

const RuleRow* find_rule(std::string_view domain, std::string_view op) {
  static const auto index = index_rules();
  return index.find(op, [&](const RuleRow& row) { return row.domain == domain; });
}

bool same_as_first(NodeShapes& n) { return n.give(n.dims(0)); }

}  // namespace latcast::shapes
