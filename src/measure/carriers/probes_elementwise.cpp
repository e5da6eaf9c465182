// Probes: chains of operators that compute element by element, reductions, softmaxes; over all sizes and axes.
#include <algorithm>
#include <array>
#include <string>

#include "measure/carriers/families.h"

namespace latcast::carriers {

namespace {

/// Positive and away from zero.
Value positive(Net& net, const Value& x) { return net.add(net.node("Sigmoid", {x}), 0.1F); }

Value one_unary(Net& net, const Value& x) {
  using enum Act;
  // Activations by the number drawn; none: another operator.
  constexpr std::array kActs{relu, relu6,    sigmoid, none,  tanh, none, none,       none,   none,    none,
                             none, softplus, leaky,   prelu, none, mish, silu,       hswish, gelu,    gelu_tanh,
                             none, none,     none,    none,  none, none, quick_gelu, none,   hsigmoid};
  const auto drawn = static_cast<std::size_t>(net.integer(0, 28));
  if (kActs.at(drawn) != none) return act(net, x, kActs.at(drawn));
  switch (drawn) {
    case 3:
      return net.node("HardSigmoid", {x}, {{"alpha", 1.0F / 6.0F}, {"beta", 0.5F}});
    case 5:
      return net.node("Erf", {x});
    case 6:
      return net.node("Sqrt", {positive(net, x)});
    case 7:
      return net.node("Exp", {net.node("Tanh", {x})});
    case 8:
      return net.pow(x, net.pick({2.0F, 2.0F, 3.0F}));
    case 9:
      return net.pow(positive(net, x), net.pick({0.5F, 1.5F, 0.33F}));
    case 10:
      return net.node("Neg", {x});
    case 14:
      return net.node("Elu", {x});
    case 20:
      return net.node("Abs", {x});
    case 21:
      return net.node("Log", {positive(net, x)});
    case 22:
      return net.node("Reciprocal", {positive(net, x)});
    case 23:
      return net.node(net.pick({"Sin", "Cos"}), {x});
    case 24:
      return net.node(net.pick({"Floor", "Round", "Ceil"}), {x});
    case 25:
      return act(net, x, net.pick({Act::selu, Act::celu, Act::softsign}));
    default:
      return act(net, net.add(x, net.weight({x.dims.back()}, 0.3F)), gelu);
  }
}

void unary_chain(Net& net) {
  const int chains = net.depth(9, 15);
  for (int i = 0; i < chains; ++i) {
    Value x = warm(net);
    const auto steps = net.integer(2, 3);
    for (int k = 0; k < steps; ++k) x = one_unary(net, x);
  }
}

/// The second operand of a binary operator: the same shape, a scalar, a trailing vector, per channel, per row.
Value operand(Net& net, const Value& x, bool divisor_like) {
  Shape shape;
  switch (net.integer(0, 7)) {
    case 0:
      return net.scalar(1.3F);
    case 1:
      shape = {x.dims.back()};
      break;
    case 2:
      shape = Shape(x.dims.size() - 1, 1);
      shape[0] = x.dims[1];
      break;
    case 3:
      shape = x.dims;
      shape.back() = 1;
      break;
    case 4:
      shape = Shape(x.dims.size(), 1);
      shape[1] = x.dims[1];
      break;
    case 5:
      shape = x.dims;
      shape[1] = 1;
      break;
    default:
      shape = x.dims;
  }
  if (divisor_like) return net.filled(shape, 1.3F);
  return net.chance(0.5) ? warm(net, shape) : net.weight(shape, 0.5F);
}

void binary_chain(Net& net) {
  const int chains = net.depth(7, 12);
  for (int i = 0; i < chains; ++i) {
    Value x = warm(net);
    const auto steps = net.integer(2, 4);
    for (int k = 0; k < steps; ++k) {
      const std::string op = net.pick({"Add", "Add", "Mul", "Mul", "Sub", "Div", "Max", "Min"});
      const Value y = operand(net, x, op == "Div");
      x = op != "Div" && net.chance(0.25) ? net.node(op, {y, x}) : net.node(op, {x, y});
    }
  }
}

void reductions(Net& net) {
  const int count = net.depth(8, 14);
  for (int i = 0; i < count; ++i) {
    const Value x = warm(net);
    const int rank = x.rank();
    Ints axes;
    switch (net.integer(0, 6)) {
      case 0:
      case 1:
        axes = {-1};
        break;
      case 2:
        axes = rank > 2 ? Ints{-2, -1} : Ints{-1};
        break;
      case 3:
        axes = {1};
        break;
      case 4:
        axes = rank > 2 ? Ints{rank - 2} : Ints{0};
        break;
      case 5:
        axes = rank == 4 ? Ints{1, 2} : Ints{0};
        break;
      default:
        for (int k = 0; k < rank; ++k) axes.push_back(k);
    }
    const std::string op = net.pick({"ReduceMean", "ReduceMean", "ReduceSum", "ReduceMax", "ReduceL2", "ReduceMin",
                                     "ReduceL1", "ReduceSumSquare", "ReduceProd"});
    const Value y = net.reduce(op == "ReduceProd" && x.elements() > 64 ? "ReduceMean" : op, x, axes, net.chance(0.6));
    if (y.rank() == rank && net.chance(0.3)) net.sub(x, y);
  }
}

void softmaxes(Net& net) {
  const int count = net.depth(6, 12);
  for (int i = 0; i < count; ++i) {
    const Value x = warm(net, 100, 5e5);
    if (net.chance(0.2)) {
      net.arg_max(x, net.chance(0.6) ? -1 : 1, net.chance(0.5));
      continue;
    }
    const int axis = net.chance(0.55) ? -1 : static_cast<int>(net.integer(1, x.rank() - 1));
    const Value y = net.softmax(x, axis, net.chance(0.8) ? "Softmax" : "LogSoftmax");
    if (net.chance(0.4)) net.mul(x, y);
  }
}

constexpr std::array kFamilies{
    Family{"unary_chain", FamilyKind::operators, 1.0, 0.12, unary_chain, kProbe},
    Family{"binary_chain", FamilyKind::operators, 1.0, 0.12, binary_chain, kProbe},
    Family{"reductions", FamilyKind::operators, 0.9, 0.12, reductions, kProbe},
    Family{"softmaxes", FamilyKind::operators, 0.7, 0.12, softmaxes, kProbe},
};

}  // namespace

std::span<const Family> elementwise_probes() { return kFamilies; }

}  // namespace latcast::carriers
