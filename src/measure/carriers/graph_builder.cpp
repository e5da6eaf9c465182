#include "measure/carriers/graph_builder.h"

#include <utility>

#include "measure/carriers/graph_shapes.h"

namespace latcast::carriers {

namespace {

using onnx::DataType;

onnx::ValueInfo info(const Value& value) {
  onnx::ValueInfo v;
  v.name = value.name;
  v.type = value.type;
  v.shape.emplace();
  for (const std::int64_t d : value.dims) v.shape->push_back({d, {}});
  return v;
}

}  // namespace

std::int64_t Value::dim(int axis) const { return dims.at(static_cast<std::size_t>(positive(axis, rank()))); }
std::int64_t Value::elements() const { return product(dims); }

onnx::Attribute attr(std::string_view name, std::int64_t value) {
  onnx::Attribute a;
  a.name = name;
  a.kind = onnx::Attribute::Kind::i;
  a.i = value;
  return a;
}
onnx::Attribute attr(std::string_view name, int value) { return attr(name, static_cast<std::int64_t>(value)); }
onnx::Attribute attr(std::string_view name, float value) {
  onnx::Attribute a;
  a.name = name;
  a.kind = onnx::Attribute::Kind::f;
  a.f = value;
  return a;
}
onnx::Attribute attr(std::string_view name, std::string_view value) {
  onnx::Attribute a;
  a.name = name;
  a.kind = onnx::Attribute::Kind::s;
  a.s = value;
  return a;
}
onnx::Attribute attr(std::string_view name, const char* value) { return attr(name, std::string_view(value)); }
onnx::Attribute attr(std::string_view name, const Ints& value) {
  onnx::Attribute a;
  a.name = name;
  a.kind = onnx::Attribute::Kind::ints;
  a.ints = value;
  return a;
}

Value GraphBuilder::leaf(onnx::Tensor tensor) {
  Value value{tensor.name, {tensor.dims.begin(), tensor.dims.end()}, tensor.type};
  weight_bytes_ += static_cast<double>(product(value.dims)) * (tensor.type == DataType::int64 ? 8 : 4);
  graph_.initializers.push_back(std::move(tensor));
  return value;
}

Value GraphBuilder::input(const Shape& shape, DataType type) {
  Value value{"input" + std::to_string(graph_.inputs.size()), shape, type};
  graph_.inputs.push_back(info(value));
  return value;
}

Value GraphBuilder::weight(const Shape& shape, float deviation) {
  onnx::Tensor t;
  t.name = "w" + std::to_string(leaves_++);
  t.type = DataType::float32;
  t.dims = shape;
  t.fill = {onnx::Fill::Kind::normal, deviation};
  return leaf(std::move(t));
}

Value GraphBuilder::filled(const Shape& shape, float constant) {
  onnx::Tensor t;
  t.name = "w" + std::to_string(leaves_++);
  t.type = DataType::float32;
  t.dims = shape;
  t.fill = {onnx::Fill::Kind::constant, constant};
  return leaf(std::move(t));
}

Value GraphBuilder::scalar(float value) { return floats({value}, {}); }

Value GraphBuilder::floats(std::vector<double> values, const Shape& shape) {
  onnx::Tensor t;
  t.name = "w" + std::to_string(leaves_++);
  t.type = DataType::float32;
  t.dims = shape;
  t.floats = std::move(values);
  return leaf(std::move(t));
}

Value GraphBuilder::ints(Ints values) {
  const auto n = static_cast<std::int64_t>(values.size());
  return int_tensor(std::move(values), {n});
}

Value GraphBuilder::int_scalar(std::int64_t value) { return int_tensor({value}, {}); }

Value GraphBuilder::int_tensor(Ints values, const Shape& shape, DataType type) {
  onnx::Tensor t;
  t.name = "w" + std::to_string(leaves_++);
  t.type = type;
  t.dims = shape;
  t.ints = std::move(values);
  return leaf(std::move(t));
}

std::vector<Value> GraphBuilder::multi(std::string_view op, const std::vector<Value>& inputs, Attributes attributes,
                                       const std::vector<Shape>& outs, DataType type) {
  onnx::Node node;
  node.op = op;
  node.name = node.op + "_" + std::to_string(graph_.nodes.size());
  node.attributes = std::move(attributes);
  for (const Value& x : inputs) {
    node.inputs.push_back(x.name);
    if (!x.name.empty()) used_.insert(x.name);
  }
  std::vector<Value> values;
  for (const Shape& shape : outs) {
    Value value{node.name + "_out" + std::to_string(values.size()), shape, type};
    for (const std::int64_t d : shape) require(d > 0, node.op, value);
    elements_ += static_cast<double>(product(shape));
    made_.push_back(info(value));
    node.outputs.push_back(value.name);
    values.push_back(std::move(value));
  }
  graph_.nodes.push_back(std::move(node));
  return values;
}

Value GraphBuilder::node(std::string_view op, const std::vector<Value>& inputs, Attributes attributes, Shape out,
                         DataType type) {
  return multi(op, inputs, std::move(attributes), {std::move(out)}, type).front();
}

void GraphBuilder::open_node(std::string_view op, std::string_view domain, const std::vector<Value>& inputs,
                             Attributes attributes, int outputs) {
  onnx::Node node;
  node.op = op;
  node.domain = domain;
  node.name = node.op + "_" + std::to_string(graph_.nodes.size());
  node.attributes = std::move(attributes);
  for (const Value& x : inputs) {
    node.inputs.push_back(x.name);
    if (!x.name.empty()) used_.insert(x.name);
  }
  for (int i = 0; i < outputs; ++i) {
    onnx::ValueInfo output;
    output.name = node.name + "_out" + std::to_string(i);
    output.is_tensor = false;  // written without a type: the engine infers it
    node.outputs.push_back(output.name);
    made_.push_back(std::move(output));
  }
  if (!domain.empty()) domains_.insert(std::string(domain));
  graph_.nodes.push_back(std::move(node));
}

onnx::Model GraphBuilder::finish(std::string name, bool shapes) {
  onnx::Model model;
  model.ir_version = opset_ >= 20 ? 9 : 8;
  model.opsets[""] = opset_;
  for (const std::string& domain : domains_) model.opsets[domain] = 1;
  model.producer = "latcast";
  for (const onnx::ValueInfo& v : made_)
    if (!used_.contains(v.name)) graph_.outputs.push_back(v);
  if (shapes) {
    graph_.value_infos = made_;
    std::erase_if(graph_.value_infos, [](const onnx::ValueInfo& v) { return !v.is_tensor; });
  }
  graph_.name = std::move(name);
  model.graph = std::move(graph_);
  return model;
}

}  // namespace latcast::carriers
