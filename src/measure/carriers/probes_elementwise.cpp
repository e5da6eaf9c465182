// Probes: chains of operators that compute element by element, reductions, softmaxes; over all sizes and axes.
#include <algorithm>
#include <array>
#include <string>

#include "measure/carriers/families.h"
#include "measure/carriers/warm_input.h"

namespace latcast::carriers {

namespace {

/// Positive and away from zero.
Value positive(Net& net, const Value& x) { return net.b.add(net.b.unary("Sigmoid", x), 0.1F); }

Value one_unary(Net& net, const Value& x) {
  auto& b = net.b;
  switch (net.rng.integer(0, 28)) {
    case 0:
      return b.unary("Relu", x);
    case 1:
      return b.clip(x, 0.0F, 6.0F);
    case 2:
      return b.unary("Sigmoid", x);
    case 3:
      return b.unary("HardSigmoid", x, {attr("alpha", 1.0F / 6.0F), attr("beta", 0.5F)});
    case 4:
      return b.unary("Tanh", x);
    case 5:
      return b.unary("Erf", x);
    case 6:
      return b.unary("Sqrt", positive(net, x));
    case 7:
      return b.unary("Exp", b.unary("Tanh", x));
    case 8:
      return b.pow(x, net.rng.pick({2.0F, 2.0F, 3.0F}));
    case 9:
      return b.pow(positive(net, x), net.rng.pick({0.5F, 1.5F, 0.33F}));
    case 10:
      return b.unary("Neg", x);
    case 11:
      return b.unary("Softplus", x);
    case 12:
      return b.unary("LeakyRelu", x, {attr("alpha", 0.1F)});
    case 13:
      return act(net, x, Act::prelu);
    case 14:
      return b.unary("Elu", x);
    case 15:
      return act(net, x, Act::mish);
    case 16:
      return silu(net, x);
    case 17:
      return hard_swish(net, x);
    case 18:
      return gelu(net, x);
    case 19:
      return gelu_tanh(net, x);
    case 20:
      return b.unary("Abs", x);
    case 21:
      return b.unary("Log", positive(net, x));
    case 22:
      return b.unary("Reciprocal", positive(net, x));
    case 23:
      return b.unary(net.rng.pick({std::string("Sin"), std::string("Cos")}), x);
    case 24:
      return b.unary(net.rng.pick({std::string("Floor"), std::string("Round"), std::string("Ceil")}), x);
    case 25:
      return act(net, x, net.rng.pick({Act::selu, Act::celu, Act::softsign}));
    case 26:
      return act(net, x, Act::quick_gelu);
    case 27:
      return gelu(net, b.add(x, b.weight({x.dims.back()}, 0.3F)));
    default:
      return act(net, x, Act::hsigmoid);
  }
}

void unary_chain(Net& net) {
  const int chains = net.depth(9, 15);
  for (int i = 0; i < chains; ++i) {
    Value x = warm(net);
    const auto steps = net.rng.integer(2, 3);
    for (int k = 0; k < steps; ++k) x = one_unary(net, x);
  }
}

/// The second operand of a binary operator: the same shape, a scalar, a trailing vector, per channel, per row.
Value operand(Net& net, const Value& x, bool divisor_like) {
  auto& b = net.b;
  auto& rng = net.rng;
  Shape shape;
  switch (rng.integer(0, 7)) {
    case 0:
      return b.scalar(1.3F);
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
  if (divisor_like) return b.filled(shape, 1.3F);
  return rng.chance(0.5) ? warm(net, shape) : b.weight(shape, 0.5F);
}

void binary_chain(Net& net) {
  auto& b = net.b;
  const int chains = net.depth(7, 12);
  for (int i = 0; i < chains; ++i) {
    Value x = warm(net);
    const auto steps = net.rng.integer(2, 4);
    for (int k = 0; k < steps; ++k) {
      const std::string op =
          net.rng.pick({std::string("Add"), std::string("Add"), std::string("Mul"), std::string("Mul"),
                        std::string("Sub"), std::string("Div"), std::string("Max"), std::string("Min")});
      const Value y = operand(net, x, op == "Div");
      x = op != "Div" && net.rng.chance(0.25) ? b.binary(op, y, x) : b.binary(op, x, y);
    }
  }
}

void reductions(Net& net) {
  auto& b = net.b;
  const int count = net.depth(8, 14);
  for (int i = 0; i < count; ++i) {
    const Value x = warm(net);
    const int rank = x.rank();
    Ints axes;
    switch (net.rng.integer(0, 6)) {
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
    const std::string op =
        net.rng.pick({std::string("ReduceMean"), std::string("ReduceMean"), std::string("ReduceSum"),
                      std::string("ReduceMax"), std::string("ReduceL2"), std::string("ReduceMin"),
                      std::string("ReduceL1"), std::string("ReduceSumSquare"), std::string("ReduceProd")});
    const Value y = b.reduce(op == "ReduceProd" && x.elements() > 64 ? "ReduceMean" : op, x, axes, net.rng.chance(0.6));
    if (y.rank() == rank && net.rng.chance(0.3)) b.sub(x, y);
  }
}

void softmaxes(Net& net) {
  auto& b = net.b;
  const int count = net.depth(6, 12);
  for (int i = 0; i < count; ++i) {
    const Value x = warm(net, 100, 5e5);
    if (net.rng.chance(0.2)) {
      b.arg_max(x, net.rng.chance(0.6) ? -1 : 1, net.rng.chance(0.5));
      continue;
    }
    const int axis = net.rng.chance(0.55) ? -1 : static_cast<int>(net.rng.integer(1, x.rank() - 1));
    const Value y = b.softmax(x, axis, net.rng.chance(0.8) ? "Softmax" : "LogSoftmax");
    if (net.rng.chance(0.4)) b.mul(x, y);
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
