#include "graph/provenance.h"

#include <algorithm>
#include <string_view>
#include <unordered_map>
#include <unordered_set>

namespace latcast {
namespace {

using Index = std::size_t;
constexpr Index kNone = static_cast<Index>(-1);
using NameMap = std::unordered_map<std::string_view, Index>;

Index find(const NameMap& map, std::string_view name) {
  const auto found = map.find(name);
  return found == map.end() ? kNone : found->second;
}

bool reshapes(std::string_view op) {
  return op == "Reshape" || op == "Flatten" || op == "Squeeze" || op == "Unsqueeze";
}

bool is_product(std::string_view op) { return op == "Conv" || op == "ConvTranspose" || op == "MatMul" || op == "Gemm"; }

/// Cuts the last part: engines append to the name of a node or tensor that they derive a new node from.
std::string_view without_suffix(std::string_view name) {
  const std::size_t part = name.find_last_of("_/");
  return name.substr(0, part == std::string_view::npos ? 0 : part);
}

class Tracer {
 public:
  Tracer(const ExecutedGraph& executed, const onnx::Graph& original, std::span<const std::string_view> reorders)
      : executed_(executed),
        original_(original),
        reorders_(reorders),
        place_(executed.graph.nodes(), kNone),
        owner_(original.nodes.size(), kNone),
        folded_(original.nodes.size(), false) {
    for (Index i = 0; i < executed.order.size(); ++i) place_[executed.order[i]] = i;
    for (Index i = 0; i < original.nodes.size(); ++i) {
      if (!original.nodes[i].name.empty()) original_by_name_.emplace(original.nodes[i].name, i);
      for (const std::string& output : original.nodes[i].outputs)
        if (!output.empty()) original_by_tensor_.emplace(output, i);
    }
  }
  std::vector<std::vector<Index>> run();

 private:
  void claim_by_tensor();
  void claim_by_name();
  void mark_folded();
  void link_readers();
  void claim_by_input();
  void assign_to_readers();
  void assign_to_producers();
  void claim(Index original, Index executed) {
    if (owner_[original] == kNone) owner_[original] = executed;
  }
  /// What engines insert.
  [[nodiscard]] bool reorders(std::string_view op) const { return std::ranges::find(reorders_, op) != reorders_.end(); }
  [[nodiscard]] Index before(const ir::Node& node) const;
  [[nodiscard]] Index behind_inserted(Index executed, std::string_view original_op) const;
  [[nodiscard]] Index named(std::string_view name) const;
  [[nodiscard]] Index common_reader(Index node) const;

  const ExecutedGraph& executed_;
  const onnx::Graph& original_;
  std::span<const std::string_view> reorders_;
  std::vector<Index> place_;  // in the order of execution, of each executed node by its number
  NameMap original_by_tensor_, original_by_name_;
  std::vector<Index> owner_;  // of each original node: an executed node
  std::vector<bool> folded_;
  std::vector<std::vector<Index>> readers_;  // of each original node
};

/// The executed node that gives the first input.
Index Tracer::before(const ir::Node& node) const {
  const ir::ValueId input = node.input(0);
  const ir::NodeId maker = input == ir::kNothing ? ir::kNothing : executed_.graph.value(input).producer;
  return maker == ir::kNothing ? kNone : place_[maker];
}

/// A layout change that the engine put behind a node now carries the node's tensor name: the node before it is meant.
Index Tracer::behind_inserted(Index executed, std::string_view original_op) const {
  for (std::size_t steps = 0; steps < 4; ++steps) {
    const ir::Node& node = executed_.node(executed);
    const bool inserted = reorders(node.op) || (reshapes(node.op) && !reshapes(original_op));
    const Index source = inserted ? before(node) : kNone;
    if (source == kNone) break;
    executed = source;
  }
  return executed;
}

void Tracer::claim_by_tensor() {
  for (Index i = 0; i < executed_.order.size(); ++i)
    for (const ir::ValueId output : executed_.node(i).outputs)
      if (const Index node = output == ir::kNothing ? kNone : find(original_by_tensor_, executed_.graph.name(output));
          node != kNone)
        claim(node, behind_inserted(i, original_.nodes[node].op));
}

/// The original node of that name, or the producer of the tensor of that name.
Index Tracer::named(std::string_view name) const {
  const Index node = find(original_by_name_, name);
  return node != kNone ? node : find(original_by_tensor_, name);
}

void Tracer::claim_by_name() {
  for (Index i = 0; i < executed_.order.size(); ++i) {
    std::string_view name = executed_.node(i).name;
    while (!name.empty()) {
      if (const Index node = named(name); node != kNone) {
        claim(node, i);
        break;
      }
      name = without_suffix(name);
    }
  }
}

/// Not executed, and computable before anything runs: constants, static shapes, and what follows from them alone.
void Tracer::mark_folded() {
  if (std::ranges::find(owner_, kNone) == owner_.end()) return;
  std::unordered_set<std::string_view> constant;
  constant.reserve(original_.initializers.size());
  for (const onnx::Tensor& tensor : original_.initializers) constant.insert(tensor.name);
  for (Index i = 0; i < original_.nodes.size(); ++i) {
    const onnx::Node& node = original_.nodes[i];
    if (owner_[i] != kNone) continue;
    const auto known = [&](const std::string& input) { return input.empty() || constant.contains(input); };
    const bool source = node.op == "Constant" || node.op == "Shape" || node.op == "Size";
    folded_[i] = source || (!node.inputs.empty() && std::ranges::all_of(node.inputs, known));
    if (!folded_[i]) continue;
    for (const std::string& output : node.outputs) constant.insert(output);
  }
}

/// The one executed node that all readers of a node's results belong to.
Index Tracer::common_reader(Index node) const {
  Index common = kNone;
  for (const Index reader : readers_[node]) {
    if (owner_[reader] == kNone || (common != kNone && owner_[reader] != common)) return kNone;
    common = owner_[reader];
  }
  return common;
}

void Tracer::link_readers() {
  readers_.resize(original_.nodes.size());
  for (Index i = 0; i < original_.nodes.size(); ++i) {
    if (folded_[i]) continue;
    for (const std::string& input : original_.nodes[i].inputs)
      if (const Index producer = find(original_by_tensor_, input); producer != kNone) readers_[producer].push_back(i);
  }
}

/// A fused node of which neither name nor tensor is left (a Gelu before a blocked convolution): it begins with what
/// reads its input, and goes on through everything that depends on that alone.
void Tracer::claim_by_input() {
  std::vector<bool> has_claim(executed_.order.size(), false);
  for (const Index owner : owner_)
    if (owner != kNone) has_claim[owner] = true;
  NameMap by_tensor;                         // its input: an executed node without a claim
  std::unordered_map<Index, Index> by_node;  // the executed node before it: the same
  for (Index i = 0; i < executed_.order.size(); ++i) {
    const ir::Node& node = executed_.node(i);
    const bool inserted = reshapes(node.op) || node.op == "Transpose" || node.op == "Split" || node.op == "Cast";
    if (has_claim[i] || node.input(0) == ir::kNothing || inserted || reorders(node.op)) continue;
    by_tensor.emplace(executed_.graph.name(node.input(0)), i);
    if (const Index source = before(node); source != kNone) by_node.emplace(behind_inserted(source, node.op), i);
  }
  if (by_tensor.empty()) return;
  for (Index i = 0; i < original_.nodes.size(); ++i) {
    // A product is never the tail of an elementwise chain; its own executed node is found from what follows it.
    if (owner_[i] != kNone || folded_[i] || is_product(original_.nodes[i].op)) continue;
    for (const std::string& input : original_.nodes[i].inputs) {
      if (owner_[i] == kNone) owner_[i] = find(by_tensor, input);
      const Index producer = find(original_by_tensor_, input);
      if (owner_[i] != kNone || producer == kNone || owner_[producer] == kNone) continue;
      const Index source = owner_[producer];
      const auto next = by_node.find(source);
      if (!has_claim[source]) owner_[i] = source;
      if (owner_[i] == kNone && next != by_node.end()) owner_[i] = next->second;
    }
  }
}

/// Fused into what reads it, last node first: the engine names a fused node after the end of the chain.
void Tracer::assign_to_readers() {
  for (Index i = original_.nodes.size(); i-- > 0;)
    if (owner_[i] == kNone && !folded_[i]) owner_[i] = common_reader(i);
}

/// What is left over joins a producer, else any reader.
void Tracer::assign_to_producers() {
  for (Index i = 0; i < original_.nodes.size(); ++i) {
    if (owner_[i] != kNone || folded_[i]) continue;
    for (const std::string& input : original_.nodes[i].inputs)
      if (const Index producer = find(original_by_tensor_, input); owner_[i] == kNone && producer != kNone)
        owner_[i] = owner_[producer];
  }
  for (Index i = original_.nodes.size(); i-- > 0;) {
    if (folded_[i]) continue;
    for (const Index reader : readers_[i])
      if (owner_[i] == kNone) owner_[i] = owner_[reader];
  }
}

std::vector<std::vector<Index>> Tracer::run() {
  claim_by_tensor();
  claim_by_name();
  mark_folded();
  link_readers();
  claim_by_input();
  assign_to_readers();
  assign_to_producers();
  std::vector<std::vector<Index>> lists(executed_.order.size());
  for (Index i = 0; i < owner_.size(); ++i)
    if (owner_[i] != kNone) lists[owner_[i]].push_back(i);
  return lists;
}

}  // namespace

void trace_nodes(ExecutedGraph& executed, const onnx::Graph& original, std::span<const std::string_view> reorders) {
  executed.stands_for = Tracer(executed, original, reorders).run();
}

}  // namespace latcast
