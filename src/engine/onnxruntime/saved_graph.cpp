#include "engine/onnxruntime/saved_graph.h"

#include <array>
#include <string_view>

#include "graph/provenance.h"

namespace latcast::ort {
namespace {

/// Inserted around operators of the blocked layout.
constexpr std::array<std::string_view, 2> kReorders = {"ReorderInput", "ReorderOutput"};

}  // namespace

Result<ExecutedGraph> read_saved_graph(const std::filesystem::path& file, const EngineModel& model) {
  const auto saved = onnx::read_model_file(file, onnx::ExternalWeights::ignored);
  if (!saved) return fail_in("the graph as the engine optimized it", saved.error());
  const auto original = read_model(model);
  if (!original) return tl::unexpected(original.error());
  auto out = executed_as_is(*saved, bindings_of(model));
  if (!out) return out;
  trace_nodes(*out, original->graph, kReorders);
  for (const ir::NodeId id : out->order) {
    const ir::Node& node = out->graph.node(id);
    if (node.domain != "com.microsoft.nchwc" || node.op == "ReorderOutput") continue;
    for (const ir::ValueId output : node.outputs) out->layouts[output] = "NCHWc";
  }
  return out;
}

}  // namespace latcast::ort
