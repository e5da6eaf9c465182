// Links graphs, and gives every value its shape as it goes: link.h, and infer_shapes() of network.h.
#include "graph/link.h"

#include <algorithm>
#include <unordered_map>

#include "graph/bindings.h"
#include "graph/catalogue_shapes.h"
#include "graph/shapes/node_shapes.h"

namespace latcast {
namespace {

using shapes::Dims;
using shapes::NodeShapes;

/// Rounds channels up the way ONNX Runtime's blocked layout does. The block is not stored: the prepared weights of
/// whatever reads the tensor show it.
class BlockedChannels {
 public:
  explicit BlockedChannels(const onnx::Graph& graph);
  [[nodiscard]] std::optional<std::int64_t> of(const std::string& tensor, std::int64_t channels) const;

 private:
  std::unordered_map<std::string_view, std::int64_t> by_reader_;
  bool has_odd_eight_ = false;  // some weights are a multiple of 8 but not of 16: the block is 8
};

BlockedChannels::BlockedChannels(const onnx::Graph& graph) {
  std::unordered_map<std::string_view, const onnx::Tensor*> weights;
  for (const onnx::Tensor& tensor : graph.initializers) weights.emplace(tensor.name, &tensor);
  for (const onnx::Node& node : graph.nodes) {
    if (node.domain != shapes::kNchwc || node.op != "Conv" || node.inputs.size() < 2) continue;
    const auto found = weights.find(node.inputs[1]);
    if (found == weights.end() || found->second->dims.size() != 4 || !shapes::acceptable(found->second->dims)) continue;
    const Dims& dims = found->second->dims;
    const std::int64_t group = NodeShapes(node, 1, {}, 0).integer("group", 1);
    by_reader_.emplace(node.inputs[0], dims[1] * group);
    if (node.inputs.size() > 3) by_reader_.emplace(node.inputs[3], dims[0]);
    has_odd_eight_ = has_odd_eight_ || dims[0] % 16 == 8;
  }
}

std::optional<std::int64_t> BlockedChannels::of(const std::string& tensor, std::int64_t channels) const {
  if (const auto found = by_reader_.find(tensor); found != by_reader_.end()) return found->second;
  if (channels % 16 == 0) return channels;
  if (has_odd_eight_) return (channels + 7) / 8 * 8;
  return std::nullopt;
}

/// Links a file's graph while it gives every value its shape.
class Linking {
 public:
  Linking(const onnx::Model& model, const Catalogue* catalogue)
      : model_(model), catalogue_(catalogue), blocked_(model.graph), graph_(model.opsets) {
    for (const onnx::ValueInfo& info : model.graph.value_infos) declared_.emplace(info.name, &info);
  }
  void add_initializer(const onnx::Tensor& tensor) {
    ir::Value& value = graph_.value(find_or_add(tensor.name));
    value.constant = true;
    value.info = initializer_info(tensor);
  }
  void add_input(const std::string& name, TensorInfo info) {
    ir::Value& value = graph_.value(find_or_add(name));
    value.input = true;
    value.info = std::move(info);
  }
  ir::Graph run() {
    for (const onnx::Node& node : model_.graph.nodes) add(node);
    for (const onnx::ValueInfo& output : model_.graph.outputs) graph_.value(find_or_add(output.name)).output = true;
    return std::move(graph_);
  }

 private:
  ir::ValueId find_or_add(const std::string& name);
  ir::Ids find_or_add(const std::vector<std::string>& names);
  void add(const onnx::Node& node);
  bool reorder_input(ir::NodeId id);
  void apply_declared(ir::ValueId id);

  const onnx::Model& model_;
  const Catalogue* catalogue_;
  BlockedChannels blocked_;
  std::unordered_map<std::string_view, const onnx::ValueInfo*> declared_;
  std::unordered_map<std::string_view, ir::ValueId> by_name_;
  ir::Graph graph_;
};

ir::ValueId Linking::find_or_add(const std::string& name) {
  const auto [place, fresh] = by_name_.emplace(name, static_cast<ir::ValueId>(graph_.values()));
  if (fresh) graph_.add_named(name, {});
  return place->second;
}

ir::Ids Linking::find_or_add(const std::vector<std::string>& names) {
  ir::Ids out;
  for (const std::string& name : names) out.push_back(name.empty() ? ir::kNothing : find_or_add(name));
  return out;
}

bool Linking::reorder_input(ir::NodeId id) {
  const ir::Node& node = graph_.node(id);
  const TensorInfo* input = node.input(0) == ir::kNothing ? nullptr : &graph_.value(node.inputs[0]).info;
  if (input == nullptr || !input->known || input->dims.size() != 4 || node.outputs.empty()) return false;
  if (node.outputs[0] == ir::kNothing) return false;
  ir::Value& output = graph_.value(node.outputs[0]);
  const Dims& in = input->dims;
  const bool last = node.integer("channels_last", 0) != 0;
  const auto channels = blocked_.of(graph_.name(node.outputs[0]), in[last ? 3 : 1]);
  if (!channels) return false;
  Dims dims = last ? Dims{in[0], *channels, in[1], in[2]} : Dims{in[0], *channels, in[2], in[3]};
  output.info.known = shapes::acceptable(dims);
  output.info.dims = std::move(dims);
  output.info.type = input->type;
  return output.info.known;
}

/// What the file says about a tensor, where the rules cannot tell.
void Linking::apply_declared(ir::ValueId id) {
  const auto found = declared_.find(graph_.name(id));
  if (found == declared_.end()) return;
  const onnx::ValueInfo& declared = *found->second;
  TensorInfo& info = graph_.value(id).info;
  if (info.type == onnx::DataType::undefined) info.type = declared.type;
  if (info.known || !declared.is_tensor || !declared.shape) return;
  Dims dims;
  for (const onnx::Dim& dim : *declared.shape) dims.push_back(dim.value);
  info.known = shapes::acceptable(dims);
  if (info.known) info.dims = std::move(dims);
}

void Linking::add(const onnx::Node& node) {
  ir::Ids inputs = find_or_add(node.inputs);
  const ir::NodeId id = graph_.add_node(node.operation(), std::move(inputs), find_or_add(node.outputs));
  const bool known = infer_node(graph_, id, catalogue_);
  if (!known && node.domain == shapes::kNchwc && node.op == "ReorderInput") reorder_input(id);
  for (const ir::ValueId output : graph_.node(id).outputs) {
    if (output != ir::kNothing) apply_declared(output);
  }
}

bool apply_rule(NodeShapes& n, const Catalogue* catalogue) {
  const onnx::Operation& node = n.node();
  for (std::size_t i = 0; i < n.input_count(); ++i)
    if (n.has(i) && !n.input(i).known) return false;
  const shapes::RuleRow* row = shapes::find_rule(node.domain, node.op);
  if (row == nullptr) return catalogue != nullptr && catalogue_shapes(*catalogue, n);
  for (std::size_t i = 0; i < row->required; ++i)
    if (!n.has(i)) return false;
  return row->rule(n);
}

}  // namespace

TensorInfo initializer_info(const onnx::Tensor& tensor) {
  TensorInfo info{.type = tensor.type, .dims = tensor.dims, .known = shapes::acceptable(tensor.dims), .constant = true};
  if (!info.known) return info;
  const auto elements = static_cast<std::size_t>(tensor.elements());
  if (tensor.ints.size() == elements) info.values.emplace(tensor.ints.begin(), tensor.ints.end());
  if (tensor.floats.size() == elements) info.values = tensor.floats;
  return info;
}

bool infer_node(ir::Graph& graph, ir::NodeId id, const Catalogue* catalogue) {
  const ir::Node& node = graph.node(id);
  bool constant = !node.inputs.empty() || node.op == "Constant";
  NodeShapes::Inputs inputs;
  for (const ir::ValueId input : node.inputs) {
    inputs.push_back(input == ir::kNothing ? nullptr : &graph.value(input).info);
    constant = constant && (inputs.back() == nullptr || inputs.back()->constant);
  }
  NodeShapes n(node, graph.opset(node.domain), std::move(inputs), node.outputs.size());
  const bool known = !node.outputs.empty() && apply_rule(n, catalogue);
  if (known) {
    shapes::propagate_values(n);
  } else {
    for (TensorInfo& output : n.outputs()) output = TensorInfo{.type = onnx::DataType::undefined};
  }
  for (std::size_t i = 0; i < node.outputs.size(); ++i) {
    if (node.outputs[i] == ir::kNothing) continue;
    TensorInfo& info = graph.value(node.outputs[i]).info;
    info = std::move(n.outputs()[i]);
    info.constant = constant;
  }
  return known;
}

double TensorInfo::elements() const {
  double count = 1;
  for (const std::int64_t dim : dims) count *= static_cast<double>(dim);
  return known ? count : 0;
}

double TensorInfo::bytes() const { return elements() * static_cast<double>(onnx::element_size(type)); }

Result<ir::Graph> link(const onnx::Model& model, const DimBindings& bindings, const Catalogue* catalogue) {
  auto inputs = bind_inputs(model.graph, bindings);
  if (!inputs) return tl::unexpected(inputs.error());
  Linking linking(model, catalogue);
  for (const onnx::Tensor& tensor : model.graph.initializers) linking.add_initializer(tensor);
  for (std::size_t i = 0; i < inputs->size(); ++i)
    linking.add_input(model.graph.inputs[i].name, std::move((*inputs)[i]));
  return linking.run();
}

Result<std::map<std::string, TensorInfo>> infer_shapes(const onnx::Model& model, const DimBindings& bindings,
                                                       const Catalogue* catalogue) {
  auto graph = link(model, bindings, catalogue);
  if (!graph) return tl::unexpected(graph.error());
  std::map<std::string, TensorInfo> out;
  for (ir::ValueId id = 0; id < graph->values(); ++id) out.emplace(graph->name(id), std::move(graph->value(id).info));
  return out;
}

}  // namespace latcast
