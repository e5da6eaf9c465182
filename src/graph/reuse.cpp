#include "graph/reuse.h"

#include <set>
#include <unordered_map>

namespace latcast {
namespace {

bool shares_memory(const onnx::Node& node) {
  static const std::set<std::string> kViews = {"Reshape", "Flatten", "Squeeze", "Unsqueeze", "Identity"};
  return node.domain.empty() && kViews.contains(node.op);
}

class Walker {
 public:
  explicit Walker(const std::map<std::string, TensorInfo>& tensors) : tensors_(tensors) {}

  /// One run through the graph; the second one knows where weights were last touched.
  std::vector<std::vector<double>> run(const onnx::Graph& graph) {
    std::vector<std::vector<double>> distances;
    for (const onnx::Node& node : graph.nodes) {
      std::vector<double> of_node;
      for (const std::string& input : node.inputs) of_node.push_back(distance(input));
      distances.push_back(std::move(of_node));
      if (shares_memory(node) && !node.inputs.empty() && !node.outputs.empty()) {
        touched_[node.outputs[0]] = touched_[node.inputs[0]];
        continue;
      }
      for (const std::string& input : node.inputs) clock_ += bytes(input);
      for (const std::string& output : node.outputs) clock_ += bytes(output);
      for (const std::string& input : node.inputs) touched_[input] = clock_;
      for (const std::string& output : node.outputs) touched_[output] = clock_;
    }
    return distances;
  }

 private:
  [[nodiscard]] double bytes(const std::string& name) const {
    const auto found = name.empty() ? tensors_.end() : tensors_.find(name);
    return found == tensors_.end() || !found->second.known ? 0.0 : found->second.bytes();
  }
  [[nodiscard]] double distance(const std::string& name) const {
    const auto found = name.empty() ? touched_.end() : touched_.find(name);
    return found == touched_.end() ? 0.0 : clock_ - found->second;
  }

  const std::map<std::string, TensorInfo>& tensors_;
  std::unordered_map<std::string, double> touched_;  // clock at the last touch
  double clock_ = 0;
};

}  // namespace

std::vector<std::vector<double>> reuse_distances(const onnx::Graph& graph,
                                                 const std::map<std::string, TensorInfo>& tensors) {
  Walker walker(tensors);
  walker.run(graph);
  return walker.run(graph);
}

}  // namespace latcast
