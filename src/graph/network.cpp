#include "latcast/network.h"

#include <algorithm>
#include <string>

#include "graph/describe.h"
#include "graph/dimensions.h"
#include "graph/link.h"
#include "graph/network_access.h"

namespace latcast {
namespace {

/// Of a candidate and what rules add to it: room from the start.
constexpr std::size_t kUsualNodes = 256, kUsualValues = 512;

std::vector<Tensor> tensors(const ir::Ids& ids) {
  std::vector<Tensor> out;
  for (const ir::ValueId id : ids) out.push_back({id});
  return out;
}

template <class Wanted>
std::vector<Tensor> tensors(const ir::Graph& graph, Wanted wanted) {
  std::vector<Tensor> out;
  for (ir::ValueId id = 0; id < graph.values(); ++id) {
    if (wanted(graph.value(id))) out.push_back({id});
  }
  return out;
}

}  // namespace

bool has(const ir::Graph& graph, Tensor tensor) {
  if (tensor.id >= graph.values()) return false;
  const ir::Value& value = graph.value(tensor.id);
  return value.input || value.constant || value.producer != ir::kNothing;
}

std::string place_of(const ir::Graph& graph, ir::NodeId id) {
  const ir::Node& node = graph.node(id);
  return "operator " + (node.name.empty() ? std::to_string(id) : "'" + node.name + "'") + " (" + node.op + ")";
}

std::string place_of(const ir::Graph& graph, Tensor tensor) {
  const std::string name = tensor.id < graph.values() ? graph.name(tensor.id) : std::string();
  return "tensor " + (name.empty() ? std::to_string(tensor.id) : "'" + name + "'");
}

ir::NodeId NetworkAccess::add(Network& network, onnx::Operation&& operation, ir::Ids&& reads, std::size_t outputs) {
  ir::Graph& graph = network.content_->graph;
  bool stranger = false;
  for (ir::ValueId& id : reads) {
    if (id == ir::kNothing || has(graph, {id})) continue;
    stranger = true;
    id = ir::kNothing;
  }
  ir::Ids gives;
  gives.reserve(outputs);
  for (std::size_t i = 0; i < outputs; ++i) gives.push_back(graph.add_value("value", {}));
  const ir::NodeId id = graph.add_node(std::move(operation), std::move(reads), std::move(gives));
  if (stranger) network.refuse(place_of(graph, id) + " reads a tensor of another network");
  if (outputs == 0) network.refuse(place_of(graph, id) + " gives nothing: operators have outputs");
  return id;
}

void NetworkAccess::infer(Network& network, ir::NodeId id) {
  ir::Graph& graph = network.content_->graph;
  if (infer_node(graph, id, nullptr)) return;
  const ir::Node& node = graph.node(id);
  if (const auto what = misfit(node, infos_of(graph, node.inputs))) network.refuse(place_of(graph, id) + " " + *what);
}

Network::Network(std::unique_ptr<Content> content) : content_(std::move(content)) {}
Network::Network(int opset)
    : content_(std::make_unique<Content>(Content{ir::Graph(std::map<std::string, std::int64_t>{{"", opset}})})) {
  content_->graph.reserve(kUsualNodes, kUsualValues);
}
Network::Network(const Network& other) : content_(std::make_unique<Content>(*other.content_)), error_(other.error_) {}
Network::Network(Network&&) noexcept = default;
Network& Network::operator=(const Network& other) {
  if (this != &other) *this = Network(other);
  return *this;
}
Network& Network::operator=(Network&&) noexcept = default;
Network::~Network() = default;

Result<Network> Network::read(const std::string& file, const DimBindings& dims) {
  const auto model = onnx::read_model_file(file, onnx::ExternalWeights::ignored);
  if (!model) return tl::unexpected(model.error());
  if (auto checked = check_arity(model->graph); !checked) return fail_in(file, checked.error());
  if (auto checked = check_asked(model->graph, dims); !checked) return fail_in(file, checked.error());
  auto graph = link(*model, dims, nullptr);
  if (!graph) return fail_in(file, graph.error());
  return NetworkAccess::make(std::move(*graph));
}

void Network::refuse(std::string what) {
  if (!error_) error_ = Error{Errc::invalid_input, std::move(what)};
}

bool Network::check_dims(std::span<const std::int64_t> dims, std::string_view what) {
  const auto wrong = dims_error(dims, what);
  if (wrong) refuse(*wrong);
  return !wrong;
}

Tensor Network::input(std::span<const std::int64_t> dims, ElementType type) {
  TensorInfo info{.type = type, .dims = {dims.begin(), dims.end()}};
  info.known = check_dims(dims, "an input");
  const ir::ValueId id = content_->graph.add_value("input", std::move(info));
  content_->graph.value(id).input = true;
  return {id};
}

Tensor Network::add_constant(std::span<const std::int64_t> dims, ElementType type) {
  return {content_->graph.add_constant("constant", {.type = type, .dims = {dims.begin(), dims.end()}})};
}

Tensor Network::weight(std::span<const std::int64_t> dims, ElementType type) {
  return check_dims(dims, "a weight") ? add_constant(dims, type) : add_constant({}, type);
}

Tensor Network::integers(std::span<const std::int64_t> values) {
  return {content_->graph.add_ints("constant", Dims(values.begin(), values.end()))};
}

Tensor Network::scalar(double value, ElementType type) {
  const Tensor out = add_constant({}, type);
  content_->graph.value(out.id).info.values = {value};
  return out;
}

Tensor Network::input(std::initializer_list<std::int64_t> dims, ElementType type) {
  return input(std::span(dims.begin(), dims.size()), type);
}
Tensor Network::weight(std::initializer_list<std::int64_t> dims, ElementType type) {
  return weight(std::span(dims.begin(), dims.size()), type);
}
Tensor Network::integers(std::initializer_list<std::int64_t> values) {
  return integers(std::span(values.begin(), values.size()));
}

Tensor Network::node(std::string_view op, std::initializer_list<Tensor> inputs,
                     std::initializer_list<NodeAttribute> attributes, std::string_view domain) {
  return add_node(op, {inputs.begin(), inputs.size()}, {attributes.begin(), attributes.size()}, 1, domain);
}

std::vector<Tensor> Network::nodes(std::string_view op, std::span<const Tensor> inputs,
                                   std::span<const NodeAttribute> attributes, std::size_t outputs,
                                   std::string_view domain) {
  const Tensor first = add_node(op, inputs, attributes, outputs, domain);
  std::vector<Tensor> out;
  for (std::size_t i = 0; i < outputs; ++i) out.push_back({first.id + static_cast<std::uint32_t>(i)});
  return out;
}

Tensor Network::add_node(std::string_view op, std::span<const Tensor> inputs, std::span<const NodeAttribute> attributes,
                         std::size_t outputs, std::string_view domain) {
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
  ir::Ids reads;
  reads.reserve(inputs.size());
  for (const Tensor& tensor : inputs) reads.push_back(tensor.id);
  const Tensor first{static_cast<std::uint32_t>(content_->graph.values())};
  NetworkAccess::infer(*this, NetworkAccess::add(*this, std::move(operation), std::move(reads), outputs));
  return first;
}

void Network::output(Tensor tensor) {
  if (!has(content_->graph, tensor)) return refuse("an output that is no tensor of this network");
  content_->graph.value(tensor.id).output = true;
}

std::vector<Tensor> Network::inputs() const {
  return tensors(content_->graph, [](const ir::Value& value) { return value.input; });
}

std::vector<Tensor> Network::outputs() const {
  return tensors(content_->graph, [](const ir::Value& value) { return value.output; });
}

std::vector<Operator> Network::operators() const {
  std::vector<Operator> out;
  for (ir::NodeId id = 0; id < content_->graph.nodes(); ++id) {
    const ir::Node& node = content_->graph.node(id);
    if (!node.removed) out.push_back({operator_name(node), node.name, tensors(node.inputs), tensors(node.outputs)});
  }
  return out;
}

std::size_t Network::size() const {
  std::size_t count = 0;
  for (ir::NodeId id = 0; id < content_->graph.nodes(); ++id) count += content_->graph.node(id).removed ? 0 : 1;
  return count;
}

std::optional<Tensor> Network::find(std::string_view name) const {
  for (ir::ValueId id = 0; id < content_->graph.values() && !name.empty(); ++id) {
    if (content_->graph.name(id) == name && has(content_->graph, {id})) return Tensor{id};
  }
  return std::nullopt;
}

std::optional<std::vector<std::int64_t>> Network::dims(Tensor tensor) const {
  if (!has(content_->graph, tensor)) return std::nullopt;
  const TensorInfo& info = content_->graph.info(tensor.id);
  if (!info.known) return std::nullopt;
  return std::vector<std::int64_t>(info.dims.begin(), info.dims.end());
}

TensorDescription Network::describe(Tensor tensor) const {
  TensorDescription out;
  out.tensor = tensor;
  if (!has(content_->graph, tensor)) return out;
  const TensorInfo& info = content_->graph.info(tensor.id);
  out.name = content_->graph.name(tensor.id);
  out.type = info.type;
  out.dims = dims(tensor);
  if (info.known) out.bytes = static_cast<std::uint64_t>(info.bytes());
  out.constant = info.constant;
  return out;
}

}  // namespace latcast
