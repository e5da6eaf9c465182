// Matrix products and what they take in.
#include <algorithm>
#include <array>
#include <optional>
#include <set>

#include "rules/onnxruntime/patterns.h"
#include "rules/onnxruntime/versions.h"

namespace latcast::rules::onnxruntime {
namespace {

bool real_number(onnx::DataType type) {
  return type == onnx::DataType::float32 || type == onnx::DataType::float16 || type == onnx::DataType::bfloat16;
}

ValueId reshape(Graph& graph, Label name, ValueId from, ValueId to, const Dims& shape, bool backwards) {
  const ValueId constant = graph.add_ints(name, shape);
  graph.value(constant).shared = false;
  const NodeId node = graph.add_node("Reshape", {}, "Reshape", {from, constant}, {to});
  return backwards ? graph.node(node).inputs[0] : graph.node(node).outputs[0];
}

ValueId matrix(Graph& graph, Label name, onnx::DataType type, std::int64_t rows, std::int64_t columns) {
  return graph.add_value(name, {.type = type, .dims = {rows, columns}, .known = true});
}

bool fits_as_bias(const Dims& bias, std::int64_t rows, std::int64_t columns, bool flat) {
  if (bias.size() == 1) return bias[0] == columns;
  if (!flat || bias.size() != 2) return false;
  return (bias[0] == 1 && bias[1] == columns) || (bias[0] == rows && (bias[1] == 1 || bias[1] == columns));
}

void fuse_matmul_and_add(Graph& graph, NodeId id, NodeId next, ValueId bias) {
  const Node matmul = graph.take(id);
  const Dims a = graph.info(matmul.inputs[0]).dims, b = graph.info(matmul.inputs[1]).dims;
  const onnx::DataType type = graph.info(matmul.inputs[0]).type;
  const Node add = graph.take(next);
  ValueId left = matmul.inputs[0], result = add.outputs[0];
  if (a.size() != 2) {
    std::int64_t rows = 1;
    for (std::size_t i = 0; i + 1 < a.size(); ++i) rows *= a[i];
    left = reshape(graph, "gemm_input_shape", left, matrix(graph, "gemm_input_reshape_arg", type, rows, b[0]),
                   {rows, b[0]}, false);
    Dims back = a;
    back.back() = b[1];
    result = reshape(graph, "gemm_output_shape", matrix(graph, "gemm_output_reshape_arg", type, rows, b[1]), result,
                     back, true);
  }
  graph.add_node("Gemm", {}, matmul.name + "/MatMulAddFusion", {left, matmul.inputs[1], bias}, {result});
}

/// How a transpose before a product can be part of it: its last two axes swapped, its first axis moved to the rows.
struct Swap {
  NodeId transpose = kNothing;
  bool last = false, batch = false;
};

Swap swap_before(const Graph& graph, ValueId id) {
  const Node* node = graph.producer(id);
  if (node == nullptr || !node->is("Transpose") || graph.value(id).output) return {};
  const onnx::Attribute* attribute = node->attribute("perm");
  if (attribute == nullptr || attribute->ints.size() < 2) return {};
  const Dims& perm = attribute->ints;
  const auto rank = static_cast<std::int64_t>(perm.size());
  const auto leading = [&](std::int64_t shift) {
    for (std::int64_t axis = 0; axis < rank - 2; ++axis) {
      if (perm[static_cast<std::size_t>(axis)] != axis + shift) return false;
    }
    return true;
  };
  const std::int64_t row = perm[perm.size() - 2], column = perm.back();
  const NodeId maker = graph.value(id).producer;
  if (leading(0) && row == rank - 1 && column == rank - 2) return {maker, true, false};
  if (rank > 2 && leading(1) && row == 0 && column == rank - 1) return {maker, false, true};
  if (rank > 2 && leading(1) && row == rank - 1 && column == 0) return {maker, true, true};
  return {};
}

bool is_product(const Node& node) { return node.is("MatMul") || node.is("FusedMatMul", kMicrosoft); }

/// A product in the place of another one, with its attributes.
NodeId fused_product(Graph& graph, NodeId id, Ids inputs, ValueId result) {
  Node old = graph.take(id);
  return graph.add_node("FusedMatMul", kMicrosoft, old.name, std::move(inputs), {result}, std::move(old.attributes));
}

/// What a node scales by a known number; nothing where it does anything else.
std::optional<ValueId> scaled(const Graph& graph, const Node& node) {
  if (!node.is("Mul") && !node.is("Div")) return std::nullopt;
  for (const std::size_t scale : {std::size_t{0}, std::size_t{1}}) {
    if (scale == 0 && node.op == "Div") continue;
    const ValueId by = node.inputs[scale], other = node.inputs[1 - scale];
    if (!graph.constant(by) || graph.constant(other) || !graph.info(other).known) continue;
    const auto& dims = graph.info(by).dims;
    const bool one = std::ranges::all_of(dims, [](std::int64_t dim) { return dim == 1; });
    if (one && dims.size() <= graph.info(other).dims.size() && !graph.info(other).dims.empty()) return other;
  }
  return std::nullopt;
}

}  // namespace

std::size_t transpose_in_matmul(Graph& graph, const EngineTarget& /*target*/) {
  return everywhere(graph, [&](NodeId id) {
    if (!is_product(graph.node(id)) || graph.info(graph.node(id).inputs[0]).type != onnx::DataType::float32)
      return false;
    Ids inputs = graph.node(id).inputs;
    Swap left = swap_before(graph, inputs[0]), right = swap_before(graph, inputs[1]);
    // Batches of one operand alone are not moved.
    const bool alike = graph.info(inputs[0]).dims.size() == graph.info(inputs[1]).dims.size();
    if (left.batch && !alike) left = {};
    if (right.batch && !alike) right = {};
    if (left.transpose == kNothing && right.transpose == kNothing) return false;
    const Node before = graph.node(id);
    if (left.transpose != kNothing) inputs[0] = graph.node(left.transpose).inputs[0];
    if (right.transpose != kNothing) inputs[1] = graph.node(right.transpose).inputs[0];
    const NodeId made = fused_product(graph, id, std::move(inputs), before.outputs[0]);
    const auto turn = [&](const char* name, bool swapped) {
      graph.node(made).set({name, swapped != (before.integer(name, 0) != 0) ? 1 : 0});
    };
    turn("transA", left.last);
    turn("transB", right.last);
    turn("transBatchA", left.batch);
    turn("transBatchB", right.batch);
    for (const NodeId transpose : {left.transpose, right.transpose}) {
      if (transpose != kNothing && graph.uses(graph.node(transpose).outputs[0]) == 0) graph.remove(transpose);
    }
    return true;
  });
}

std::size_t scale_in_matmul(Graph& graph, const EngineTarget& /*target*/) {
  return everywhere(graph, [&](NodeId id) {
    if (!is_product(graph.node(id))) return false;
    Ids inputs = graph.node(id).inputs;
    std::vector<NodeId> spare;
    for (ValueId& input : inputs) {
      const Node* before = graph.producer(input);
      const auto plain = before == nullptr ? std::nullopt : scaled(graph, *before);
      if (!plain) continue;
      spare.push_back(graph.value(input).producer);
      input = *plain;
    }
    const NodeId next = graph.only_reader(id);
    const bool after = next != kNothing && scaled(graph, graph.node(next)) == graph.node(id).outputs[0];
    if (spare.empty() && !after) return false;
    const ValueId result = graph.node(after ? next : id).outputs[0];
    if (after) graph.remove(next);
    fused_product(graph, id, std::move(inputs), result);
    for (const NodeId one : spare) {
      if (!graph.node(one).removed && graph.uses(graph.node(one).outputs[0]) == 0) graph.remove(one);
    }
    return true;
  });
}

namespace {

/// The products and sums of an attention between a normalisation and the sum behind it: three products of the
/// normalised value, which is added again to what comes out.
class AttentionPattern {
 public:
  bool contains(const Graph& graph, const Node& matmul, NodeId add) {
    const NodeId before = graph.value(matmul.inputs[0]).producer;
    if (norms_.contains(before) || sums_.contains(add)) return before != kNothing || sums_.contains(add);
    if (before == kNothing || graph.node(before).op != "LayerNormalization") return false;
    const ValueId normal = graph.node(before).outputs[0];
    std::size_t adds = 0, products = 0, shapes = 0;
    NodeId sum = kNothing;
    for (const NodeId reader : graph.value(normal).readers) {
      const Node& node = graph.node(reader);
      if (node.op == "Add") sum = reader;
      adds += node.op == "Add" ? 1 : 0;
      products += node.op == "MatMul" ? 1 : 0;
      shapes += node.op == "Shape" ? 1 : 0;
    }
    if (adds != 1 || products != 3 || adds + products + shapes != graph.value(normal).readers.size()) return false;
    const Node& last = graph.node(sum);
    const NodeId other = graph.value(last.inputs[0] == normal ? last.inputs[1] : last.inputs[0]).producer;
    if (other == kNothing || graph.node(other).op != "Add") return false;
    norms_.insert(before);
    sums_.insert(other);
    return true;
  }

 private:
  std::set<NodeId> norms_, sums_;
};

/// `preserve`: not where the four products of an attention stand around a normalisation.
std::size_t fuse_matmuls(Graph& graph, const EngineTarget& target, bool preserve) {
  AttentionPattern attention;
  const bool reshapes = target.version >= since::kReshapesAroundGemm;
  return everywhere(graph, [&](NodeId id) {
    if (!graph.node(id).is("MatMul")) return false;
    const NodeId next = graph.only_reader(id);
    if (next == kNothing || !graph.node(next).is("Add")) return false;
    const Node& matmul = graph.node(id);
    const TensorInfo &a = graph.info(matmul.inputs[0]), &b = graph.info(matmul.inputs[1]);
    if (!a.known || !b.known || b.dims.size() != 2 || !real_number(a.type) || a.dims.empty()) return false;
    const bool flat = a.dims.size() == 2;
    if (!flat && (!reshapes || (preserve && attention.contains(graph, matmul, next)))) return false;
    const Node& add = graph.node(next);
    const ValueId bias = add.inputs[0] == matmul.outputs[0] ? add.inputs[1] : add.inputs[0];
    if (!graph.info(bias).known || !fits_as_bias(graph.info(bias).dims, a.dims[0], b.dims[1], flat)) return false;
    fuse_matmul_and_add(graph, id, next, bias);
    return true;
  });
}

}  // namespace

std::size_t matmul_and_add(Graph& graph, const EngineTarget& target) { return fuse_matmuls(graph, target, true); }

std::size_t remaining_matmul_and_add(Graph& graph, const EngineTarget& target) {
  return fuse_matmuls(graph, target, false);
}

std::size_t activate_gemm(Graph& graph, const EngineTarget& target) {
  static constexpr std::array<std::string_view, 9> kActivations = {
      "Elu", "HardSigmoid", "LeakyRelu", "Relu", "Selu", "Sigmoid", "Softplus", "Softsign", "Tanh"};
  return everywhere(graph, [&](NodeId id) {
    if (!graph.node(id).is("Gemm")) return false;
    const NodeId next = graph.only_reader(id);
    if (next == kNothing || !graph.node(next).domain.empty()) return false;
    if (std::ranges::find(kActivations, graph.node(next).op) == kActivations.end()) return false;
    const bool leaky = graph.node(next).op == "LeakyRelu" && graph.opset() >= 16;
    if (leaky && target.version < since::kGemmLeakyRelu) return false;
    if (graph.info(graph.node(id).outputs[0]).type != onnx::DataType::float32) return false;
    fuse_activation(graph, id, next, "FusedGemm");
    return true;
  });
}

}  // namespace latcast::rules::onnxruntime
