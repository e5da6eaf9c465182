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

bool broadcast_to(NodeShapes& n, DataType type) {
  auto dims = broadcast_inputs(n);
  return dims ? n.give(0, std::move(*dims), type) : n.refuse();
}

bool arithmetic(NodeShapes& n) { return broadcast_to(n, n.type()); }
bool comparison(NodeShapes& n) { return broadcast_to(n, DataType::boolean); }
bool where(NodeShapes& n) { return broadcast_to(n, n.type(1)); }

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
    {"Abs Acos Acosh Asin Asinh Atan Atanh BitwiseNot Ceil Celu Clip Cos Cosh CumProd CumSum Elu Erf Exp Floor "
     "Gelu HardSigmoid HardSwish Identity ImageScaler LRN LeakyRelu Log Mish Neg ParametricSoftplus Reciprocal "
     "Relu Round ScaledTanh Selu Shrink Sigmoid Sign Sin Sinh Softplus Softsign Sqrt Swish Tan Tanh "
     "ThresholdedRelu Trilu",
     1, same_as_first},
    {"PRelu ReverseSequence", 2, same_as_first},
    {"Add BitShift BitwiseAnd BitwiseOr BitwiseXor Div Mod Mul Pow Sub", 2, arithmetic},
    {"Max Mean Min Sum", 1, arithmetic},
    {"And Equal Greater GreaterOrEqual Less LessOrEqual Or Xor", 2, comparison},
    {"Where", 3, where},
    {"IsInf IsNaN Not", 1, test},
    {"Cast", 1, cast},
    {"CastLike", 2, cast_like},
    {"Bernoulli RandomNormalLike RandomUniformLike", 1, like_with_dtype},
    {"RandomNormal RandomUniform", 0, random},
    {"Dropout", 1, dropout},
    {"BiasDropout", 2, dropout, kMicrosoft},
    {"BiasGelu BiasSoftmax", 2, same_as_first, kMicrosoft},
    {"FastGelu Gelu QuickGelu Inverse Trilu", 1, same_as_first, kMicrosoft},
    {"BiasAdd", 3, same_as_first, kMicrosoft},
};

}  // namespace

std::span<const RuleRow> elementwise_rules() { return kRules; }

}  // namespace latcast::shapes
