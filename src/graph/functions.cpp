#include "graph/functions.h"

#include <algorithm>
#include <iterator>
#include <memory>
#include <set>
#include <tuple>
#include <utility>

namespace latcast::onnx {
namespace {

/// What a few bytes of a hostile file can make of themselves.
constexpr std::size_t kMaxNodes = 200'000, kMaxBytes = std::size_t{512} << 20;
constexpr int kMaxDepth = 32;

/// What calls have made of themselves.
struct Made {
  std::size_t nodes = 0, bytes = 0;
  [[nodiscard]] bool too_much() const { return nodes > kMaxNodes || bytes > kMaxBytes; }
};

std::size_t size_of(const std::vector<std::string>& texts) {
  std::size_t bytes = 0;
  for (const std::string& text : texts) bytes += sizeof(std::string) + text.size();
  return bytes;
}

std::size_t size_of(const Attribute& one) {
  return sizeof(one) + one.name.size() + one.s.size() + one.floats.size() * sizeof(float) +
         one.ints.size() * sizeof(std::int64_t) + size_of(one.strings);
}

/// Without its nodes, which are counted one by one.
std::size_t size_of(const Graph& graph) {
  std::size_t bytes = sizeof(graph);
  for (const Tensor& one : graph.initializers)
    bytes += sizeof(one) + (one.dims.size() + one.ints.size() + one.floats.size()) * sizeof(double);
  for (const auto* infos : {&graph.inputs, &graph.outputs, &graph.value_infos}) {
    for (const ValueInfo& info : *infos) {
      bytes += sizeof(info);
      for (const Dim& dim : info.shape.value_or(std::vector<Dim>())) bytes += sizeof(dim) + dim.name.size();
    }
  }
  return bytes;
}

/// One call of a function.
struct Call {
  const Node& node;
  const Function& function;
  std::string prefix;                             // of tensors that the caller does not see
  Made& made;                                     // with it: nothing is written out beyond the limits
  std::map<std::string, std::string> names = {};  // what the caller calls the function's inputs and outputs

  [[nodiscard]] std::string renamed(const std::string& name) const {
    if (made.too_much() || name.empty()) return {};
    const auto given = names.find(name);
    std::string out = given != names.end() ? given->second : prefix + name;
    made.bytes += out.size();
    return out;
  }
  [[nodiscard]] Node written_out(Node node) const;
  [[nodiscard]] Graph written_out(Graph graph) const;
  [[nodiscard]] std::vector<Attribute> given(const std::vector<Attribute>& attributes) const;
};

Graph Call::written_out(Graph graph) const {
  made.bytes += size_of(graph);
  for (Node& one : graph.nodes) one = written_out(std::move(one));
  for (Tensor& tensor : graph.initializers) tensor.name = renamed(tensor.name);
  for (auto* infos : {&graph.inputs, &graph.outputs, &graph.value_infos})
    for (ValueInfo& info : *infos) info.name = renamed(info.name);
  return graph;
}

Node Call::written_out(Node one) const {
  if (made.too_much()) return {};
  ++made.nodes;
  one.name = (node.name.empty() ? node.op : node.name) + "/" + (one.name.empty() ? one.op : one.name);
  made.bytes += sizeof(one) + one.name.size() + (one.inputs.size() + one.outputs.size()) * sizeof(std::string);
  for (std::string& input : one.inputs) input = renamed(input);
  for (std::string& output : one.outputs) output = renamed(output);
  one.attributes = given(one.attributes);
  for (Attribute& attribute : one.attributes)
    if (attribute.g) attribute.g = std::make_shared<const Graph>(written_out(*attribute.g));
  return one;
}

/// The caller's attributes in place of those that refer to them; what nobody gives is left out.
std::vector<Attribute> Call::given(const std::vector<Attribute>& attributes) const {
  std::vector<Attribute> out;
  for (const Attribute& one : attributes) {
    const Attribute* found = one.reference.empty() ? &one : node.attribute(one.reference);
    const auto usual = std::ranges::find(function.defaults, one.reference, &Attribute::name);
    if (found == nullptr && usual != function.defaults.end()) found = &*usual;
    if (found == nullptr || made.too_much()) continue;
    made.bytes += size_of(*found);
    out.push_back(*found);
    out.back().name = one.name;
  }
  return out;
}

class Writer {
 public:
  explicit Writer(const std::vector<Function>& functions) {
    for (const Function& one : functions) functions_.insert_or_assign({one.domain, one.name, one.overload}, &one);
  }
  /// Calls become what their functions hold, calls among it. True where there was one.
  bool step(std::vector<Node>& nodes, int depth = 0);
  /// Of the nodes that the last steps made.
  [[nodiscard]] bool too_much() const { return made_.too_much(); }
  /// Graphs lie deeper inside of each other than a file may have them.
  [[nodiscard]] bool too_deep() const { return deepest_ > kMaxDepth; }

 private:
  [[nodiscard]] std::vector<Node> body_of(const Node& node, const Function& function);
  [[nodiscard]] std::string prefix_of(const std::string& op);

  std::map<std::tuple<std::string, std::string, std::string>, const Function*> functions_;
  std::set<std::string> called_;
  std::size_t again_ = 0;
  Made made_;
  int deepest_ = 0;
};

/// As ONNX Runtime names what it inlines, so that its tensors are found again in the file's.
std::string Writer::prefix_of(const std::string& op) {
  std::string prefix = "_inlfunc_" + op;
  if (!called_.insert(op).second) prefix += "_token_" + std::to_string(again_++);
  return prefix + "_";
}

std::vector<Node> Writer::body_of(const Node& node, const Function& function) {
  Call call{node, function, prefix_of(node.op), made_};
  made_.bytes += (function.inputs.size() + function.outputs.size()) * sizeof(std::string);
  for (std::size_t i = 0; i < function.inputs.size(); ++i)
    call.names[function.inputs[i]] = i < node.inputs.size() ? node.inputs[i] : std::string();
  std::vector<Node> passed_on;  // what the caller gets as it is, or twice
  for (std::size_t i = 0; i < function.outputs.size() && i < node.outputs.size(); ++i) {
    const std::string& output = node.outputs[i];
    const auto [given, fresh] = call.names.try_emplace(function.outputs[i], output);
    if (fresh && output.empty()) call.names.erase(given);
    if (fresh || output.empty() || too_much()) continue;
    made_.bytes += sizeof(Node) + node.name.size() + given->second.size() + 2 * output.size();
    Node& one = passed_on.emplace_back();
    one.op = "Identity";
    one.name = node.name + "/" + output;
    one.inputs = {given->second};
    one.outputs = {output};
  }
  std::vector<Node> out;
  for (const Node& inner : function.nodes) out.push_back(call.written_out(inner));
  std::ranges::move(passed_on, std::back_inserter(out));
  return out;
}

bool Writer::step(std::vector<Node>& nodes, int depth) {
  deepest_ = std::max(deepest_, depth);
  if (too_deep()) return false;
  bool any = false;
  std::vector<Node> out;
  out.reserve(nodes.size());
  for (Node& node : nodes) {
    for (Attribute& attribute : node.attributes) {
      if (!attribute.g) continue;
      Graph inner = *attribute.g;
      if (!step(inner.nodes, depth + 1)) continue;
      attribute.g = std::make_shared<const Graph>(std::move(inner));
      any = true;
    }
    const auto function = functions_.find({node.domain, node.op, node.overload});
    if (function == functions_.end() || too_much()) {
      out.push_back(std::move(node));
      continue;
    }
    std::vector<Node> body = body_of(node, *function->second);
    std::ranges::move(body, std::back_inserter(out));
    any = true;
  }
  nodes = std::move(out);
  return any;
}

}  // namespace

Result<void> write_out_functions(Model& model, const std::vector<Function>& functions) {
  if (functions.empty()) return {};
  Writer writer(functions);
  int steps = 0;
  while (steps <= kMaxDepth && !writer.too_much() && writer.step(model.graph.nodes)) ++steps;
  if (writer.too_much())
    return fail(Errc::unsupported, "the model's local functions make more than 200,000 nodes, or 512 MiB of them");
  if (steps > kMaxDepth || writer.too_deep())
    return fail(Errc::unsupported, "the model's local functions call each other, or lie in graphs, more than 32 deep");
  for (const Function& one : functions)
    for (const auto& [domain, version] : one.opsets) model.opsets.try_emplace(domain, version);
  return {};
}

}  // namespace latcast::onnx
