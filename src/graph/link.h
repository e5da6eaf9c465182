// From a file's names to numbers, with a shape for every value.
#pragma once

#include "catalogue/catalogue.h"
#include "graph/ir.h"
#include "graph/shapes/node_shapes.h"
#include "latcast/dim_bindings.h"

namespace latcast {

/// What becomes of a node that its inputs' shapes do not fit. No such node is refused of a graph that an engine runs.
enum class Misfits : std::uint8_t { refused, unknown };

/// Nodes keep their order and number. Inputs are bound as by bind_inputs(); where their batch is fixed at 1 and
/// `bindings` has another one, constants follow it. An If whose condition is known becomes the branch that it
/// takes; others, and loops, are Errc::unsupported. A node whose operator has no rule leaves its outputs `known =
/// false`, where the file does not declare them; nothing is guessed. `catalogue` (may be null): supplies output shapes
/// for operators that only it knows.
[[nodiscard]] Result<ir::Graph> link(const onnx::Model& model, const DimBindings& bindings, const Catalogue* catalogue,
                                     Misfits misfits = Misfits::refused);

/// Every node has an output and the inputs that its operator must have, as engines demand; else an error that names it.
[[nodiscard]] Result<void> check_arity(const onnx::Graph& graph);

/// What an initializer tells of itself.
[[nodiscard]] TensorInfo initializer_info(const onnx::Tensor& tensor);

/// The other way round.
[[nodiscard]] onnx::Tensor make_initializer(std::string name, const TensorInfo& info);

using TensorInfos = shapes::NodeShapes::Inputs;

/// Shapes, types and small values of what an operator gives, from those of what it reads. Outputs computed from
/// constants alone are constant.
[[nodiscard]] std::vector<TensorInfo> infer_outputs(const onnx::Operation& operation, std::int64_t opset,
                                                    TensorInfos inputs, std::size_t outputs,
                                                    const Catalogue* catalogue);

/// Why the outputs of an operator are not known, where its inputs are. Nothing: it has no rule, or an input is not
/// known either.
[[nodiscard]] std::optional<std::string> misfit(const onnx::Operation& operation, const TensorInfos& inputs);

/// What is known of values; null: left out.
[[nodiscard]] TensorInfos infos_of(const ir::Graph& graph, const ir::Ids& ids);

/// Gives a node's outputs their shapes, from those of its inputs; false: they are not known.
bool infer_node(ir::Graph& graph, ir::NodeId id, const Catalogue* catalogue);

}  // namespace latcast
