#include "graph/model_builder.h"

#include <algorithm>
#include <stdexcept>
#include <utility>

#include "graph/link.h"

namespace latcast::onnx {
namespace {

ValueInfo info_of(std::string name, const TensorInfo& value) {
  ValueInfo info{.name = std::move(name), .type = value.type, .shape = std::nullopt, .is_tensor = value.known};
  if (!value.known) return info;  // written without a type: the engine infers it
  info.shape.emplace();
  for (const std::int64_t dim : value.dims) info.shape->push_back({dim, {}});
  return info;
}

}  // namespace

std::int64_t Value::dim(int axis) const {
  const auto place = shapes::normal_axis(axis, dims.size());
  if (!place) throw std::logic_error("a tensor of " + std::to_string(rank()) + " axes has no " + std::to_string(axis));
  return dims[*place];
}

Value ModelBuilder::constant(TensorInfo info, Fill fill) {
  fills_.push_back(fill);
  return value(NetworkAccess::graph(network_).add_constant("constant", std::move(info)));
}

Value ModelBuilder::weight(const Dims& dims, float deviation) {
  return constant({.dims = dims}, {Fill::Kind::normal, deviation});
}

Value ModelBuilder::filled(const Dims& dims, float value) {
  return constant({.dims = dims}, {Fill::Kind::constant, value});
}

Value ModelBuilder::floats(std::vector<double> values, const Dims& dims) {
  return constant({.dims = dims, .values = std::move(values)}, {});
}

Value ModelBuilder::int_tensor(const Dims& values, const Dims& dims, DataType type) {
  return constant({.type = type, .dims = dims, .values = std::vector<double>(values.begin(), values.end())}, {});
}

Value ModelBuilder::input(const Dims& dims, DataType type) { return value(network_.input(dims, type).id); }

ir::NodeId ModelBuilder::add(std::string_view op, std::string_view domain, const std::vector<Value>& inputs,
                             std::vector<Attribute> attributes, std::size_t outputs) {
  ir::Ids reads;
  for (const Value& x : inputs) reads.push_back(x.tensor.id);
  std::string name = std::string(op) + "_" + std::to_string(graph().nodes());
  return NetworkAccess::add(network_, {std::string(op), std::string(domain), std::move(name), std::move(attributes)},
                            std::move(reads), outputs);
}

std::vector<Value> ModelBuilder::nodes(std::string_view op, const std::vector<Value>& inputs,
                                       std::vector<Attribute> attributes, std::size_t outputs) {
  const ir::NodeId id = add(op, {}, inputs, std::move(attributes), outputs);
  NetworkAccess::infer(network_, id);
  if (const auto& error = network_.error()) throw std::logic_error(error->context);
  std::vector<Value> out;
  for (const ir::ValueId output : graph().node(id).outputs) {
    const Value& one = out.emplace_back(value(output));
    if (!one.known || std::ranges::find(one.dims, 0) != one.dims.end())
      throw std::logic_error(place_of(graph(), id) + " has no shape");
  }
  return out;
}

Value ModelBuilder::node(std::string_view op, const std::vector<Value>& inputs, std::vector<Attribute> attributes) {
  return std::move(nodes(op, inputs, std::move(attributes), 1).front());
}

void ModelBuilder::open_node(std::string_view op, std::string_view domain, const std::vector<Value>& inputs,
                             std::vector<Attribute> attributes, std::size_t outputs) {
  add(op, domain, inputs, std::move(attributes), outputs);
}

std::vector<std::string> ModelBuilder::write_values(Graph& out) const {
  std::vector<std::string> names(graph().values());
  for (ir::ValueId id = 0; id < names.size(); ++id) {
    const ir::Value& value = graph().value(id);
    if (value.constant) {
      names[id] = "w" + std::to_string(out.initializers.size());
      out.initializers.push_back(make_initializer(names[id], value.info));
      out.initializers.back().fill = fills_[out.initializers.size() - 1];
    }
    if (value.input) {
      names[id] = "input" + std::to_string(out.inputs.size());
      out.inputs.push_back(info_of(names[id], value.info));
    }
    if (value.producer == ir::kNothing) continue;
    const ir::Node& maker = graph().node(value.producer);
    const auto place = std::ranges::find(maker.outputs, id) - maker.outputs.begin();
    names[id] = maker.name + "_out" + std::to_string(place);
  }
  return names;
}

Model ModelBuilder::finish(std::string name) const {
  Model model;
  model.ir_version = opset() >= 20 ? 9 : 8;
  model.opsets[""] = opset();
  model.producer = "latcast";
  model.graph.name = std::move(name);
  const std::vector<std::string> names = write_values(model.graph);
  for (ir::NodeId id = 0; id < graph().nodes(); ++id) {
    const ir::Node& made = graph().node(id);
    if (!made.domain.empty()) model.opsets[made.domain] = 1;
    Node& node = model.graph.nodes.emplace_back();
    static_cast<Operation&>(node) = made.operation();
    for (const ir::ValueId input : made.inputs) node.inputs.push_back(input == ir::kNothing ? "" : names[input]);
    for (const ir::ValueId output : made.outputs) {
      node.outputs.push_back(names[output]);
      if (graph().uses(output) == 0 && !ignored_.contains(output))
        model.graph.outputs.push_back(info_of(names[output], graph().info(output)));
    }
  }
  return model;
}

}  // namespace latcast::onnx
