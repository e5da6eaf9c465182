// What an engine executes of a model, in no engine's own form: operators in the order of execution with their tensors.
// Engines tell it, rules deduce it, stores keep it.
#pragma once

#include <cstddef>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "catalogue/catalogue.h"
#include "graph/ir.h"
#include "graph/onnx_model.h"
#include "latcast/dim_bindings.h"
#include "latcast/result.h"

namespace latcast {

struct ExecutedGraph {
  ir::Graph graph;  // every value has a name
  std::vector<ir::NodeId> order;
  // By place in the order:
  std::vector<std::vector<std::size_t>> stands_for;  // which of the file's nodes, ascending; inserted ones: none
  std::vector<std::string> kernels = {};             // what runs it, by the engine's name; empty: it does not tell
  std::map<ir::ValueId, std::string> layouts = {};   // of tensors that lie otherwise than in files, where it tells

  [[nodiscard]] const ir::Node& node(std::size_t place) const { return graph.node(order[place]); }
};

/// A file's nodes as they are, each for itself. Errors: as for link().
[[nodiscard]] Result<ExecutedGraph> executed_as_is(const onnx::Model& file, const DimBindings& bindings);

/// Gives tensors the shapes that only the catalogue can tell.
void complete_shapes(ExecutedGraph& executed, const Catalogue& catalogue);

/// For viewers; inputs and outputs are the file's.
[[nodiscard]] onnx::Model to_model(const ExecutedGraph& executed, const onnx::Model& file);

[[nodiscard]] std::string write_executed_graph(const ExecutedGraph& executed);
/// Also from what stores of before held: the ONNX model that the engine had saved. Errc::corrupt: neither, or damaged.
[[nodiscard]] Result<ExecutedGraph> read_executed_graph(std::string_view bytes);

}  // namespace latcast
