#include "rules/onnxruntime/transpose_kinds.h"

#include <initializer_list>
#include <string_view>

#include "graph/operator_bucket.h"

namespace latcast::rules::onnxruntime {
namespace {

struct OperatorKind {
  std::string_view op;
  Kind kind = Kind::none;
};

OperatorTable<OperatorKind> make_table() {
  OperatorTable<OperatorKind> table;
  const auto add = [&](Kind kind, std::initializer_list<std::string_view> operators) {
    for (const std::string_view op : operators) table.add({op, kind});
  };
  add(Kind::first, {"Clip", "CastLike"});
  add(Kind::axis, {"Concat"});
  add(Kind::split, {"Split"});
  add(Kind::softmax, {"Softmax", "LogSoftmax", "Hardmax"});
  add(Kind::pad, {"Pad"});
  add(Kind::arg, {"ArgMin", "ArgMax"});
  add(Kind::squeeze, {"Squeeze"});
  add(Kind::unsqueeze, {"Unsqueeze"});
  add(Kind::slice, {"Slice"});
  add(Kind::gather, {"Gather"});
  add(Kind::tile, {"Tile"});
  add(Kind::transpose, {"Transpose"});
  add(Kind::reshape, {"Reshape"});
  add(Kind::resize, {"Resize"});
  add(Kind::every, {"Cast",     "Exp",
                    "Identity", "LeakyRelu",
                    "Log",      "Reciprocal",
                    "Relu",     "Sigmoid",
                    "Sqrt",     "Tanh",
                    "Abs",      "Not",
                    "Ceil",     "Floor",
                    "Neg",      "Erf",
                    "Round",    "IsInf",
                    "IsNaN",    "Selu",
                    "Sign",     "Shrink",
                    "Softplus", "HardSigmoid",
                    "Softsign", "ThresholdedRelu",
                    "Celu",     "HardSwish",
                    "Sin",      "Cos",
                    "Tan",      "Sinh",
                    "Cosh",     "Asin",
                    "Acos",     "Atan",
                    "Asinh",    "Acosh",
                    "Atanh",    "Elu",
                    "Gelu"});
  add(Kind::broadcast, {"Add",         "Max",  "Min",   "Mul",      "Sub",   "Div",     "And",  "Or",
                        "Xor",         "Mod",  "PRelu", "BitShift", "Equal", "Greater", "Less", "GreaterOrEqual",
                        "LessOrEqual", "Mean", "Sum",   "Pow",      "Where"});
  add(Kind::reduce, {"ReduceLogSum", "ReduceLogSumExp", "ReduceMax", "ReduceMean", "ReduceMin", "ReduceProd",
                     "ReduceSum", "ReduceSumSquare", "ReduceL1", "ReduceL2"});
  return table;
}

}  // namespace

Kind kind_of(const Node& node) {
  static const OperatorTable<OperatorKind> kTable = make_table();
  if (!node.domain.empty()) return Kind::none;
  const OperatorKind* found = kTable.find(node.op, [](const OperatorKind&) { return true; });
  return found == nullptr ? Kind::none : found->kind;
}

}  // namespace latcast::rules::onnxruntime
