#include "graph/link.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <unordered_map>

#include "graph/describe.h"
#include "graph/node_reads.h"

namespace latcast {
namespace {

using shapes::Dims;
using shapes::NodeShapes;

std::string place_of(const onnx::ValueInfo& input, std::size_t axis) { return input.name + ":" + std::to_string(axis); }

std::optional<std::int64_t> bound_value(const onnx::Dim& dim, const onnx::ValueInfo& input, std::size_t axis,
                                        const DimBindings& bindings) {
  if (dim.value >= 0) return dim.value;
  if (const auto by_place = bindings.named.find(place_of(input, axis)); by_place != bindings.named.end())
    return by_place->second;
  if (const auto by_name = bindings.named.find(dim.name); !dim.name.empty() && by_name != bindings.named.end())
    return by_name->second;
  return axis == 0 ? bindings.batch : std::nullopt;
}

std::string describe(const onnx::Dim& dim, const onnx::ValueInfo& input, std::size_t axis) {
  return dim.name.empty() ? place_of(input, axis) : "'" + dim.name + "' (" + place_of(input, axis) + ")";
}

Result<void> check_bindings(const DimBindings& bindings) {
  const auto good = [](std::int64_t value) { return value >= 1 && value <= shapes::kMaxDim; };
  for (const auto& [name, value] : bindings.named)
    if (!good(value)) return fail(Errc::invalid_input, "dimension '" + name + "' cannot be " + std::to_string(value));
  if (bindings.batch && !good(*bindings.batch))
    return fail(Errc::invalid_input, "the batch cannot be " + std::to_string(*bindings.batch));
  return {};
}

/// The shape of every input of the graph, in their order; inputs that are not tensors stay unknown. The error lists all
/// dimensions that nothing binds.
Result<std::vector<TensorInfo>> bind_inputs(const onnx::Graph& graph, const DimBindings& bindings) {
  if (auto checked = check_bindings(bindings); !checked) return tl::unexpected(checked.error());
  std::string free;
  std::vector<TensorInfo> infos;
  for (const onnx::ValueInfo& input : graph.inputs) {
    TensorInfo info{.type = input.type};
    if (input.is_tensor && !input.shape) free += (free.empty() ? "" : ", ") + input.name + " (its whole shape)";
    for (std::size_t axis = 0; input.shape && axis < input.shape->size(); ++axis) {
      const onnx::Dim& dim = (*input.shape)[axis];
      const auto value = bound_value(dim, input, axis, bindings);
      if (!value) free += (free.empty() ? "" : ", ") + describe(dim, input, axis);
      info.dims.push_back(value.value_or(1));
    }
    info.known = input.is_tensor && input.shape && shapes::acceptable(info.dims);
    infos.push_back(std::move(info));
  }
  if (free.empty()) return infos;
  return fail(Errc::invalid_input, "free dimensions of the inputs need a value (--batch N, --dim NAME=V): " + free);
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
  if (std::ranges::find(graph.nodes, shapes::kNchwc, &onnx::Node::domain) == graph.nodes.end()) return;
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
    const std::size_t values = model.graph.initializers.size() + model.graph.inputs.size() + model.graph.nodes.size();
    by_name_.reserve(values);
    graph_.reserve(model.graph.nodes.size(), values);
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

std::vector<double> read_all(const ModuleType& type, const NodeView& view) {
  std::vector<double> slots;
  for (const NodeRead& read : type.reads) {
    const auto value = read_node(view, read);
    // Reads of outputs cannot be answered yet; the shape's programs do not use them.
    slots.push_back(value ? *value : 0.0);
  }
  return slots;
}

bool give_shapes(const ModuleType& type, std::span<const double> slots, shapes::NodeShapes& n) {
  for (std::size_t i = 0; i < type.output_shapes.size(); ++i) {
    shapes::Dims dims;
    for (const Program& program : type.output_shapes[i]) dims.push_back(shapes::bounded(evaluate(program, slots)));
    if (std::ranges::any_of(dims, [](std::int64_t dim) { return dim <= 0; })) return false;
    if (!n.give(i, std::move(dims), n.type())) return false;
  }
  return type.output_shapes.size() >= n.outputs().size();
}

/// Output shapes of operators that only the catalogue knows: a user's own module type may say them. True where a
/// covering type gives a shape for every output.
bool catalogue_shapes(const Catalogue& catalogue, shapes::NodeShapes& n) {
  NodeView view{.node = &n.node(), .opset = n.opset(), .inputs = {}, .outputs = {}, .at_boundary = false, .reuse = {}};
  for (std::size_t i = 0; i < n.input_count(); ++i) view.inputs.push_back(n.has(i) ? &n.input(i) : nullptr);
  for (const std::size_t index : catalogue.covering(n.node().domain, n.node().op)) {
    const ModuleType& type = catalogue.types()[index];
    if (type.output_shapes.empty()) continue;
    if (give_shapes(type, read_all(type, view), n)) return true;
  }
  return false;
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

/// "To the end" is written as the largest integer, which is no double.
std::int64_t nearest(double value) {
  constexpr double kTooLarge = 9.2e18;
  if (value >= kTooLarge) return std::numeric_limits<std::int64_t>::max();
  if (value <= -kTooLarge) return std::numeric_limits<std::int64_t>::min();
  return std::llround(value);
}

/// A shape that an operator reads, and the like: " (1, 64, -1)"; empty of others.
std::string list_text(const TensorInfo& info) {
  constexpr std::size_t kLong = 8;
  const bool list = info.type == onnx::DataType::int64 && info.dims.size() == 1 && info.values;
  if (!list || info.values->empty() || info.values->size() > kLong) return {};
  std::string out;
  for (const double value : *info.values) out += (out.empty() ? " (" : ", ") + std::to_string(nearest(value));
  return out + ")";
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

Result<void> check_arity(const onnx::Graph& graph) {
  static constexpr std::array<std::string_view, 3> kFirstMayBeMissing = {"LSTM", "GRU", "RNN"};
  for (const onnx::Node& node : graph.nodes) {
    const auto refuse = [&](const std::string& what) {
      return fail(Errc::invalid_input, "node '" + node.name + "' (" + node.op + ") " + what);
    };
    const shapes::RuleRow* row = shapes::find_rule(node.domain, node.op);
    for (std::size_t i = 0; row != nullptr && i < row->required; ++i) {
      if (i >= node.inputs.size() || node.inputs[i].empty()) return refuse("lacks its input " + std::to_string(i));
    }
    const bool nameless = node.outputs.empty() || node.outputs[0].empty();
    if (nameless && std::ranges::find(kFirstMayBeMissing, node.op) == kFirstMayBeMissing.end())
      return refuse("has no output");
  }
  return {};
}

onnx::Tensor make_initializer(std::string name, const TensorInfo& info) {
  onnx::Tensor out;
  out.name = std::move(name);
  out.type = info.type;
  out.dims = info.dims;
  if (!info.values) return out;
  const bool real = info.type == onnx::DataType::float32 || info.type == onnx::DataType::float64 ||
                    info.type == onnx::DataType::float16 || info.type == onnx::DataType::bfloat16;
  if (real) {
    out.floats = *info.values;
  } else {
    for (const double one : *info.values) out.ints.push_back(nearest(one));
  }
  return out;
}

std::vector<TensorInfo> infer_outputs(const onnx::Operation& operation, std::int64_t opset, TensorInfos inputs,
                                      std::size_t outputs, const Catalogue* catalogue) {
  bool constant = !inputs.empty() || operation.op == "Constant";
  for (const TensorInfo* input : inputs) constant = constant && (input == nullptr || input->constant);
  NodeShapes n(operation, opset, std::move(inputs), outputs);
  const bool known = outputs > 0 && apply_rule(n, catalogue);
  if (known) shapes::propagate_values(n);
  for (TensorInfo& output : n.outputs()) {
    if (!known) output = TensorInfo{.type = onnx::DataType::undefined};
    output.constant = constant;
  }
  return std::move(n.outputs());
}

std::optional<std::string> misfit(const onnx::Operation& operation, const TensorInfos& inputs) {
  const shapes::RuleRow* row = shapes::find_rule(operation.domain, operation.op);
  if (row == nullptr) return std::nullopt;
  for (std::size_t i = 0; i < row->required; ++i) {
    if (i >= inputs.size() || inputs[i] == nullptr) return "lacks its input " + std::to_string(i);
  }
  std::string shapes;
  for (const TensorInfo* input : inputs) {
    if (input != nullptr && !input->known) return std::nullopt;
    shapes += (shapes.empty() ? "" : ", ") + (input == nullptr ? "-" : shape_text(*input) + list_text(*input));
  }
  return "does not fit inputs of the shapes " + shapes;
}

TensorInfos infos_of(const ir::Graph& graph, const ir::Ids& ids) {
  TensorInfos out;
  for (const ir::ValueId id : ids) out.push_back(id == ir::kNothing ? nullptr : &graph.value(id).info);
  return out;
}

bool infer_node(ir::Graph& graph, ir::NodeId id, const Catalogue* catalogue) {
  const ir::Node& node = graph.node(id);
  auto outputs =
      infer_outputs(node, graph.opset(node.domain), infos_of(graph, node.inputs), node.outputs.size(), catalogue);
  const bool known = !outputs.empty() && outputs.front().known;
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    if (node.outputs[i] != ir::kNothing) graph.value(node.outputs[i]).info = std::move(outputs[i]);
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

}  // namespace latcast
