#include "graph/graph_check.h"

#include <unordered_set>

namespace latcast::onnx {
namespace {

using Names = std::unordered_set<std::string_view>;

std::string label(const Node& node) { return node.op + " '" + node.name + "'"; }

/// Why no earlier node gives `tensor`: a later one does, or none at all.
Result<void> missing_producer(const Graph& graph, const Node& reader, std::string_view tensor) {
  for (const Node& node : graph.nodes)
    for (const std::string& output : node.outputs)
      if (output == tensor)
        return fail(Errc::invalid_input,
                    "node " + label(reader) + " reads the tensor '" + std::string(tensor) + "' of " + label(node) +
                        ", which comes later: the graph has a cycle or its nodes are out of order");
  return fail(Errc::invalid_input,
              "node " + label(reader) + " reads the tensor '" + std::string(tensor) + "', which nothing produces");
}

Result<void> twice(std::string_view tensor) {
  return fail(Errc::invalid_input, "the tensor '" + std::string(tensor) + "' is produced twice");
}

Result<void> check_nodes(const Graph& graph, Names& available) {
  for (const Node& node : graph.nodes) {
    for (const std::string& input : node.inputs)
      if (!input.empty() && !available.contains(input)) return missing_producer(graph, node, input);
    for (const std::string& output : node.outputs)
      if (!output.empty() && !available.insert(output).second) return twice(output);
  }
  return {};
}

}  // namespace

Result<void> check_graph(Graph& graph) {
  if (graph.nodes.empty()) return fail(Errc::invalid_input, "the graph has no nodes");
  Names available;
  for (const Tensor& tensor : graph.initializers)
    if (!available.insert(tensor.name).second) return twice(tensor.name);
  // Before IR version 4, initializers had to be listed among the inputs too.
  std::erase_if(graph.inputs, [&](const ValueInfo& input) { return available.contains(input.name); });
  for (const ValueInfo& input : graph.inputs)
    if (!available.insert(input.name).second) return twice(input.name);
  if (auto checked = check_nodes(graph, available); !checked) return checked;
  for (const ValueInfo& output : graph.outputs)
    if (!available.contains(output.name))
      return fail(Errc::invalid_input, "the graph's output '" + output.name + "' is produced by no node");
  return {};
}

}  // namespace latcast::onnx
