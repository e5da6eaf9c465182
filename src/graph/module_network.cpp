#include "graph/module_network.h"

#include <algorithm>
#include <string_view>

#include "graph/describe.h"
#include "graph/module_matcher.h"
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

/// Bytes of activations: as their shapes say, or else as what is known around them suggests. Operators mostly give
/// about as much as they take, so a tensor of unknown shape counts as the largest known one on the other side of its
/// node.
class TensorBytes {
 public:
  explicit TensorBytes(const ir::Graph& graph) : graph_(graph), guess_(graph.values(), 0.0) {}

  [[nodiscard]] double of(ir::ValueId id) const {
    const TensorInfo& info = graph_.value(id).info;
    return info.known ? info.bytes() : guess_[id];
  }

  /// Guesses what is unknown of a node's tensors; its producers were looked at before.
  void look_at(const ir::Node& node) {
    const double in = largest(node.inputs), out = largest(node.outputs);
    guess(node.outputs, in > 0 ? in : out);
    guess(node.inputs, out > 0 ? out : in);
  }

 private:
  [[nodiscard]] double largest(const ir::Ids& ids) const {
    double most = 0;
    for (const ir::ValueId id : ids) {
      if (id != ir::kNothing && !graph_.value(id).info.constant) most = std::max(most, of(id));
    }
    return most;
  }
  void guess(const ir::Ids& ids, double bytes) {
    for (const ir::ValueId id : ids) {
      if (id != ir::kNothing && !graph_.value(id).info.known && guess_[id] == 0.0) guess_[id] = bytes;
    }
  }

  const ir::Graph& graph_;
  std::vector<double> guess_;  // per value of unknown shape
};

void fill_quantities(const ir::Graph& graph, const ir::Node& node, const TensorBytes& bytes, Module& module) {
  for (const ir::ValueId id : node.inputs) {
    if (id == ir::kNothing) continue;
    const TensorInfo& tensor = graph.value(id).info;
    (tensor.constant ? module.weight_bytes : module.input_bytes) += bytes.of(id);
    if (tensor.constant) module.weight_elements += tensor.elements();
  }
  for (const ir::ValueId id : node.outputs) {
    if (id == ir::kNothing) continue;
    module.output_bytes += bytes.of(id);
    module.output_elements += graph.value(id).info.elements();
  }
}

std::string node_name(const onnx::Node& node) {
  if (!node.name.empty()) return node.name;
  return node.outputs.empty() ? node.op : node.outputs[0];
}

}  // namespace

double product_macs(std::string_view op, std::span<const TensorInfo* const> inputs,
                    std::span<const TensorInfo* const> outputs) {
  const auto known = [](const TensorInfo* tensor) {
    return tensor != nullptr && tensor->known && !tensor->dims.empty();
  };
  if (inputs.size() < 2 || outputs.empty() || !known(inputs[0]) || !known(outputs[0])) return 0;
  const auto named = [&](std::string_view part) { return op.find(part) != std::string_view::npos; };
  if (named("Conv")) {
    if (!known(inputs[1]) || inputs[1]->dims.front() <= 0) return 0;
    const double filter = inputs[1]->elements() / static_cast<double>(inputs[1]->dims.front());
    return filter * (named("ConvTranspose") ? inputs[0] : outputs[0])->elements();
  }
  if (named("Attention") && inputs.size() > 2 && known(inputs[1]) && inputs[1]->dims.size() > 2) {
    // Every query meets every key, those of the cache too, and then as many values.
    const bool cached = outputs.size() > 1 && known(outputs[1]) && outputs[1]->dims.size() == 4;
    const Dims& keys = cached ? outputs[1]->dims : inputs[1]->dims;
    const double length = static_cast<double>(keys[keys.size() >= 4 ? 2 : keys.size() / 2]);
    return length * (inputs[0]->elements() + outputs[0]->elements());
  }
  if (named("MatMul") || named("Gemm")) return outputs[0]->elements() * static_cast<double>(inputs[0]->dims.back());
  return 0;
}

ModuleNetwork match_modules(const ir::Graph& executed, std::span<const ir::NodeId> order,
                            const ModuleMatcher& matcher) {
  const Reuses reuse(executed, order);
  TensorBytes bytes(executed);
  ModuleNetwork network;
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
    bytes.look_at(node);
    fill_quantities(executed, node, bytes, module);
    matcher.match(view, module, memory);
    if (module.match == ModuleMatch::unknown) module.macs = product_macs(node.op, view.inputs, view.outputs);
  }
  return network;
}

ModuleNetwork match_modules(ExecutedGraph& executed, const Catalogue& catalogue, const onnx::Model* file) {
  complete_shapes(executed, catalogue);
  ModuleNetwork network = match_modules(executed.graph, executed.order, ModuleMatcher(catalogue));
  for (Module& module : network.modules) {
    for (const std::size_t node : executed.stands_for[module.node])
      if (file != nullptr && node < file->graph.nodes.size())
        module.nodes.push_back(node_name(file->graph.nodes[node]));
  }
  return network;
}

}  // namespace latcast
