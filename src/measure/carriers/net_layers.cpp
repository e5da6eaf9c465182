// Activations, norms and layers in the spellings of exporters.
#include <algorithm>
#include <cmath>

#include "measure/carriers/net.h"

namespace latcast::carriers {

Value silu(Net& net, const Value& x) { return net.b.mul(x, net.b.unary("Sigmoid", x)); }

Value hard_swish(Net& net, const Value& x) {
  auto& b = net.b;
  const bool clipped = net.rng.chance(0.25);
  if (clipped) return b.div(b.mul(x, b.clip(b.add(x, 3.0F), 0.0F, 6.0F)), 6.0F);
  if (b.opset() >= 14) return b.unary("HardSwish", x);
  return b.mul(x, b.unary("HardSigmoid", x, {attr("alpha", 1.0F / 6.0F), attr("beta", 0.5F)}));
}

Value gelu(Net& net, const Value& x) {
  auto& b = net.b;
  if (b.opset() >= 20) return b.unary("Gelu", x);
  const Value e = b.unary("Erf", b.div(x, 1.4142135F));
  return b.mul(b.mul(x, b.add(e, 1.0F)), 0.5F);
}

Value gelu_tanh(Net& net, const Value& x) {
  auto& b = net.b;
  if (b.opset() >= 20 && net.rng.chance(0.5)) return b.unary("Gelu", x, {attr("approximate", "tanh")});
  if (net.rng.chance(0.5)) {  // as transformers' NewGELU
    const Value inner = b.mul(b.add(x, b.mul(b.pow(x, 3.0F), 0.044715F)), 0.7978845F);
    return b.mul(b.mul(x, 0.5F), b.add(b.unary("Tanh", inner), 1.0F));
  }
  const Value half = b.mul(x, 0.5F);
  const Value cube = b.mul(x, b.mul(x, x));
  const Value inner = b.mul(b.add(b.mul(cube, 0.044715F), x), 0.7978845F);
  return b.mul(half, b.add(b.unary("Tanh", inner), 1.0F));
}

Value act(Net& net, const Value& x, Act kind) {
  auto& b = net.b;
  switch (kind) {
    case Act::none:
      return x;
    case Act::relu:
      return b.unary("Relu", x);
    case Act::relu6:
      return b.clip(x, 0.0F, 6.0F);
    case Act::leaky:
      return b.unary("LeakyRelu", x, {attr("alpha", 0.1F)});
    case Act::silu:
      return silu(net, x);
    case Act::hswish:
      return hard_swish(net, x);
    case Act::gelu:
      return gelu(net, x);
    case Act::gelu_tanh:
      return gelu_tanh(net, x);
    case Act::quick_gelu:
      return b.mul(x, b.unary("Sigmoid", b.mul(x, 1.702F)));
    case Act::elu:
      return b.unary("Elu", x, {attr("alpha", 1.0F)});
    case Act::mish:
      return b.mul(x, b.unary("Tanh", b.unary("Softplus", x)));
    case Act::prelu: {
      Shape slope{1};
      if (x.rank() >= 3) slope = Shape(static_cast<std::size_t>(x.rank() - 1), 1), slope[0] = x.dims[1];
      return b.node("PRelu", {x, b.filled(slope, 0.25F)}, {}, x.dims);
    }
    case Act::tanh:
      return b.unary("Tanh", x);
    case Act::sigmoid:
      return b.unary("Sigmoid", x);
    case Act::softplus:
      return b.unary("Softplus", x);
    case Act::hsigmoid:
      if (net.rng.chance(0.3)) return b.div(b.clip(b.add(x, 3.0F), 0.0F, 6.0F), 6.0F);
      return b.unary("HardSigmoid", x, {attr("alpha", 1.0F / 6.0F), attr("beta", 0.5F)});
    case Act::selu:
      return b.unary("Selu", x);
    case Act::celu:
      return b.unary("Celu", x, {attr("alpha", 1.0F)});
    case Act::softsign:
      return b.unary("Softsign", x);
  }
  return x;
}

Act modern_act(Net& net) {
  return net.rng.pick({Act::relu, Act::relu, Act::relu, Act::relu, Act::silu, Act::silu, Act::leaky, Act::hswish,
                       Act::relu6, Act::gelu, Act::elu, Act::mish, Act::prelu});
}

Value layer_norm(Net& net, const Value& x) {
  auto& b = net.b;
  if (b.opset() >= 17) return b.layer_norm_node(x, net.spelling.epsilon);
  const Value centred = b.sub(x, b.reduce("ReduceMean", x, {-1}, true));
  const Value variance = b.reduce("ReduceMean", b.pow(centred, 2.0F), {-1}, true);
  const Value scaled = b.div(centred, b.unary("Sqrt", b.add(variance, net.spelling.epsilon)));
  return b.add(b.mul(scaled, b.filled({x.dim(-1)}, 0.95F)), b.weight({x.dim(-1)}, 0.1F));
}

Value layer_norm_2d(Net& net, const Value& x, bool by_axis) {
  auto& b = net.b;
  if (!by_axis) return to_first(net, layer_norm(net, to_last(net, x)));
  const Value centred = b.sub(x, b.reduce("ReduceMean", x, {1}, true));
  const Value square = net.rng.chance(0.6) ? b.pow(centred, 2.0F) : b.mul(centred, centred);
  const Value variance = b.reduce("ReduceMean", square, {1}, true);
  const Value scaled = b.div(centred, b.unary("Sqrt", b.add(variance, net.spelling.epsilon)));
  const Shape c{x.dims[1], 1, 1};
  return b.add(b.mul(scaled, b.filled(c, 0.95F)), b.weight(c, 0.1F));
}

Value rms_norm(Net& net, const Value& x) {
  auto& b = net.b;
  const Value mean = b.reduce("ReduceMean", b.pow(x, 2.0F), {-1}, true);
  const Value root = b.unary("Sqrt", b.add(mean, net.spelling.epsilon));
  const Value scaled = net.rng.chance(0.5) ? b.div(x, root) : b.mul(x, b.div(b.scalar(1.0F), root));
  return b.mul(b.filled({x.dim(-1)}, 0.95F), scaled);
}

Value group_norm(Net& net, const Value& x, std::int64_t groups) {
  auto& b = net.b;
  const Value flat = b.reshape(x, {x.dims[0], groups, -1});
  const Value back = b.reshape(b.instance_norm(flat, true), x.dims);
  Shape c(x.dims.size() - 1, 1);
  c[0] = x.dims[1];
  return b.add(b.mul(back, b.filled(c, 0.95F)), b.weight(c, 0.1F));
}

Value l2_normalize(Net& net, const Value& x, int axis) {
  auto& b = net.b;
  const Value norm = b.reduce("ReduceL2", x, {axis}, true);
  const Value floor = b.node("Clip", {norm, b.scalar(1e-12F)}, {}, norm.dims);
  return b.div(x, b.expand(floor, x.dims));
}

Value layer_scale(Net& net, const Value& x, const Shape& shape) { return net.b.mul(x, net.b.weight(shape, 0.3F)); }

Value conv(Net& net, const Value& x, ConvSpec spec, Act a) { return act(net, net.b.conv(x, spec), a); }

Value conv_bn(Net& net, const Value& x, ConvSpec spec, Act a) {
  spec.bias = !net.spelling.explicit_bn;
  Value y = net.b.conv(x, spec);
  if (net.spelling.explicit_bn) y = net.b.batch_norm(y);
  return act(net, y, a);
}

Value pointwise(Net& net, const Value& x, std::int64_t out, Act a) { return conv_bn(net, x, {.out = out}, a); }

Value depthwise(Net& net, const Value& x, std::int64_t kernel, std::int64_t stride, Act a, std::int64_t dilation) {
  return conv_bn(net, x,
                 {.out = x.dims[1], .kernel = kernel, .stride = stride, .dilation = dilation, .groups = x.dims[1]}, a);
}

Value linear(Net& net, const Value& x, std::int64_t out, bool bias) {
  auto& b = net.b;
  if (x.rank() == 2) return b.gemm(x, out, bias);
  const Value y = b.matmul(x, b.weight({x.dim(-1), out}, 1.0F / std::sqrt(static_cast<float>(x.dim(-1)))));
  if (!bias) return y;
  return net.spelling.dynamo ? b.add(y, b.weight({out}, 0.1F)) : b.add(b.weight({out}, 0.1F), y);
}

Value mlp(Net& net, const Value& x, std::int64_t hidden, Act a, std::int64_t out) {
  return linear(net, act(net, linear(net, x, hidden), a), out > 0 ? out : x.dim(-1));
}

Value pool_1x1(Net& net, const Value& x) {
  if (net.spelling.pool_by_mean)
    return net.b.reduce("ReduceMean", x, net.rng.chance(0.5) ? Ints{2, 3} : Ints{-1, -2}, true);
  return net.b.global_avg_pool(x);
}

Value squeeze_excite(Net& net, const Value& x, std::int64_t reduced, Act inner, Act gate) {
  Value s;
  if (net.rng.chance(0.2)) {  // by fully connected layers
    s = net.b.reshape(pool_1x1(net, x), {1, x.dims[1]});
    s = linear(net, act(net, linear(net, s, reduced), inner), x.dims[1]);
    s = net.b.reshape(act(net, s, gate), {1, x.dims[1], 1, 1});
  } else {
    s = conv(net, pool_1x1(net, x), {.out = reduced}, inner);
    s = conv(net, s, {.out = x.dims[1]}, gate);
  }
  return net.rng.chance(0.5) ? net.b.mul(x, s) : net.b.mul(s, x);
}

}  // namespace latcast::carriers
