#include "graph/ir.h"

#include <algorithm>
#include <unordered_map>
#include <unordered_set>
#include <utility>

namespace latcast::ir {

void Node::set(onnx::Attribute one) {
  const auto found = std::ranges::find(attributes, one.name, &onnx::Attribute::name);
  if (found != attributes.end()) {
    *found = std::move(one);
  } else {
    attributes.push_back(std::move(one));
  }
}

Graph::Graph(std::map<std::string, std::int64_t> opsets) : opsets_(std::move(opsets)) { opset_ = opset({}); }

std::int64_t Graph::opset(const std::string& domain) const {
  const auto found = opsets_.find(domain);
  return found == opsets_.end() ? 1 : found->second;
}

void Graph::set_opset(const std::string& domain, std::int64_t version) {
  opsets_[domain] = version;
  opset_ = opset({});
}

std::vector<NodeId> Graph::order() const {
  constexpr NodeId kDone = NodeId{1} << 31U;  // on the stack: all that the node reads is done
  const auto read = [&](const Node& node) {
    return std::ranges::any_of(node.outputs,
                               [&](ValueId output) { return output != kNothing && !values_[output].readers.empty(); });
  };
  std::vector<NodeId> stack, out;
  stack.reserve(nodes_.size());
  out.reserve(nodes_.size());
  for (NodeId id = 0; id < nodes_.size(); ++id) {
    if (!nodes_[id].removed && !read(nodes_[id])) stack.push_back(id);
  }
  std::vector<char> visited(nodes_.size(), 0);
  while (!stack.empty()) {
    const NodeId top = stack.back(), id = top & ~kDone;
    stack.pop_back();
    if (top != id) {
      out.push_back(id);
      continue;
    }
    if (visited[id] != 0) continue;
    visited[id] = 1;
    stack.push_back(id | kDone);
    const auto first = static_cast<std::ptrdiff_t>(stack.size());
    for (const ValueId input : nodes_[id].inputs) {
      const NodeId source = input == kNothing ? kNothing : values_[input].producer;
      if (source != kNothing && visited[source] == 0) stack.push_back(source);
    }
    if (stack.end() - stack.begin() > first + 1) std::sort(stack.begin() + first, stack.end());
  }
  return out;
}

std::vector<NodeId> Graph::order() {
  if (!ordered_) order_ = std::as_const(*this).order();
  ordered_ = true;
  return order_;
}

const Node* Graph::producer(ValueId id) const {
  if (id == kNothing || values_[id].producer == kNothing) return nullptr;
  return &nodes_[values_[id].producer];
}

NodeId Graph::only_reader(NodeId id) const {
  NodeId reader = kNothing;
  for (const ValueId output : nodes_[id].outputs) {
    if (output == kNothing) continue;
    const Value& value = values_[output];
    if (value.output || value.readers.size() > 1) return kNothing;
    if (value.readers.empty()) continue;
    if (reader != kNothing) return kNothing;
    reader = value.readers.front();
  }
  return reader;
}

std::size_t Graph::uses(ValueId id) const { return values_[id].readers.size() + (values_[id].output ? 1 : 0); }

const std::vector<double>* Graph::values(ValueId id) const {
  if (!constant(id)) return nullptr;
  const auto& known = values_[id].info.values;
  return known ? &*known : nullptr;
}

std::optional<Dims> Graph::integers(ValueId id) const {
  const std::vector<double>* known = values(id);
  if (known == nullptr) return std::nullopt;
  Dims out;
  for (const double value : *known) out.push_back(static_cast<std::int64_t>(value));
  return out;
}

std::optional<double> Graph::scalar(ValueId id) const {
  const std::vector<double>* known = values(id);
  if (known == nullptr || known->size() != 1) return std::nullopt;
  return known->front();
}

ValueId Graph::add_value(Label label, TensorInfo info) {
  Value& value = values_.emplace_back();
  value.label = label;
  value.info = std::move(info);
  return static_cast<ValueId>(values_.size() - 1);
}

ValueId Graph::add_named(std::string name, TensorInfo info) {
  const ValueId id = add_value("", std::move(info));
  names_.resize(id + std::size_t{1});
  names_[id] = std::move(name);
  return id;
}

const std::string& Graph::name(ValueId id) const {
  static const std::string kNone;
  return id < names_.size() ? names_[id] : kNone;
}

ValueId Graph::add_constant(Label label, TensorInfo info) {
  info.constant = info.known = true;
  const ValueId id = add_value(label, std::move(info));
  values_[id].constant = true;
  return id;
}

ValueId Graph::add_ints(Label label, const Dims& values) {
  TensorInfo info{.type = onnx::DataType::int64, .dims = {static_cast<std::int64_t>(values.size())}};
  info.values.emplace(values.begin(), values.end());
  return add_constant(label, std::move(info));
}

NodeId Graph::add_node(onnx::Operation operation, Ids inputs, Ids outputs) {
  const auto id = static_cast<NodeId>(nodes_.size());
  for (const ValueId input : inputs) {
    if (input != kNothing) values_[input].readers.push_back(id);
  }
  for (const ValueId output : outputs) {
    if (output != kNothing) values_[output].producer = id;
  }
  const std::uint8_t bucket = bucket_of(operation.op);
  ++by_operator_[bucket];
  ordered_ = false;
  nodes_.push_back({std::move(operation), std::move(inputs), std::move(outputs), false, bucket});
  return id;
}

void Graph::set_input(NodeId node, std::size_t index, ValueId value) {
  auto& inputs = nodes_[node].inputs;
  if (index >= inputs.size()) inputs.resize(index + 1, kNothing);
  ordered_ = false;
  if (inputs[index] != kNothing) {
    auto& readers = values_[inputs[index]].readers;
    readers.erase(std::ranges::find(readers, node));
  }
  inputs[index] = value;
  if (value != kNothing) values_[value].readers.push_back(node);
}

void Graph::set_output(NodeId node, std::size_t index, ValueId value) {
  auto& outputs = nodes_[node].outputs;
  if (outputs[index] != kNothing) values_[outputs[index]].producer = kNothing;
  outputs[index] = value;
  values_[value].producer = node;
  ordered_ = false;
}

void Graph::remove(NodeId id) {
  Node& node = nodes_[id];
  if (node.removed) return;
  for (std::size_t i = 0; i < node.inputs.size(); ++i) set_input(id, i, kNothing);
  for (const ValueId output : node.outputs) {
    if (output != kNothing && values_[output].producer == id) values_[output].producer = kNothing;
  }
  node.removed = true;
  ordered_ = false;
  --by_operator_[node.bucket];
}

Node Graph::take(NodeId id) {
  Node out;
  out.inputs = nodes_[id].inputs;
  out.outputs = nodes_[id].outputs;
  out.label = nodes_[id].label;
  out.bucket = nodes_[id].bucket;
  remove(id);
  static_cast<onnx::Operation&>(out) = std::move(nodes_[id]);
  return out;
}

void Graph::redirect(ValueId from, ValueId to) {
  const Ids readers = values_[from].readers;
  for (const NodeId reader : readers) {
    const std::size_t count = nodes_[reader].inputs.size();
    for (std::size_t i = 0; i < count; ++i) {
      if (nodes_[reader].inputs[i] == from) set_input(reader, i, to);
    }
  }
}

bool Graph::bypass(NodeId id, std::size_t index) {
  const ValueId from = nodes_[id].outputs[0], to = nodes_[id].inputs[index];
  if (to == kNothing) return false;
  if (values_[from].output) {
    // The graph's output keeps its name: whoever made the input gives it instead, if nobody else reads that.
    const NodeId maker = values_[to].producer;
    if (maker == kNothing || uses(to) != 1) return false;
    remove(id);
    const auto place = std::ranges::find(nodes_[maker].outputs, to) - nodes_[maker].outputs.begin();
    set_output(maker, static_cast<std::size_t>(place), from);
    return true;
  }
  redirect(from, to);
  remove(id);
  return true;
}

void Graph::fold(ValueId id) {
  Value& value = values_[id];
  value.constant = value.info.constant = true;
  const NodeId maker = value.producer;
  ordered_ = false;
  if (maker == kNothing) return;
  value.producer = kNothing;
  auto& outputs = nodes_[maker].outputs;
  std::ranges::replace(outputs, id, kNothing);
  if (std::ranges::all_of(outputs, [](ValueId output) { return output == kNothing; })) remove(maker);
}

void Graph::name_all() {
  const auto named = static_cast<std::ptrdiff_t>(names_.size());
  names_.resize(values_.size());
  std::unordered_set<std::string_view> taken(names_.begin(), names_.begin() + named, names_.size());
  std::unordered_map<std::string, int> next_number;
  for (ValueId id = 0; id < values_.size(); ++id) {
    if (!names_[id].empty()) continue;
    const Label& label = values_[id].label;
    const std::string base = label.after == kNothing ? label.suffix : names_[label.after] + label.suffix;
    names_[id] = base;
    for (int& number = next_number[base]; !taken.insert(names_[id]).second;)
      names_[id] = base + "_" + std::to_string(number++);
  }
  for (Node& node : nodes_)
    if (node.name.empty() && node.label.after != kNothing) node.name = names_[node.label.after] + node.label.suffix;
}

}  // namespace latcast::ir
