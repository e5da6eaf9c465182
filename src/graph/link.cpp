#include "graph/link.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <unordered_map>
#include <unordered_set>

#include "graph/describe.h"
#include "graph/dimensions.h"
#include "graph/network_access.h"
#include "graph/node_reads.h"
#include "graph/tensor_lists.h"

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
  std::unordered_set<std::string_view> pooled_;  // only whole blocks are
  bool has_odd_eight_ = false;                   // some weights are a multiple of 8 but not of 16: the block is 8
};

BlockedChannels::BlockedChannels(const onnx::Graph& graph) {
  if (std::ranges::find(graph.nodes, shapes::kNchwc, &onnx::Node::domain) == graph.nodes.end()) return;
  std::unordered_map<std::string_view, const onnx::Tensor*> weights;
  for (const onnx::Tensor& tensor : graph.initializers) weights.emplace(tensor.name, &tensor);
  for (const onnx::Node& node : graph.nodes) {
    if (node.domain != shapes::kNchwc || node.inputs.empty()) continue;
    if (node.op.ends_with("Pool")) pooled_.insert(node.inputs[0]);
    if (node.op != "Conv" || node.inputs.size() < 2) continue;
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
  if (channels % 16 == 0 || pooled_.contains(tensor)) return channels;
  if (has_odd_eight_) return (channels + 7) / 8 * 8;
  return std::nullopt;
}

bool apply_rule(NodeShapes& n, const Catalogue* catalogue);

/// Links a file's graph while it gives every value its shape.
class Linking {
 public:
  Linking(const onnx::Model& model, const Catalogue* catalogue, Misfits misfits)
      : model_(model), catalogue_(catalogue), misfits_(misfits), blocked_(model.graph), graph_(model.opsets) {
    for (const onnx::ValueInfo& info : model.graph.value_infos) declared_.emplace(info.name, &info);
    const std::size_t values = model.graph.initializers.size() + model.graph.inputs.size() + model.graph.nodes.size();
    by_name_.reserve(values);
    graph_.reserve(model.graph.nodes.size(), values);
  }
  void add_initializer(const onnx::Tensor& tensor) {
    ir::Value& value = graph_.value(find_or_add(tensor.name));
    value.constant = !tensor.overridable;
    if (tensor.overridable) overridable_.insert(find_or_add(tensor.name));
    value.info = initializer_info(tensor);
  }
  void add_input(const std::string& name, TensorInfo info) {
    ir::Value& value = graph_.value(find_or_add(name));
    value.input = true;
    value.info = std::move(info);
  }
  Result<ir::Graph> run() {
    for (const onnx::Node& node : model_.graph.nodes)
      if (auto added = add(node, {}); !added) return tl::unexpected(added.error());
    for (const onnx::ValueInfo& output : model_.graph.outputs) graph_.value(find_or_add(output.name)).output = true;
    return std::move(graph_);
  }

 private:
  ir::ValueId find_or_add(const std::string& name);
  ir::Ids find_or_add(const std::vector<std::string>& names);
  Result<void> add(const onnx::Node& node, const std::string& prefix);
  Result<void> add_branch(const onnx::Node& node, const std::string& prefix);
  Result<void> add_graph(const onnx::Graph& branch, const onnx::Node& node, const std::string& prefix);
  [[nodiscard]] std::optional<std::string> contradiction(ir::NodeId id) const;
  [[nodiscard]] bool on_trust(const ir::Node& node) const {
    return !taken_on_trust_.empty() &&
           std::ranges::any_of(node.inputs, [&](ir::ValueId input) { return taken_on_trust_.contains(input); });
  }
  bool reorder_input(ir::NodeId id);
  void apply_declared(ir::ValueId id);
  /// Its outputs are overridable where what it reads is; shapes are not.
  void note_overridable(const ir::Node& node);

  const onnx::Model& model_;
  const Catalogue* catalogue_;
  Misfits misfits_;
  BlockedChannels blocked_;
  std::unordered_map<std::string_view, const onnx::ValueInfo*> declared_;
  std::unordered_map<std::string_view, ir::ValueId> by_name_;
  std::unordered_set<ir::ValueId> taken_on_trust_;  // values whose shape the file declares, and what follows from them
  std::unordered_set<ir::ValueId> overridable_;     // values that callers may give, and what is computed from them
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
  if (!info.known) return;
  info.dims = std::move(dims);
  taken_on_trust_.insert(id);
}

void Linking::note_overridable(const ir::Node& node) {
  const auto overridable = [&](ir::ValueId input) { return overridable_.contains(input); };
  if (node.is("Shape") || node.is("Size") || std::ranges::none_of(node.inputs, overridable)) return;
  overridable_.insert(node.outputs.begin(), node.outputs.end());
  overridable_.erase(ir::kNothing);
}

/// Inputs that the operator cannot have. A file's own word for a shape may be out of date, so that it is none.
std::optional<std::string> Linking::contradiction(ir::NodeId id) const {
  const ir::Node& node = graph_.node(id);
  if (misfits_ == Misfits::unknown || on_trust(node)) return std::nullopt;
  NodeShapes n(node, graph_.opset(node.domain), infos_of(graph_, node.inputs), node.outputs.size());
  if (apply_rule(n, nullptr) || !n.impossible()) return std::nullopt;
  return misfit(node, infos_of(graph_, node.inputs));
}

/// `prefix`: the branches that it lies in.
Result<void> Linking::add(const onnx::Node& node, const std::string& prefix) {
  if (std::ranges::any_of(node.attributes, [](const auto& one) { return one.kind == onnx::Attribute::Kind::g; }))
    return add_branch(node, prefix);
  ir::Ids inputs = find_or_add(node.inputs);
  onnx::Operation operation = node.operation();
  if (!prefix.empty()) operation.name = prefix + operation.name;
  const ir::NodeId id = graph_.add_node(std::move(operation), std::move(inputs), find_or_add(node.outputs));
  const bool known = infer_node(graph_, id, catalogue_);
  if (!known && node.domain == shapes::kNchwc && node.op == "ReorderInput") reorder_input(id);
  if (const auto what = known ? std::nullopt : contradiction(id); what)
    return fail(Errc::invalid_input, "node '" + graph_.node(id).name + "' (" + operator_name(node) + ") " + *what);
  if (!overridable_.empty()) note_overridable(graph_.node(id));
  const bool trusting = on_trust(graph_.node(id));
  for (const ir::ValueId output : graph_.node(id).outputs) {
    if (output == ir::kNothing) continue;
    apply_declared(output);
    if (trusting) taken_on_trust_.insert(output);
  }
  return {};
}

/// A node that holds graphs: an If whose condition is known becomes what it takes.
Result<void> Linking::add_branch(const onnx::Node& node, const std::string& prefix) {
  const bool branches = node.op == "If" && node.domain.empty() && node.inputs.size() == 1;
  const ir::ValueId condition = branches ? find_or_add(node.inputs[0]) : ir::kNothing;
  const auto* decided = branches && !overridable_.contains(condition) ? &graph_.info(condition).values : nullptr;
  const bool known = decided != nullptr && *decided && (*decided)->size() == 1;
  const onnx::Attribute* taken =
      known ? node.attribute((*decided)->front() != 0 ? "then_branch" : "else_branch") : nullptr;
  if (taken != nullptr && taken->g) return add_graph(*taken->g, node, prefix + node.name + "/");
  return fail(Errc::unsupported, "control flow is not supported: node " + operator_name(node) + " '" + node.name +
                                     (branches ? "' takes a branch that only a run decides"
                                               : "' runs a graph of its own as often as only a run decides"));
}

Result<void> Linking::add_graph(const onnx::Graph& branch, const onnx::Node& node, const std::string& prefix) {
  if (auto checked = check_arity(branch); !checked) return checked;
  std::vector<std::string_view> names;  // that nobody outside sees
  const auto own = [&](const std::string& name, ir::ValueId value) {
    if (by_name_.emplace(name, value).second) names.push_back(name);
  };
  for (const onnx::Tensor& tensor : branch.initializers) {
    const ir::ValueId value = graph_.add_named(prefix + tensor.name, initializer_info(tensor));
    graph_.value(value).constant = true;
    own(tensor.name, value);
  }
  const std::size_t outputs = std::min(branch.outputs.size(), node.outputs.size());
  std::vector<std::size_t> passed_on;  // what the branch only hands out
  for (std::size_t i = 0; i < outputs; ++i) {
    if (by_name_.contains(branch.outputs[i].name))
      passed_on.push_back(i);
    else if (!node.outputs[i].empty())
      own(branch.outputs[i].name, find_or_add(node.outputs[i]));
  }
  for (const onnx::Node& inner : branch.nodes) {
    for (const std::string& output : inner.outputs)
      if (!output.empty() && !by_name_.contains(output)) own(output, graph_.add_named(prefix + output, {}));
    if (auto added = add(inner, prefix); !added) return added;
  }
  for (const std::size_t i : passed_on) {
    if (node.outputs[i].empty()) continue;
    const ir::ValueId from = by_name_.at(branch.outputs[i].name), to = find_or_add(node.outputs[i]);
    const ir::NodeId id = graph_.add_node("Identity", "", prefix + node.outputs[i], {from}, {to});
    infer_node(graph_, id, catalogue_);
    note_overridable(graph_.node(id));
  }
  for (const std::string_view name : names) by_name_.erase(name);
  return {};
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

/// The network for another batch than its file has. What is not 1 may be something else than a batch.
Result<ir::Graph> rebound(const ir::Graph& graph, std::int64_t fixed, std::int64_t batch) {
  auto out = fixed == 1 ? with_batch(graph, batch) : fail(Errc::invalid_input, "only a batch of 1 is rebound");
  if (out) return out;
  return fail(Errc::invalid_input, "the first dimension of the inputs is fixed at " + std::to_string(fixed) +
                                       " in the file, so the batch cannot be " + std::to_string(batch) + ": " +
                                       out.error().context);
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
  if (auto taken = outputs.size() == 1 ? taken_from_list(graph, node) : std::nullopt) outputs[0] = std::move(*taken);
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

Result<ir::Graph> link(const onnx::Model& model, const DimBindings& bindings, const Catalogue* catalogue,
                       Misfits misfits) {
  auto inputs = bind_inputs(model.graph, bindings);
  if (!inputs) return tl::unexpected(inputs.error());
  Linking linking(model, catalogue, misfits);
  for (const onnx::Tensor& tensor : model.graph.initializers) linking.add_initializer(tensor);
  for (std::size_t i = 0; i < inputs->size(); ++i)
    linking.add_input(model.graph.inputs[i].name, std::move((*inputs)[i]));
  auto graph = linking.run();
  const auto fixed = other_batch(model.graph, bindings);
  return graph && fixed ? rebound(*graph, *fixed, bindings.batch.value_or(1)) : std::move(graph);
}

}  // namespace latcast
