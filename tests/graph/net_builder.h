// Short hand for small models in tests.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "graph/onnx_model.h"

namespace latcast::test {

using latcast::Dims;

inline onnx::Attribute ints(std::string_view name, Dims values) { return {name, std::move(values)}; }
inline onnx::Attribute integer(std::string_view name, std::int64_t value) { return {name, value}; }
inline onnx::Attribute text(std::string_view name, std::string_view value) { return {name, value}; }
inline onnx::Attribute real(std::string_view name, float value) { return {name, value}; }

inline onnx::Attribute graph(std::string_view name, onnx::Graph inner) {
  onnx::Attribute out;
  out.name = name;
  out.kind = onnx::Attribute::Kind::g;
  out.g = std::make_shared<const onnx::Graph>(std::move(inner));
  return out;
}

inline onnx::ValueInfo value(std::string name, const Dims& dims, onnx::DataType type = onnx::DataType::float32) {
  onnx::ValueInfo info{.name = std::move(name), .type = type, .shape = std::vector<onnx::Dim>()};
  for (const std::int64_t dim : dims) info.shape->push_back({.value = dim, .name = {}});
  return info;
}

inline onnx::Tensor weight(std::string name, Dims dims) {
  onnx::Tensor tensor;
  tensor.name = std::move(name);
  tensor.type = onnx::DataType::float32;
  tensor.dims = std::move(dims);
  tensor.fill = {onnx::Fill::Kind::normal, 0.05F};
  return tensor;
}

inline onnx::Tensor int_values(std::string name, const Dims& values) {
  onnx::Tensor tensor;
  tensor.name = std::move(name);
  tensor.type = onnx::DataType::int64;
  tensor.dims = {static_cast<std::int64_t>(values.size())};
  tensor.ints.assign(values.begin(), values.end());
  return tensor;
}

inline onnx::Tensor int_scalar(std::string name, std::int64_t one, onnx::DataType type = onnx::DataType::int64) {
  onnx::Tensor tensor = int_values(std::move(name), {one});
  tensor.dims = {};
  tensor.type = type;
  return tensor;
}

inline onnx::Tensor float_values(std::string name, std::vector<double> values) {
  onnx::Tensor tensor;
  tensor.name = std::move(name);
  tensor.type = onnx::DataType::float32;
  tensor.dims = {static_cast<std::int64_t>(values.size())};
  tensor.floats = std::move(values);
  return tensor;
}

inline onnx::Node node(std::string op, std::vector<std::string> inputs, std::vector<std::string> outputs,
                       std::vector<onnx::Attribute> attributes = {}, std::string domain = {}) {
  onnx::Node result;
  result.name = outputs.empty() ? op : op + "_" + outputs[0];
  result.op = std::move(op);
  result.domain = std::move(domain);
  result.inputs = std::move(inputs);
  result.outputs = std::move(outputs);
  result.attributes = std::move(attributes);
  return result;
}

inline onnx::Model model(onnx::Graph graph, std::int64_t opset = 17) {
  onnx::Model result;
  result.opsets = {{"", opset}, {"com.microsoft", 1}, {"com.microsoft.nchwc", 1}};
  result.graph = std::move(graph);
  return result;
}

/// x -> Relu -> ... -> y, `length` nodes.
inline onnx::Model relu_chain(std::size_t length, const Dims& dims = {1, 8}) {
  onnx::Graph graph;
  graph.inputs = {value("t0", dims)};
  for (std::size_t i = 0; i < length; ++i)
    graph.nodes.push_back(node("Relu", {"t" + std::to_string(i)}, {"t" + std::to_string(i + 1)}));
  graph.outputs = {value("t" + std::to_string(length), dims)};
  return model(std::move(graph));
}

}  // namespace latcast::test
