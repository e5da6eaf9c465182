// A network of executed modules: the engine's optimized graph with shapes on every tensor, each node matched to a
// catalogue entry. What is forecast, and what a campaign's profile is matched to.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "catalogue/catalogue.h"
#include "graph/executed_graph.h"
#include "graph/ir.h"
#include "graph/onnx_model.h"
#include "graph/tensor_info.h"

namespace latcast {

enum class ModuleMatch : std::uint8_t {
  matched,  // a catalogue entry, all parameters read
  unknown,  // no entry covers it, or a parameter could not be read; only the physical quantities stand
};

struct Module {
  std::size_t node = 0;  // place in the order of execution
  std::string op;        // "domain:type" or "type"
  ModuleMatch match = ModuleMatch::unknown;
  std::size_t type = 0;            // index into catalogue.types(), where matched
  std::vector<double> parameters;  // as the type lists them
  std::string reason;              // why unknown, for people
  /// Activations in and out, constants. A tensor of unknown shape counts as the largest known one beside it.
  double input_bytes = 0, output_bytes = 0, weight_bytes = 0, weight_elements = 0;
  double output_elements = 0;
  double macs = 0;                 // of modules without a type, where their operator is a product or a convolution
  std::vector<std::string> nodes;  // names of the file's nodes it stands for
};

class ModuleMatcher;

struct ModuleNetwork {
  std::vector<Module> modules;  // in execution order of the executed graph
};

/// Multiply-accumulates of convolutions and matrix products of whatever domain, by the operator's name. 0: another
/// operator, or shapes that are not known.
[[nodiscard]] double product_macs(std::string_view op, std::span<const TensorInfo* const> inputs,
                                  std::span<const TensorInfo* const> outputs);

/// The modules of a graph's nodes in that order; they do not know the file's nodes they stand for.
[[nodiscard]] ModuleNetwork match_modules(const ir::Graph& executed, std::span<const ir::NodeId> order,
                                          const ModuleMatcher& matcher);

/// executed graph + catalogue -> modules; shapes that only the catalogue can tell are filled in. `file` (may be null:
/// then modules stand for nothing): for the names of its nodes.
[[nodiscard]] ModuleNetwork match_modules(ExecutedGraph& executed, const Catalogue& catalogue, const onnx::Model* file);

}  // namespace latcast
