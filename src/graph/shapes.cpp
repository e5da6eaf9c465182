#include <algorithm>
#include <unordered_map>

#include "graph/bindings.h"
#include "graph/catalogue_shapes.h"
#include "graph/shapes/node_shapes.h"

namespace latcast {
namespace {

using shapes::Dims;
using shapes::NodeShapes;

TensorInfo initializer_info(const onnx::Tensor& tensor) {
  TensorInfo info{.type = tensor.type, .dims = tensor.dims, .known = shapes::acceptable(tensor.dims), .constant = true};
  if (!info.known) return info;
  const auto elements = static_cast<std::size_t>(tensor.elements());
  if (tensor.ints.size() == elements) info.values.emplace(tensor.ints.begin(), tensor.ints.end());
  if (tensor.floats.size() == elements) info.values = tensor.floats;
  return info;
}

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
    const std::int64_t group = NodeShapes(node, 1, {}).integer("group", 1);
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

class Inference {
 public:
  Inference(const onnx::Model& model, const Catalogue* catalogue)
      : model_(model), catalogue_(catalogue), blocked_(model.graph) {
    for (const onnx::ValueInfo& info : model.graph.value_infos) declared_.emplace(info.name, &info);
  }
  void add(const std::string& name, TensorInfo info) { tensors_.insert_or_assign(name, std::move(info)); }
  void run() {
    for (const onnx::Node& node : model_.graph.nodes) infer(node);
  }
  std::map<std::string, TensorInfo> take() { return std::move(tensors_); }

 private:
  void infer(const onnx::Node& node);
  bool apply_rule(NodeShapes& n) const;
  bool reorder_input(NodeShapes& n) const;
  void apply_declared(const std::string& name, TensorInfo& info) const;
  [[nodiscard]] std::int64_t opset(const std::string& domain) const {
    const auto found = model_.opsets.find(domain);
    return found == model_.opsets.end() ? 1 : found->second;
  }

  const onnx::Model& model_;
  const Catalogue* catalogue_;
  BlockedChannels blocked_;
  std::unordered_map<std::string_view, const onnx::ValueInfo*> declared_;
  std::map<std::string, TensorInfo> tensors_;
};

bool Inference::reorder_input(NodeShapes& n) const {
  const Dims& in = n.dims(0);
  if (in.size() != 4) return false;
  const bool last = n.integer("channels_last", 0) != 0;
  const auto channels = blocked_.of(n.node().outputs[0], in[last ? 3 : 1]);
  if (!channels) return false;
  return last ? n.give({in[0], *channels, in[1], in[2]}) : n.give({in[0], *channels, in[2], in[3]});
}

bool Inference::apply_rule(NodeShapes& n) const {
  const onnx::Node& node = n.node();
  for (std::size_t i = 0; i < n.input_count(); ++i)
    if (n.has(i) && !n.input(i).known) return false;
  if (node.domain == shapes::kNchwc && node.op == "ReorderInput") return n.has(0) && reorder_input(n);
  const shapes::RuleRow* row = shapes::find_rule(node.domain, node.op);
  if (row == nullptr) return catalogue_ != nullptr && catalogue_shapes(*catalogue_, n);
  for (std::size_t i = 0; i < row->required; ++i)
    if (!n.has(i)) return false;
  return row->rule(n);
}

/// What the file says about a tensor, where the rules cannot tell.
void Inference::apply_declared(const std::string& name, TensorInfo& info) const {
  const auto found = declared_.find(name);
  if (found == declared_.end()) return;
  const onnx::ValueInfo& declared = *found->second;
  if (info.type == onnx::DataType::undefined) info.type = declared.type;
  if (info.known || !declared.is_tensor || !declared.shape) return;
  Dims dims;
  for (const onnx::Dim& dim : *declared.shape) dims.push_back(dim.value);
  info.known = shapes::acceptable(dims);
  if (info.known) info.dims = std::move(dims);
}

void Inference::infer(const onnx::Node& node) {
  std::vector<const TensorInfo*> inputs;
  bool constant = !node.inputs.empty() || node.op == "Constant";
  for (const std::string& name : node.inputs) {
    const auto found = tensors_.find(name);
    inputs.push_back(name.empty() || found == tensors_.end() ? nullptr : &found->second);
    constant = constant && (inputs.back() == nullptr || inputs.back()->constant);
  }
  NodeShapes n(node, opset(node.domain), std::move(inputs));
  if (node.outputs.empty()) return;
  if (apply_rule(n)) {
    shapes::propagate_values(n);
  } else {
    for (TensorInfo& output : n.outputs()) output = TensorInfo{.type = onnx::DataType::undefined};
  }
  for (std::size_t i = 0; i < node.outputs.size(); ++i) {
    if (node.outputs[i].empty()) continue;
    TensorInfo& output = n.outputs()[i];
    output.constant = constant;
    apply_declared(node.outputs[i], output);
    add(node.outputs[i], std::move(output));
  }
}

}  // namespace

double TensorInfo::elements() const {
  double count = 1;
  for (const std::int64_t dim : dims) count *= static_cast<double>(dim);
  return known ? count : 0;
}

double TensorInfo::bytes() const { return elements() * static_cast<double>(onnx::element_size(type)); }

Result<std::map<std::string, TensorInfo>> infer_shapes(const onnx::Model& model, const DimBindings& bindings,
                                                       const Catalogue* catalogue) {
  auto inputs = bind_inputs(model.graph, bindings);
  if (!inputs) return tl::unexpected(inputs.error());
  Inference inference(model, catalogue);
  for (const onnx::Tensor& tensor : model.graph.initializers) inference.add(tensor.name, initializer_info(tensor));
  for (std::size_t i = 0; i < inputs->size(); ++i) inference.add(model.graph.inputs[i].name, std::move((*inputs)[i]));
  inference.run();
  return inference.take();
}

}  // namespace latcast
