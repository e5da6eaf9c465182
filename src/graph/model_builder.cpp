#include "graph/model_builder.h"

#include <algorithm>
#include <stdexcept>
#include <utility>

#include "graph/link.h"

namespace latcast::onnx {
namespace {

ValueInfo info_of(const Value& value) {
  ValueInfo info{.name = value.name, .type = value.type, .shape = std::nullopt, .is_tensor = value.known};
  if (!value.known) return info;  // written without a type: the engine infers it
  info.shape.emplace();
  for (const std::int64_t dim : value.dims) info.shape->push_back({dim, {}});
  return info;
}

}  // namespace

std::int64_t Value::dim(int axis) const {
  const auto place = shapes::normal_axis(axis, dims.size());
  if (!place) throw std::logic_error(name + " has no axis " + std::to_string(axis));
  return dims[*place];
}

TensorInfos infos_of(const std::vector<Value>& values) {
  TensorInfos out;
  for (const Value& value : values) out.push_back(value.name.empty() ? nullptr : &value);
  return out;
}

Value ModelBuilder::constant(DataType type, const Dims& dims, Fill fill, std::vector<double> floats,
                             std::vector<std::int64_t> ints) {
  std::string name = "w" + std::to_string(graph_.initializers.size());
  graph_.initializers.push_back({std::move(name), type, dims, std::move(ints), std::move(floats), fill, {}});
  const Tensor& kept = graph_.initializers.back();
  return {initializer_info(kept), kept.name};
}

Value ModelBuilder::weight(const Dims& dims, float deviation) {
  return constant(DataType::float32, dims, {Fill::Kind::normal, deviation}, {}, {});
}

Value ModelBuilder::filled(const Dims& dims, float value) {
  return constant(DataType::float32, dims, {Fill::Kind::constant, value}, {}, {});
}

Value ModelBuilder::floats(std::vector<double> values, const Dims& dims) {
  return constant(DataType::float32, dims, {}, std::move(values), {});
}

Value ModelBuilder::int_tensor(const Dims& values, const Dims& dims, DataType type) {
  return constant(type, dims, {}, {}, {values.begin(), values.end()});
}

Value ModelBuilder::input(const Dims& dims, DataType type) {
  Value value{{.type = type, .dims = dims, .known = true}, "input" + std::to_string(graph_.inputs.size())};
  graph_.inputs.push_back(info_of(value));
  return value;
}

ModelBuilder::Made& ModelBuilder::add(std::string_view op, std::string_view domain, std::vector<Value> inputs,
                                      std::vector<Attribute> attributes) {
  std::string name = std::string(op) + "_" + std::to_string(made_.size());
  for (const Value& x : inputs) read_.insert(x.name);
  made_.push_back(
      {{std::string(op), std::string(domain), std::move(name), std::move(attributes)}, std::move(inputs), {}});
  return made_.back();
}

std::vector<Value> ModelBuilder::nodes(std::string_view op, std::vector<Value> inputs,
                                       std::vector<Attribute> attributes, std::size_t outputs) {
  Made& made = add(op, {}, std::move(inputs), std::move(attributes));
  const std::string& name = made.operation.name;
  for (TensorInfo& info : infer_outputs(made.operation, opset_, infos_of(made.inputs), outputs, nullptr)) {
    const bool empty = std::ranges::find(info.dims, 0) != info.dims.end();
    if (!info.known || empty)
      throw std::logic_error(name + " " + misfit(made.operation, infos_of(made.inputs)).value_or("has no shape"));
    made.outputs.push_back({std::move(info), name + "_out" + std::to_string(made.outputs.size())});
  }
  return made.outputs;
}

Value ModelBuilder::node(std::string_view op, std::vector<Value> inputs, std::vector<Attribute> attributes) {
  return std::move(nodes(op, std::move(inputs), std::move(attributes), 1).front());
}

void ModelBuilder::open_node(std::string_view op, std::string_view domain, std::vector<Value> inputs,
                             std::vector<Attribute> attributes, std::size_t outputs) {
  Made& made = add(op, domain, std::move(inputs), std::move(attributes));
  for (std::size_t i = 0; i < outputs; ++i)
    made.outputs.push_back({{}, made.operation.name + "_out" + std::to_string(i)});
}

Model ModelBuilder::finish(std::string name) {
  Model model;
  model.ir_version = opset_ >= 20 ? 9 : 8;
  model.opsets[""] = opset_;
  model.producer = "latcast";
  graph_.name = std::move(name);
  for (Made& made : made_) {
    if (!made.operation.domain.empty()) model.opsets[made.operation.domain] = 1;
    Node& node = graph_.nodes.emplace_back();
    static_cast<Operation&>(node) = std::move(made.operation);
    for (Value& x : made.inputs) node.inputs.push_back(std::move(x.name));
    for (const Value& x : made.outputs) {
      node.outputs.push_back(x.name);
      if (!read_.contains(x.name)) graph_.outputs.push_back(info_of(x));
    }
  }
  model.graph = std::move(graph_);
  return model;
}

}  // namespace latcast::onnx
