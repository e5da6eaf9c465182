// Elementwise operators: unary, broadcasting, logical, casts, random tensors of a given shape.
#include "graph/shapes/node_shapes.h"

namespace latcast::shapes {
namespace {

std::optional<Dims> broadcast_inputs(const NodeShapes& n) {
  // Before operator set 7, `broadcast` said that input 1 is stretched to input 0.
  if (n.integer("broadcast", 0) == 1 || n.has_attribute("consumed_inputs")) return n.dims(0);
  std::optional<Dims> dims = n.dims(0);
  for (std::size_t i = 1; i < n.input_count() && dims; ++i)
    if (n.has(i)) dims = broadcast(*dims, n.dims(i));
  return dims;
}

bool arithmetic(NodeShapes& n) {
  auto dims = broadcast_inputs(n);
  return dims && n.give(std::move(*dims));
}

bool comparison(NodeShapes& n) {
  auto dims = broadcast_inputs(n);
  return dims && n.give(0, std::move(*dims), DataType::boolean);
}

bool where(NodeShapes& n) {
  auto dims = broadcast_inputs(n);
  return dims && n.give(0, std::move(*dims), n.type(1));
}

bool test(NodeShapes& n) { return n.give(0, n.dims(0), DataType::boolean); }

bool cast(NodeShapes& n) { return n.give(0, n.dims(0), n.data_type("to", DataType::undefined)); }

bool cast_like(NodeShapes& n) { return n.give(0, n.dims(0), n.type(1)); }

bool like_with_dtype(NodeShapes& n) { return n.give(0, n.dims(0), n.data_type("dtype", n.type())); }

bool dropout(NodeShapes& n) {
  const DataType mask = n.opset() >= 10 ? DataType::boolean : n.type();
  return n.give(n.dims(0)) && n.give(1, n.dims(0), mask);
}

bool random(NodeShapes& n) { return n.give(0, n.integers("shape"), n.data_type("dtype", DataType::float32)); }

constexpr RuleRow kRules[] = {
    {"Abs", 1, same_as_first},
    {"Acos", 1, same_as_first},
    {"Acosh", 1, same_as_first},
    {"Asin", 1, same_as_first},
    {"Asinh", 1, same_as_first},
    {"Atan", 1, same_as_first},
    {"Atanh", 1, same_as_first},
    {"BitwiseNot", 1, same_as_first},
    {"Ceil", 1, same_as_first},
    {"Celu", 1, same_as_first},
    {"Clip", 1, same_as_first},
    {"Cos", 1, same_as_first},
    {"Cosh", 1, same_as_first},
    {"CumProd", 1, same_as_first},
    {"CumSum", 1, same_as_first},
    {"Elu", 1, same_as_first},
    {"Erf", 1, same_as_first},
    {"Exp", 1, same_as_first},
    {"Floor", 1, same_as_first},
    {"Gelu", 1, same_as_first},
    {"HardSigmoid", 1, same_as_first},
    {"HardSwish", 1, same_as_first},
    {"Identity", 1, same_as_first},
    {"ImageScaler", 1, same_as_first},
    {"LRN", 1, same_as_first},
    {"LeakyRelu", 1, same_as_first},
    {"Log", 1, same_as_first},
    {"Mish", 1, same_as_first},
    {"Neg", 1, same_as_first},
    {"PRelu", 2, same_as_first},
    {"ParametricSoftplus", 1, same_as_first},
    {"Reciprocal", 1, same_as_first},
    {"Relu", 1, same_as_first},
    {"ReverseSequence", 2, same_as_first},
    {"Round", 1, same_as_first},
    {"ScaledTanh", 1, same_as_first},
    {"Selu", 1, same_as_first},
    {"Shrink", 1, same_as_first},
    {"Sigmoid", 1, same_as_first},
    {"Sign", 1, same_as_first},
    {"Sin", 1, same_as_first},
    {"Sinh", 1, same_as_first},
    {"Softplus", 1, same_as_first},
    {"Softsign", 1, same_as_first},
    {"Sqrt", 1, same_as_first},
    {"Swish", 1, same_as_first},
    {"Tan", 1, same_as_first},
    {"Tanh", 1, same_as_first},
    {"ThresholdedRelu", 1, same_as_first},
    {"Trilu", 1, same_as_first},
    {"Add", 2, arithmetic},
    {"BitShift", 2, arithmetic},
    {"BitwiseAnd", 2, arithmetic},
    {"BitwiseOr", 2, arithmetic},
    {"BitwiseXor", 2, arithmetic},
    {"Div", 2, arithmetic},
    {"Max", 1, arithmetic},
    {"Mean", 1, arithmetic},
    {"Min", 1, arithmetic},
    {"Mod", 2, arithmetic},
    {"Mul", 2, arithmetic},
    {"Pow", 2, arithmetic},
    {"Sub", 2, arithmetic},
    {"Sum", 1, arithmetic},
    {"And", 2, comparison},
    {"Equal", 2, comparison},
    {"Greater", 2, comparison},
    {"GreaterOrEqual", 2, comparison},
    {"Less", 2, comparison},
    {"LessOrEqual", 2, comparison},
    {"Or", 2, comparison},
    {"Xor", 2, comparison},
    {"Where", 3, where},
    {"IsInf", 1, test},
    {"IsNaN", 1, test},
    {"Not", 1, test},
    {"Cast", 1, cast},
    {"CastLike", 2, cast_like},
    {"Bernoulli", 1, like_with_dtype},
    {"RandomNormalLike", 1, like_with_dtype},
    {"RandomUniformLike", 1, like_with_dtype},
    {"RandomNormal", 0, random},
    {"RandomUniform", 0, random},
    {"Dropout", 1, dropout},
    {"BiasDropout", 2, dropout, kMicrosoft},
    {"BiasGelu", 2, same_as_first, kMicrosoft},
    {"BiasSoftmax", 2, same_as_first, kMicrosoft},
    {"FastGelu", 1, same_as_first, kMicrosoft},
    {"Gelu", 1, same_as_first, kMicrosoft},
    {"QuickGelu", 1, same_as_first, kMicrosoft},
    {"Inverse", 1, same_as_first, kMicrosoft},
    {"Trilu", 1, same_as_first, kMicrosoft},
    {"BiasAdd", 3, same_as_first, kMicrosoft},
};

}  // namespace

std::span<const RuleRow> elementwise_rules() { return kRules; }

}  // namespace latcast::shapes
