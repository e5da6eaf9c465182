#include "latcast/network_builder.h"

#include <algorithm>
#include <string>

#include "graph/ir.h"
#include "graph/link.h"

namespace latcast {
namespace {

/// Of a candidate and what rules add to it: room from the start.
constexpr std::size_t kUsualNodes = 256, kUsualValues = 512;

onnx::DataType data_type(ElementType type) { return static_cast<onnx::DataType>(type); }

/// An operator of the network, for messages.
std::string place(std::size_t number, std::string_view op) {
  return "operator " + std::to_string(number) + " (" + std::string(op) + ")";
}

}  // namespace

NetworkBuilder::NetworkBuilder(int opset)
    : graph_(std::make_unique<ir::Graph>(std::map<std::string, std::int64_t>{{"", opset}})) {
  graph_->reserve(kUsualNodes, kUsualValues);
}
NetworkBuilder::NetworkBuilder(NetworkBuilder&&) noexcept = default;
NetworkBuilder& NetworkBuilder::operator=(NetworkBuilder&&) noexcept = default;
NetworkBuilder::~NetworkBuilder() = default;

void NetworkBuilder::refuse(std::string what) {
  if (!error_) error_ = Error{Errc::invalid_input, std::move(what)};
}

bool NetworkBuilder::check_dims(std::span<const std::int64_t> dims, std::string_view what) {
  const bool good = shapes::acceptable(dims) && std::ranges::all_of(dims, [](std::int64_t dim) { return dim >= 1; });
  if (!good) refuse(std::string(what) + " of no possible shape: dimensions are at least 1, and at most 2^31");
  return good;
}

Tensor NetworkBuilder::input(std::span<const std::int64_t> dims, ElementType type) {
  TensorInfo info{.type = data_type(type), .dims = {dims.begin(), dims.end()}};
  info.known = check_dims(dims, "an input");
  const ir::ValueId id = graph_->add_value("input", std::move(info));
  graph_->value(id).input = true;
  return {id};
}

Tensor NetworkBuilder::add_constant(std::span<const std::int64_t> dims, ElementType type) {
  return {graph_->add_constant("constant", {.type = data_type(type), .dims = {dims.begin(), dims.end()}})};
}

Tensor NetworkBuilder::weight(std::span<const std::int64_t> dims, ElementType type) {
  return check_dims(dims, "a weight") ? add_constant(dims, type) : add_constant({}, type);
}

Tensor NetworkBuilder::integers(std::span<const std::int64_t> values) {
  return {graph_->add_ints("constant", Dims(values.begin(), values.end()))};
}

Tensor NetworkBuilder::scalar(double value, ElementType type) {
  const Tensor out = add_constant({}, type);
  graph_->value(out.id).info.values = {value};
  return out;
}

Tensor NetworkBuilder::input(std::initializer_list<std::int64_t> dims, ElementType type) {
  return input(std::span(dims.begin(), dims.size()), type);
}
Tensor NetworkBuilder::weight(std::initializer_list<std::int64_t> dims, ElementType type) {
  return weight(std::span(dims.begin(), dims.size()), type);
}
Tensor NetworkBuilder::integers(std::initializer_list<std::int64_t> values) {
  return integers(std::span(values.begin(), values.size()));
}

Tensor NetworkBuilder::node(std::string_view op, std::initializer_list<Tensor> inputs,
                            std::initializer_list<NodeAttribute> attributes, std::string_view domain) {
  return add_node(op, {inputs.begin(), inputs.size()}, {attributes.begin(), attributes.size()}, 1, domain);
}

std::vector<Tensor> NetworkBuilder::nodes(std::string_view op, std::span<const Tensor> inputs,
                                          std::span<const NodeAttribute> attributes, std::size_t outputs,
                                          std::string_view domain) {
  const Tensor first = add_node(op, inputs, attributes, outputs, domain);
  std::vector<Tensor> out;
  for (std::size_t i = 0; i < outputs; ++i) out.push_back({first.id + static_cast<std::uint32_t>(i)});
  return out;
}

Tensor NetworkBuilder::add_node(std::string_view op, std::span<const Tensor> inputs,
                                std::span<const NodeAttribute> attributes, std::size_t outputs,
                                std::string_view domain) {
  onnx::Operation operation{std::string(op), std::string(domain), {}, {}};
  operation.attributes.reserve(attributes.size());
  for (const NodeAttribute& one : attributes) {
    using Kind = NodeAttribute::Kind;
    if (one.kind_ == Kind::integer) operation.attributes.emplace_back(one.name_, one.integer_);
    if (one.kind_ == Kind::real) operation.attributes.emplace_back(one.name_, one.real_);
    if (one.kind_ == Kind::text) operation.attributes.emplace_back(one.name_, one.text_);
    if (one.kind_ == Kind::integers)
      operation.attributes.emplace_back(one.name_, Dims(one.integers_.begin(), one.integers_.end()));
  }
  ir::Ids reads, gives;
  reads.reserve(inputs.size());
  for (const Tensor& tensor : inputs) {
    const bool known = tensor.id < graph_->values();
    if (!known && tensor.id != Tensor().id) refuse(place(graph_->nodes(), op) + " reads a tensor of another network");
    reads.push_back(known ? tensor.id : ir::kNothing);
  }
  const auto first = static_cast<std::uint32_t>(graph_->values());
  if (outputs == 0) refuse(place(graph_->nodes(), op) + " gives nothing: operators have outputs");
  gives.reserve(outputs);
  for (std::size_t i = 0; i < outputs; ++i) gives.push_back(graph_->add_value("value", {}));
  const ir::NodeId id = graph_->add_node(std::move(operation), std::move(reads), std::move(gives));
  if (!infer_node(*graph_, id, nullptr)) {
    const ir::Node& node = graph_->node(id);
    if (const auto what = misfit(node, inputs_of(*graph_, node))) refuse(place(id, op) + " " + *what);
  }
  return {first};
}

void NetworkBuilder::output(Tensor tensor) {
  if (tensor.id >= graph_->values()) return refuse("an output that is no tensor of this network");
  graph_->value(tensor.id).output = true;
}

std::optional<std::vector<std::int64_t>> NetworkBuilder::dims(Tensor tensor) const {
  if (tensor.id >= graph_->values() || !graph_->value(tensor.id).info.known) return std::nullopt;
  const Dims& dims = graph_->value(tensor.id).info.dims;
  return std::vector<std::int64_t>(dims.begin(), dims.end());
}

ir::Graph NetworkBuilder::take() {
  ir::Graph out = std::move(*graph_);
  *graph_ = ir::Graph({{"", out.opset()}});
  return out;
}

std::size_t NetworkBuilder::size() const { return graph_->nodes(); }

}  // namespace latcast
