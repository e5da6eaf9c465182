// Activations, norms and layers in the spellings of exporters.
#include <algorithm>
#include <cmath>

#include "measure/carriers/net.h"

namespace latcast::carriers {

Value silu(Net& net, const Value& x) { return net.mul(x, net.node("Sigmoid", {x})); }

Value hard_swish(Net& net, const Value& x) {
  const bool clipped = net.chance(0.25);
  if (clipped) return net.div(net.mul(x, net.clip(net.add(x, 3.0F), 0.0F, 6.0F)), 6.0F);
  if (net.opset() >= 14) return net.node("HardSwish", {x});
  return net.mul(x, net.node("HardSigmoid", {x}, {{"alpha", 1.0F / 6.0F}, {"beta", 0.5F}}));
}

Value gelu(Net& net, const Value& x) {
  if (net.opset() >= 20) return net.node("Gelu", {x});
  const Value e = net.node("Erf", {net.div(x, 1.4142135F)});
  return net.mul(net.mul(x, net.add(e, 1.0F)), 0.5F);
}

Value gelu_tanh(Net& net, const Value& x) {
  if (net.opset() >= 20 && net.chance(0.5)) return net.node("Gelu", {x}, {{"approximate", "tanh"}});
  if (net.chance(0.5)) {  // as transformers' NewGELU
    const Value inner = net.mul(net.add(x, net.mul(net.pow(x, 3.0F), 0.044715F)), 0.7978845F);
    return net.mul(net.mul(x, 0.5F), net.add(net.node("Tanh", {inner}), 1.0F));
  }
  const Value half = net.mul(x, 0.5F);
  const Value cube = net.mul(x, net.mul(x, x));
  const Value inner = net.mul(net.add(net.mul(cube, 0.044715F), x), 0.7978845F);
  return net.mul(half, net.add(net.node("Tanh", {inner}), 1.0F));
}

Value act(Net& net, const Value& x, Act kind) {
  switch (kind) {
    case Act::none:
      break;
    case Act::relu:
      return net.node("Relu", {x});
    case Act::relu6:
      return net.clip(x, 0.0F, 6.0F);
    case Act::leaky:
      return net.node("LeakyRelu", {x}, {{"alpha", 0.1F}});
    case Act::silu:
      return silu(net, x);
    case Act::hswish:
      return hard_swish(net, x);
    case Act::gelu:
      return gelu(net, x);
    case Act::gelu_tanh:
      return gelu_tanh(net, x);
    case Act::quick_gelu:
      return net.mul(x, net.node("Sigmoid", {net.mul(x, 1.702F)}));
    case Act::elu:
    case Act::celu:
      return net.node(kind == Act::elu ? "Elu" : "Celu", {x}, {{"alpha", 1.0F}});
    case Act::mish:
      return net.mul(x, net.node("Tanh", {net.node("Softplus", {x})}));
    case Act::prelu: {
      Shape slope{1};
      if (x.rank() >= 3) slope = Shape(x.dims.size() - 1, 1), slope[0] = x.dims[1];
      return net.node("PRelu", {x, net.filled(slope, 0.25F)});
    }
    case Act::tanh:
      return net.node("Tanh", {x});
    case Act::sigmoid:
      return net.node("Sigmoid", {x});
    case Act::softplus:
      return net.node("Softplus", {x});
    case Act::hsigmoid:
      if (net.chance(0.3)) return net.div(net.clip(net.add(x, 3.0F), 0.0F, 6.0F), 6.0F);
      return net.node("HardSigmoid", {x}, {{"alpha", 1.0F / 6.0F}, {"beta", 0.5F}});
    case Act::selu:
    case Act::softsign:
      return net.node(kind == Act::selu ? "Selu" : "Softsign", {x});
  }
  return x;
}

Act modern_act(Net& net) {
  return net.pick({Act::relu, Act::relu, Act::relu, Act::relu, Act::silu, Act::silu, Act::leaky, Act::hswish,
                   Act::relu6, Act::gelu, Act::elu, Act::mish, Act::prelu});
}

Value layer_norm(Net& net, const Value& x) {
  const Shape c{x.dim(-1)};
  if (net.opset() >= 17)
    return net.node("LayerNormalization", {x, net.filled(c, 0.95F), net.weight(c, 0.1F)},
                    {{"axis", -1}, {"epsilon", net.spelling.epsilon}});
  const Value centred = net.sub(x, net.mean(x, {-1}));
  const Value variance = net.mean(net.pow(centred, 2.0F), {-1});
  const Value scaled = net.div(centred, net.node("Sqrt", {net.add(variance, net.spelling.epsilon)}));
  return net.add(net.mul(scaled, net.filled(c, 0.95F)), net.weight(c, 0.1F));
}

Value layer_norm_2d(Net& net, const Value& x, bool by_axis) {
  if (!by_axis) return to_first(net, layer_norm(net, to_last(net, x)));
  const Value centred = net.sub(x, net.mean(x, {1}));
  const Value square = net.chance(0.6) ? net.pow(centred, 2.0F) : net.mul(centred, centred);
  const Value variance = net.mean(square, {1});
  const Value scaled = net.div(centred, net.node("Sqrt", {net.add(variance, net.spelling.epsilon)}));
  const Shape c{x.dims[1], 1, 1};
  return net.add(net.mul(scaled, net.filled(c, 0.95F)), net.weight(c, 0.1F));
}

Value rms_norm(Net& net, const Value& x) {
  const Value mean = net.mean(net.pow(x, 2.0F), {-1});
  const Value root = net.node("Sqrt", {net.add(mean, net.spelling.epsilon)});
  const Value scaled = net.chance(0.5) ? net.div(x, root) : net.mul(x, net.div(net.scalar(1.0F), root));
  return net.mul(net.filled({x.dim(-1)}, 0.95F), scaled);
}

Value group_norm(Net& net, const Value& x, std::int64_t groups) {
  const Value flat = net.reshape(x, {x.dims[0], groups, -1});
  const Value back = net.reshape(net.instance_norm(flat, true), x.dims);
  Shape c(x.dims.size() - 1, 1);
  c[0] = x.dims[1];
  return net.add(net.mul(back, net.filled(c, 0.95F)), net.weight(c, 0.1F));
}

Value l2_normalize(Net& net, const Value& x, int axis) {
  const Value norm = net.reduce("ReduceL2", x, {axis}, true);
  const Value floor = net.node("Clip", {norm, net.scalar(1e-12F)});
  return net.div(x, net.expand(floor, x.dims));
}

Value layer_scale(Net& net, const Value& x, const Shape& shape) { return net.mul(x, net.weight(shape, 0.3F)); }

Value conv(Net& net, const Value& x, ConvSpec spec, Act a) { return act(net, net.conv(x, spec), a); }

Value conv_bn(Net& net, const Value& x, ConvSpec spec, Act a) {
  spec.bias = !net.spelling.explicit_bn;
  Value y = net.conv(x, spec);
  if (net.spelling.explicit_bn) y = net.batch_norm(y);
  return act(net, y, a);
}

Value pointwise(Net& net, const Value& x, std::int64_t out, Act a) { return conv_bn(net, x, {.out = out}, a); }

Value depthwise(Net& net, const Value& x, std::int64_t kernel, std::int64_t stride, Act a, std::int64_t dilation) {
  return conv_bn(net, x,
                 {.out = x.dims[1], .kernel = kernel, .stride = stride, .dilation = dilation, .groups = x.dims[1]}, a);
}

Value linear(Net& net, const Value& x, std::int64_t out, bool bias) {
  if (x.rank() == 2) return net.gemm(x, out, bias);
  Value y = net.matmul(x, net.weight({x.dim(-1), out}, 1.0F / std::sqrt(static_cast<float>(x.dim(-1)))));
  if (!bias) return y;
  return net.spelling.dynamo ? net.add(y, net.weight({out}, 0.1F)) : net.add(net.weight({out}, 0.1F), y);
}

Value mlp(Net& net, const Value& x, std::int64_t hidden, Act a, std::int64_t out) {
  return linear(net, act(net, linear(net, x, hidden), a), out > 0 ? out : x.dim(-1));
}

Value pool_1x1(Net& net, const Value& x) {
  if (net.spelling.pool_by_mean) return net.mean(x, net.chance(0.5) ? Ints{2, 3} : Ints{-1, -2});
  return net.node("GlobalAveragePool", {x});
}

Value squeeze_excite(Net& net, const Value& x, std::int64_t reduced, Act inner, Act gate) {
  Value s;
  if (net.chance(0.2)) {  // by fully connected layers
    s = net.reshape(pool_1x1(net, x), {1, x.dims[1]});
    s = linear(net, act(net, linear(net, s, reduced), inner), x.dims[1]);
    s = net.reshape(act(net, s, gate), {1, x.dims[1], 1, 1});
  } else {
    s = conv(net, pool_1x1(net, x), {.out = reduced}, inner);
    s = conv(net, s, {.out = x.dims[1]}, gate);
  }
  return net.chance(0.5) ? net.mul(x, s) : net.mul(s, x);
}

}  // namespace latcast::carriers
