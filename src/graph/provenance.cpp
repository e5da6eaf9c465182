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

NameMap producers(const onnx::Graph& graph) {
  NameMap map;
  for (Index i = 0; i < graph.nodes.size(); ++i)
    for (const std::string& output : graph.nodes[i].outputs)
      if (!output.empty()) map.emplace(output, i);
  return map;
}

bool reshapes(std::string_view op) {
  return op == "Reshape" || op == "Flatten" || op == "Squeeze" || op == "Unsqueeze";
}

bool is_product(std::string_view op) { return op == "Conv" || op == "ConvTranspose" || op == "MatMul" || op == "Gemm"; }

/// What engines insert.
bool moves_only(std::string_view op) {
  return reshapes(op) || op == "Transpose" || op == "Split" || op == "Cast" || op == "ReorderInput" ||
         op == "ReorderOutput";
}

/// Cuts the last part: engines append to the name of a node or tensor that they derive a new node from.
std::string_view without_suffix(std::string_view name) {
  const std::size_t part = name.find_last_of("_/");
  return name.substr(0, part == std::string_view::npos ? 0 : part);
}

class Tracer {
 public:
  Tracer(const onnx::Graph& executed, const onnx::Graph& original)
      : executed_(executed),
        original_(original),
        executed_by_tensor_(producers(executed)),
        original_by_tensor_(producers(original)),
        owner_(original.nodes.size(), kNone),
        folded_(original.nodes.size(), false) {
    for (Index i = 0; i < original.nodes.size(); ++i)
      if (!original.nodes[i].name.empty()) original_by_name_.emplace(original.nodes[i].name, i);
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
  [[nodiscard]] Index behind_inserted(Index executed, std::string_view original_op) const;
  [[nodiscard]] Index named(std::string_view name) const;
  [[nodiscard]] Index common_reader(Index node) const;

  const onnx::Graph& executed_;
  const onnx::Graph& original_;
  NameMap executed_by_tensor_, original_by_tensor_, original_by_name_;
  std::vector<Index> owner_;  // of each original node: an executed node
  std::vector<bool> folded_;
  std::vector<std::vector<Index>> readers_;  // of each original node
};

/// A layout change that the engine put behind a node now carries the node's tensor name: the node before it is meant.
Index Tracer::behind_inserted(Index executed, std::string_view original_op) const {
  for (std::size_t steps = 0; steps < 4; ++steps) {
    const onnx::Node& node = executed_.nodes[executed];
    const bool reorder = node.op == "ReorderOutput" || node.op == "ReorderInput";
    const bool reshape = reshapes(node.op) && !reshapes(original_op);
    if ((!reorder && !reshape) || node.inputs.empty()) break;
    const Index before = find(executed_by_tensor_, node.inputs[0]);
    if (before == kNone) break;
    executed = before;
  }
  return executed;
}

void Tracer::claim_by_tensor() {
  for (Index i = 0; i < executed_.nodes.size(); ++i)
    for (const std::string& output : executed_.nodes[i].outputs)
      if (const Index node = find(original_by_tensor_, output); node != kNone)
        claim(node, behind_inserted(i, original_.nodes[node].op));
}

/// The original node of that name, or the producer of the tensor of that name.
Index Tracer::named(std::string_view name) const {
  const Index node = find(original_by_name_, name);
  return node != kNone ? node : find(original_by_tensor_, name);
}

void Tracer::claim_by_name() {
  for (Index i = 0; i < executed_.nodes.size(); ++i) {
    std::string_view name = executed_.nodes[i].name;
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
  std::unordered_set<std::string_view> constant;
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
  std::vector<bool> has_claim(executed_.nodes.size(), false);
  for (const Index owner : owner_)
    if (owner != kNone) has_claim[owner] = true;
  NameMap by_tensor;                         // its input: an executed node without a claim
  std::unordered_map<Index, Index> by_node;  // the executed node before it: the same
  for (Index i = 0; i < executed_.nodes.size(); ++i) {
    const onnx::Node& node = executed_.nodes[i];
    if (has_claim[i] || node.inputs.empty() || moves_only(node.op)) continue;
    by_tensor.emplace(node.inputs[0], i);
    if (const Index before = find(executed_by_tensor_, node.inputs[0]); before != kNone)
      by_node.emplace(behind_inserted(before, node.op), i);
  }
  if (by_tensor.empty()) return;
  for (Index i = 0; i < original_.nodes.size(); ++i) {
    // A product is never the tail of an elementwise chain; its own executed node is found from what follows it.
    if (owner_[i] != kNone || folded_[i] || is_product(original_.nodes[i].op)) continue;
    for (const std::string& input : original_.nodes[i].inputs) {
      if (owner_[i] == kNone) owner_[i] = find(by_tensor, input);
      const Index producer = find(original_by_tensor_, input);
      if (owner_[i] != kNone || producer == kNone || owner_[producer] == kNone) continue;
      const Index before = owner_[producer];
      const auto next = by_node.find(before);
      if (!has_claim[before]) owner_[i] = before;
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
  std::vector<std::vector<Index>> lists(executed_.nodes.size());
  for (Index i = 0; i < owner_.size(); ++i)
    if (owner_[i] != kNone) lists[owner_[i]].push_back(i);
  return lists;
}

}  // namespace

std::vector<std::vector<std::size_t>> trace_nodes(const onnx::Graph& executed, const onnx::Graph& original) {
  return Tracer(executed, original).run();
}

}  // namespace latcast
