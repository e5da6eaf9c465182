#include "graph/network.h"

#include <algorithm>
#include <numeric>

#include "graph/describe.h"
#include "graph/link.h"
#include "graph/module_matcher.h"
#include "graph/provenance.h"
#include "graph/reuse.h"

namespace latcast {
namespace {

/// Tensors that the caller owns: an operator that would otherwise share its input's memory must copy there.
bool at_boundary(const ir::Graph& graph, const ir::Node& node) {
  const auto owned = [&](const ir::Ids& ids) {
    if (ids.empty() || ids[0] == ir::kNothing) return false;
    const ir::Value& value = graph.value(ids[0]);
    return value.input || value.output;
  };
  return owned(node.inputs) || owned(node.outputs);
}

/// `view` has the place that tensors' pointers go to.
void look_at(const ir::Graph& graph, const ir::Node& node, NodeView& view) {
  view.node = &node;
  view.opset = graph.opset(node.domain);
  const auto look_up = [&](const ir::Ids& ids, std::vector<const TensorInfo*>& infos) {
    infos.clear();
    for (const ir::ValueId id : ids) infos.push_back(id == ir::kNothing ? nullptr : &graph.value(id).info);
  };
  look_up(node.inputs, view.inputs);
  look_up(node.outputs, view.outputs);
  view.at_boundary = at_boundary(graph, node);
  view.computed = nullptr;
}

void fill_quantities(const NodeView& view, Module& module) {
  const auto count = [&](const TensorInfo* tensor) { module.shapes_known = module.shapes_known && tensor->known; };
  for (const TensorInfo* tensor : view.inputs) {
    if (tensor == nullptr) continue;
    count(tensor);
    (tensor->constant ? module.weight_bytes : module.input_bytes) += tensor->bytes();
    if (tensor->constant) module.weight_elements += tensor->elements();
  }
  for (const TensorInfo* tensor : view.outputs) {
    if (tensor == nullptr) continue;
    count(tensor);
    module.output_bytes += tensor->bytes();
    module.output_elements += tensor->elements();
  }
}

std::string node_name(const onnx::Node& node) {
  if (!node.name.empty()) return node.name;
  return node.outputs.empty() ? node.op : node.outputs[0];
}

/// Names of the file's nodes behind each executed node.
std::vector<std::vector<std::string>> file_nodes(const onnx::Model& executed, const onnx::Model* original) {
  std::vector<std::vector<std::string>> names;
  if (original == nullptr) {
    for (const onnx::Node& node : executed.graph.nodes) names.push_back({node_name(node)});
    return names;
  }
  for (const auto& nodes : trace_nodes(executed.graph, original->graph)) {
    names.emplace_back();
    for (const std::size_t node : nodes) names.back().push_back(node_name(original->graph.nodes[node]));
  }
  return names;
}

}  // namespace

Network make_network(const ir::Graph& executed, std::span<const ir::NodeId> order, const ModuleMatcher& matcher) {
  const ReuseDistances reuse(executed, order);
  Network network;
  network.modules.reserve(order.size());
  NodeView view;
  ModuleMatcher::Memory memory;
  for (std::size_t i = 0; i < order.size(); ++i) {
    const ir::Node& node = executed.node(order[i]);
    if (node.op == "Constant" && node.domain.empty()) continue;  // nothing is executed for it
    Module& module = network.modules.emplace_back();
    module.node = i;
    module.op = operator_name(node);
    look_at(executed, node, view);
    view.reuse = reuse.of(i);
    fill_quantities(view, module);
    matcher.match(view, module, memory);
  }
  return network;
}

Result<Network> make_network(const onnx::Model& executed, const DimBindings& bindings, const Catalogue& catalogue,
                             const onnx::Model* original) {
  const auto graph = link(executed, bindings, &catalogue);
  if (!graph) return tl::unexpected(graph.error());
  std::vector<ir::NodeId> order(graph->nodes());
  std::iota(order.begin(), order.end(), ir::NodeId{0});
  Network network = make_network(*graph, order, ModuleMatcher(catalogue));
  auto names = file_nodes(executed, original);
  for (Module& module : network.modules) module.nodes = std::move(names[module.node]);
  return network;
}

}  // namespace latcast
