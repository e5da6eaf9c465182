#include "graph/network.h"

#include <algorithm>
#include <cmath>
#include <set>

#include "graph/node_reads.h"
#include "graph/provenance.h"
#include "graph/reuse.h"

namespace latcast {
namespace {

using Tensors = std::map<std::string, TensorInfo>;

std::string full_name(const onnx::Node& node) { return node.domain.empty() ? node.op : node.domain + ":" + node.op; }

NodeView view_of(const onnx::Model& model, const onnx::Node& node, const Tensors& tensors) {
  NodeView view{.node = &node, .opset = 1, .inputs = {}, .outputs = {}, .at_boundary = false, .reuse = {}};
  if (const auto opset = model.opsets.find(node.domain); opset != model.opsets.end()) view.opset = opset->second;
  const auto look_up = [&](const std::vector<std::string>& names, std::vector<const TensorInfo*>& infos) {
    for (const std::string& name : names) {
      const auto found = name.empty() ? tensors.end() : tensors.find(name);
      infos.push_back(found == tensors.end() ? nullptr : &found->second);
    }
  };
  look_up(node.inputs, view.inputs);
  look_up(node.outputs, view.outputs);
  return view;
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

/// Reads of one node for one module type; only what a program asks for is read.
class Slots {
 public:
  Slots(const NodeView& view, const ModuleType& type)
      : view_(view), type_(type), values_(type.reads.size(), 0.0), read_(type.reads.size(), false) {}

  Result<double> run(const Program& program) {
    for (const Instruction& instruction : program) {
      if (instruction.op != Opcode::load || read_[instruction.slot]) continue;
      const auto value = read_node(view_, type_.reads[instruction.slot]);
      if (!value) return value;
      values_[instruction.slot] = *value;
      read_[instruction.slot] = true;
    }
    return evaluate(program, values_);
  }

 private:
  const NodeView& view_;
  const ModuleType& type_;
  std::vector<double> values_;
  std::vector<bool> read_;
};

Result<std::vector<double>> read_parameters(const ModuleType& type, Slots& slots) {
  std::vector<double> parameters;
  for (const Parameter& parameter : type.parameters) {
    const auto value = slots.run(parameter.program);
    if (!value) return tl::unexpected(value.error());
    if (!std::isfinite(*value)) return fail(Errc::unsupported, "the parameter '" + parameter.name + "' is not finite");
    parameters.push_back(*value);
  }
  return parameters;
}

/// The first covering type whose condition holds; where none does, why.
void match(const Catalogue& catalogue, const NodeView& view, Module& module) {
  module.reason = "no module type covers " + module.op;
  for (const std::size_t index : catalogue.covering(view.node->domain, view.node->op)) {
    const ModuleType& type = catalogue.types()[index];
    Slots slots(view, type);
    if (!type.when.empty()) {
      const auto holds = slots.run(type.when);
      if (!holds || *holds == 0.0) {
        module.reason =
            holds ? "no module type's condition holds for " + module.op : type.name + ": " + holds.error().context;
        continue;
      }
    }
    auto parameters = read_parameters(type, slots);
    if (!parameters) {
      module.reason = type.name + ": " + parameters.error().context;
      return;
    }
    module.match = ModuleMatch::matched;
    module.type = index;
    module.parameters = std::move(*parameters);
    module.reason.clear();
    return;
  }
}

/// Tensors that the caller owns: an operator that would otherwise share its input's memory must copy there.
std::set<std::string> boundary_tensors(const onnx::Graph& graph) {
  std::set<std::string> names;
  for (const onnx::ValueInfo& value : graph.inputs) names.insert(value.name);
  for (const onnx::ValueInfo& value : graph.outputs) names.insert(value.name);
  return names;
}

bool touches(const onnx::Node& node, const std::set<std::string>& tensors) {
  return (!node.inputs.empty() && tensors.contains(node.inputs[0])) ||
         (!node.outputs.empty() && tensors.contains(node.outputs[0]));
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

Result<Network> make_network(const onnx::Model& executed, const DimBindings& bindings, const Catalogue& catalogue,
                             const onnx::Model* original) {
  const auto tensors = infer_shapes(executed, bindings, &catalogue);
  if (!tensors) return tl::unexpected(tensors.error());
  auto names = file_nodes(executed, original);
  const auto boundary = boundary_tensors(executed.graph);
  const auto reuse = reuse_distances(executed.graph, *tensors);
  Network network;
  for (std::size_t i = 0; i < executed.graph.nodes.size(); ++i) {
    const onnx::Node& node = executed.graph.nodes[i];
    if (node.op == "Constant" && node.domain.empty()) continue;  // nothing is executed for it
    Module module;
    module.node = i;
    module.op = full_name(node);
    module.nodes = std::move(names[i]);
    NodeView view = view_of(executed, node, *tensors);
    view.reuse = reuse[i];
    view.at_boundary = touches(node, boundary);
    fill_quantities(view, module);
    match(catalogue, view, module);
    network.modules.push_back(std::move(module));
  }
  return network;
}

}  // namespace latcast
