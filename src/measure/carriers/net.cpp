#include "measure/carriers/net.h"

#include <algorithm>
#include <cmath>

namespace latcast::carriers {

namespace {

double between(double low, double high, double position) { return low * std::pow(high / low, position); }

Spelling draw_spelling(Random& rng) {
  Spelling s;
  s.dynamo = rng.chance(0.3);
  s.opset = static_cast<int>(s.dynamo ? rng.integer(18, 20) : rng.pick({13, 14, 16, 17, 17, 17}));
  s.explicit_bn = rng.chance(0.35);
  s.pool_by_mean = rng.chance(s.dynamo ? 0.5 : 0.2);
  s.off_width = rng.pick({0.0, 0.1, 0.3, 0.6});
  s.align = rng.pick({8, 8, 8, 16, 16, 32, 4});
  s.epsilon = rng.pick({1e-5F, 1e-6F, 1e-12F, 1e-3F});
  return s;
}

}  // namespace

Net::Net(std::uint64_t seed, const Knobs& k, double width_factor, double spatial_factor)
    : b(17),
      rng(seed),
      knobs(k),
      spelling(draw_spelling(rng)),
      width_scale(width_factor),
      spatial_scale(spatial_factor) {
  b = GraphBuilder(spelling.opset);
}

std::int64_t Net::grid(double channels) {
  const double wanted = std::clamp(channels, 3.0, 4096.0);
  if (rng.chance(spelling.off_width) || wanted < 6) return std::max<std::int64_t>(2, std::llround(wanted));
  const double align = wanted < 1.5 * spelling.align ? 4.0 : spelling.align;
  return std::max<std::int64_t>(4, std::llround(wanted / align) * static_cast<std::int64_t>(align));
}

std::int64_t Net::width(std::int64_t low, std::int64_t high) {
  const double jitter = rng.log_uniform(0.8, 1.25);
  return grid(jitter * width_scale * between(static_cast<double>(low), static_cast<double>(high), knobs.width));
}

std::int64_t Net::channels(std::int64_t low, std::int64_t high) {
  return grid(width_scale * rng.log_uniform(static_cast<double>(low), static_cast<double>(high)));
}

std::int64_t Net::side(std::int64_t low, std::int64_t high) {
  const double wanted = spatial_scale * between(static_cast<double>(low), static_cast<double>(high), knobs.resolution);
  const auto n = std::clamp<std::int64_t>(std::llround(wanted), 2, 640);
  const std::int64_t unit = rng.pick({1, 2, 4, 7, 8, 16, 32});
  if (n < 2 * unit) return n;
  return (n + unit / 2) / unit * unit;
}

std::int64_t Net::side_multiple(std::int64_t unit, std::int64_t low, std::int64_t high) {
  const double wanted = spatial_scale * between(static_cast<double>(low), static_cast<double>(high), knobs.resolution);
  return std::max<std::int64_t>(1, std::llround(wanted / static_cast<double>(unit))) * unit;
}

int Net::depth(int low, int high) {
  return low + static_cast<int>(knobs.depth * static_cast<double>(high - low + 1) * 0.999);
}

std::int64_t Net::kernel(std::initializer_list<std::int64_t> choices) {
  if (kernel_drawn_) return rng.pick(choices);
  kernel_drawn_ = true;
  return choices.begin()[static_cast<std::size_t>(knobs.kernel * static_cast<double>(choices.size()) * 0.999)];
}

Net::Heads Net::heads(std::int64_t low, std::int64_t high) {
  const double dim =
      std::clamp(width_scale * between(static_cast<double>(low), static_cast<double>(high), knobs.width), 8.0, 2048.0);
  Heads h;
  h.width = rng.pick({8, 16, 20, 24, 32, 32, 32, 36, 48, 64, 64, 64, 80, 96, 128});
  while (static_cast<double>(h.width) > dim * 1.3 && h.width > 8) h.width /= 2;
  h.count = std::max<std::int64_t>(1, std::llround(dim / static_cast<double>(h.width)));
  return h;
}

std::int64_t divisor(std::int64_t n, std::int64_t wished) {
  for (std::int64_t d = std::clamp<std::int64_t>(wished, 1, n); d > 1; --d)
    if (n % d == 0) return d;
  return 1;
}

std::int64_t Net::heads_of(std::int64_t dim) {
  return divisor(dim, std::max<std::int64_t>(1, dim / rng.pick({16, 24, 32, 32, 64, 64})));
}

// ----------------------------------------------------------------------------------------------- activations, norms

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

// ------------------------------------------------------------------------------------------------------------ layers

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

// --------------------------------------------------------------------------------------------------------- attention

Value dot_attention(Net& net, const Value& q, const Value& k, const Value& v, bool k_transposed, Bias bias,
                    bool talking) {
  auto& b = net.b;
  const std::int64_t d = q.dim(-1);
  const std::int64_t heads = q.dims[1], n = q.dim(-2);
  const std::int64_t m = k_transposed ? k.dim(-1) : k.dim(-2);
  const float root = std::sqrt(static_cast<float>(d));
  Value kt = k_transposed ? k : b.transpose(k, {0, 1, 3, 2});
  Value scores;
  switch (net.rng.integer(0, 4)) {
    case 0:
      scores = b.matmul(b.mul(q, 1.0F / root), kt);
      break;
    case 1:
      scores = b.mul(b.matmul(q, kt), 1.0F / root);
      break;
    case 2:
      scores = b.div(b.matmul(q, kt), root);
      break;
    default:  // scaled_dot_product_attention
      scores = b.matmul(b.mul(q, std::sqrt(1.0F / root)), b.mul(kt, std::sqrt(1.0F / root)));
  }
  if (talking) {
    const Value mixed = linear(net, b.transpose(scores, {0, 2, 3, 1}), heads);
    scores = b.transpose(mixed, {0, 3, 1, 2});
  }
  if (bias == Bias::constant || bias == Bias::gathered || bias == Bias::windowed_mask)
    scores = b.add(scores, b.weight({1, heads, n, m}, 0.2F));
  if (bias == Bias::windowed_mask) {
    const std::int64_t windows = q.dims[0];
    const Value parts = b.add(b.reshape(scores, {1, windows, heads, n, m}), b.weight({1, windows, 1, n, m}, 0.2F));
    scores = b.reshape(parts, {windows, heads, n, m});
  }
  if (bias == Bias::causal_where || bias == Bias::causal_add)
    scores = mask_causal(net, scores, bias == Bias::causal_where);
  Value p = b.softmax(scores, net.rng.chance(0.7) ? -1 : scores.rank() - 1);
  if (talking) p = b.transpose(linear(net, b.transpose(p, {0, 2, 3, 1}), heads), {0, 3, 1, 2});
  return b.matmul(p, v);
}

Value mask_causal(Net& net, const Value& scores, bool select) {
  auto& b = net.b;
  const std::int64_t n = scores.dim(-2), m = scores.dim(-1);
  const Shape square{1, 1, n, m};
  Value keep;  // true where a place may be seen; the engine folds all this into one constant
  if (b.opset() >= 14) {
    keep = b.cast(b.node("Trilu", {b.filled(square, 1.0F)}, {attr("upper", 0)}, square), onnx::DataType::boolean);
  } else {
    Ints rows, columns;
    for (std::int64_t i = 0; i < n; ++i) rows.push_back(i);
    for (std::int64_t i = 0; i < m; ++i) columns.push_back(i);
    keep = b.compare("GreaterOrEqual", b.int_tensor(rows, {1, 1, n, 1}), b.int_tensor(columns, {1, 1, 1, m}));
  }
  if (select) return b.where(keep, scores, b.scalar(-10000.0F));
  return b.add(scores, b.where(keep, b.scalar(0.0F), b.scalar(-10000.0F)));
}

Value attention(Net& net, const Value& x, const AttentionSpec& s) {
  auto& b = net.b;
  const std::int64_t batch = x.dims[0], n = x.dims[1], c = x.dims[2];
  const std::int64_t h = s.heads;
  const std::int64_t d = s.head_dim > 0 ? s.head_dim : c / h;
  const std::int64_t dv = s.value_dim > 0 ? s.value_dim : d;
  const bool separate = s.source.has_value() || dv != d;
  std::int64_t form = s.form >= 0 ? s.form : net.rng.integer(0, batch == 1 ? 5 : 4);
  if (separate) form = 4;
  Value out;
  if (form == 5) {  // torch.nn.MultiheadAttention: [T,1,C]
    const Value y = b.reshape(linear(net, b.transpose(x, {1, 0, 2}), 3 * h * d, s.qkv_bias), {n, 1, 3, h * d});
    const Value split = b.squeeze(b.transpose(b.unsqueeze(y, {0}), {3, 1, 2, 0, 4}), {3});
    std::vector<Value> parts;
    for (int i = 0; i < 3; ++i) {
      const Value part = b.reshape(b.gather(split, 0, b.int_scalar(i)), {n, h, d});
      parts.push_back(b.reshape(b.transpose(part, {1, 0, 2}), {1, h, n, d}));
    }
    const Value y2 = dot_attention(net, parts[0], parts[1], parts[2], false, s.bias, s.talking);
    const Value flat = b.reshape(b.transpose(y2, {2, 0, 1, 3}), {n, h * d});
    if (!s.project) return b.reshape(flat, {1, n, h * d});
    return b.transpose(b.reshape(b.gemm(flat, c), {n, 1, c}), {1, 0, 2});
  }
  Value q, k, v;
  bool k_transposed = false;
  if (form <= 2) {  // one projection, [B,N,3,h,d] -> [3,B,h,N,d]
    const Value y = b.reshape(linear(net, x, 3 * h * d, s.qkv_bias), {batch, n, 3, h, d});
    const Value all = b.transpose(y, {2, 0, 3, 1, 4});
    if (form == 0) {
      q = b.gather(all, 0, b.int_scalar(0));
      k = b.gather(all, 0, b.int_scalar(1));
      v = b.gather(all, 0, b.int_scalar(2));
    } else if (form == 1) {
      const auto parts = b.split(all, 0, 3);
      q = b.squeeze(parts[0], {0});
      k = b.squeeze(parts[1], {0});
      v = b.squeeze(parts[2], {0});
    } else {
      q = b.squeeze(b.slice(all, 0, 0, 1), {0});
      k = b.squeeze(b.slice(all, 0, 1, 2), {0});
      v = b.squeeze(b.slice(all, 0, 2, 3), {0});
    }
  } else if (form == 3) {  // one projection, split on the last axis
    const auto parts = b.split(linear(net, x, 3 * h * d, s.qkv_bias), -1, 3);
    const auto to_heads = [&](const Value& t) { return b.transpose(b.reshape(t, {batch, n, h, d}), {0, 2, 1, 3}); };
    q = to_heads(parts[0]);
    k = to_heads(parts[1]);
    v = to_heads(parts[2]);
  } else {  // three projections
    const Value& source = s.source ? *s.source : x;
    const std::int64_t m = source.dims[1];
    q = b.transpose(b.reshape(linear(net, x, h * d, s.qkv_bias), {batch, n, h, d}), {0, 2, 1, 3});
    const Value kk = b.reshape(linear(net, source, h * d, s.qkv_bias), {batch, m, h, d});
    k_transposed = net.rng.chance(0.6);
    k = b.transpose(kk, k_transposed ? Ints{0, 2, 3, 1} : Ints{0, 2, 1, 3});
    v = b.transpose(b.reshape(linear(net, source, h * dv, s.qkv_bias), {batch, m, h, dv}), {0, 2, 1, 3});
  }
  const Value y = dot_attention(net, q, k, v, k_transposed, s.bias, s.talking);
  out = b.reshape(b.transpose(y, {0, 2, 1, 3}), {batch, n, h * dv});
  return s.project ? linear(net, out, c) : out;
}

Value transformer_block(Net& net, const Value& x, const AttentionSpec& s, double ratio, Act a, bool post_norm) {
  auto& b = net.b;
  const std::int64_t c = x.dim(-1);
  const auto hidden = std::max<std::int64_t>(4, std::llround(static_cast<double>(c) * ratio));
  if (post_norm) {
    const Value y = layer_norm(net, b.add(attention(net, x, s), x));
    return layer_norm(net, b.add(mlp(net, y, hidden, a), y));
  }
  Value y = attention(net, layer_norm(net, x), s);
  const bool scaled = net.rng.chance(0.15);
  if (scaled) y = layer_scale(net, y, {c});
  y = b.add(x, y);
  Value z = mlp(net, layer_norm(net, y), hidden, a);
  if (scaled) z = layer_scale(net, z, {c});
  return b.add(y, z);
}

Value tokens_of(Net& net, const Value& map) {
  const std::int64_t n = map.dims[0], c = map.dims[1];
  return net.b.transpose(net.b.reshape(map, {n, c, -1}), {0, 2, 1});
}

Value map_of(Net& net, const Value& tokens, std::int64_t h, std::int64_t w) {
  const std::int64_t n = tokens.dims[0], c = tokens.dims[2];
  if (net.rng.chance(0.3)) return net.b.transpose(net.b.reshape(tokens, {n, h, w, c}), {0, 3, 1, 2});
  return net.b.reshape(net.b.transpose(tokens, {0, 2, 1}), {n, c, h, w});
}

Value to_last(Net& net, const Value& map) { return net.b.transpose(map, {0, 2, 3, 1}); }
Value to_first(Net& net, const Value& map) { return net.b.transpose(map, {0, 3, 1, 2}); }

Value unfold(Net& net, const Value& map, std::int64_t kernel, std::int64_t stride) {
  auto& b = net.b;
  const auto indices = [&](std::int64_t size) {
    const std::int64_t places = (size - kernel) / stride + 1;
    Ints all;
    for (std::int64_t k = 0; k < kernel; ++k)
      for (std::int64_t p = 0; p < places; ++p) all.push_back(p * stride + k);
    return b.int_tensor(all, {kernel, places});
  };
  const Value rows = b.gather(map, 2, indices(map.dims[2]));   // [1,C,k,P,W]
  const Value both = b.gather(rows, 4, indices(map.dims[3]));  // [1,C,k,P,k,Q]
  return b.reshape(b.transpose(both, {0, 1, 2, 4, 3, 5}), {1, map.dims[1] * kernel * kernel, -1});
}

Value channel_shuffle(Net& net, const Value& x, std::int64_t groups) {
  auto& b = net.b;
  const std::int64_t n = x.dims[0], c = x.dims[1], h = x.dims[2], w = x.dims[3];
  return b.reshape(b.transpose(b.reshape(x, {n, groups, c / groups, h, w}), {0, 2, 1, 3, 4}), {n, c, h, w});
}

// -------------------------------------------------------------------------------------------------------------- ends

Value image_stem(Net& net, std::int64_t out, Act a) {
  auto& b = net.b;
  auto& rng = net.rng;
  const std::int64_t side = net.side(32, 320);
  const std::int64_t other = rng.chance(0.12) ? std::max<std::int64_t>(16, side * 3 / 4) : side;
  const Value image = b.input({1, rng.chance(0.85) ? 3 : rng.pick({1, 1, 1, 2, 4, 6}), std::max<std::int64_t>(side, 16),
                               std::max<std::int64_t>(other, 16)});
  switch (rng.integer(0, 7)) {
    case 0:
      return b.max_pool(conv_bn(net, image, {.out = out, .kernel = 7, .stride = 2}, a),
                        {.kernel = 3, .stride = 2, .pad = 1});
    case 1:
      return conv_bn(net, image, {.out = out, .kernel = 3, .stride = 2}, a);
    case 2: {
      Value y = conv_bn(net, image, {.out = net.grid(static_cast<double>(out) / 2), .kernel = 3, .stride = 2}, a);
      y = conv_bn(net, y, {.out = net.grid(static_cast<double>(out) / 2), .kernel = 3}, a);
      y = conv_bn(net, y, {.out = out, .kernel = 3}, a);
      return rng.chance(0.6) ? b.max_pool(y, {.kernel = 3, .stride = 2, .pad = 1}) : y;
    }
    case 3: {
      const std::int64_t p = rng.pick({2, 4, 4, 8});
      return conv_bn(net, image, {.out = out, .kernel = p, .stride = p, .pads = Pads{}},
                     rng.chance(0.5) ? a : Act::none);
    }
    case 4: {
      const Value y = conv_bn(net, image, {.out = out, .kernel = 11, .stride = 4, .pads = Pads{2, 2, 2, 2}}, a);
      return rng.chance(0.5) && y.dims[2] > 6 ? b.max_pool(y, {.kernel = 3, .stride = 2}) : y;
    }
    case 5: {
      const Value y = conv_bn(net, image, {.out = out, .kernel = rng.pick({3, 3, 5, 9})}, a);
      return rng.chance(0.4) ? conv_bn(net, y, {.out = out, .kernel = 3}, a) : y;
    }
    case 6: {  // TensorFlow's SAME padding
      const Value padded = b.pad(image, {0, 0, 0, 0, 0, 0, 1, 1});
      return conv_bn(net, padded, {.out = out, .kernel = 3, .stride = 2, .pads = Pads{}}, a);
    }
    default: {
      const std::int64_t k = rng.pick({5, 6, 7});
      return conv_bn(net, image, {.out = out, .kernel = k, .stride = 2}, a);
    }
  }
}

Value feature_map(Net& net, std::int64_t channel_low, std::int64_t channel_high, std::int64_t side_low,
                  std::int64_t side_high, std::int64_t unit) {
  const std::int64_t c = net.width(channel_low, channel_high);
  const std::int64_t h = unit > 1 ? net.side_multiple(unit, side_low, side_high) : net.side(side_low, side_high);
  const std::int64_t w = net.rng.chance(0.15) ? std::max<std::int64_t>(1, h * 3 / 4 / unit) * unit : h;
  const Value x = net.b.input({1, c, h, w});
  return net.rng.chance(0.5) ? net.b.unary("Relu", x) : x;
}

Value image_or_map(Net& net, std::int64_t channel_low, std::int64_t channel_high, double image_share) {
  if (net.knobs.start < image_share) {
    const Act a = modern_act(net);
    return image_stem(
        net, net.width(std::max<std::int64_t>(8, channel_low / 2), std::max<std::int64_t>(16, channel_high / 4)), a);
  }
  return feature_map(net, channel_low, channel_high, 5, 72);
}

Value token_input(Net& net, std::int64_t side, std::int64_t dim) {
  auto& b = net.b;
  auto& rng = net.rng;
  Value x;
  if (rng.chance(0.5)) {
    const std::int64_t patch = rng.pick({4, 8, 14, 16, 16, 16, 32});
    const Value image = b.input({1, 3, side * patch, side * patch});
    const Value map = b.conv(image, {.out = dim, .kernel = patch, .stride = patch, .pads = Pads{}});
    x = tokens_of(net, map);
  } else {
    x = b.input({1, side * side, dim});
  }
  const double extra = rng.uniform();
  if (extra < 0.6) {
    Value token = b.weight({1, 1, dim}, 0.5F);
    if (rng.chance(0.5)) token = b.expand(token, {1, 1, dim});
    x = extra < 0.5 ? b.concat({token, x}, 1) : b.concat({token, b.weight({1, rng.integer(1, 4), dim}, 0.5F), x}, 1);
  }
  if (rng.chance(0.85)) x = b.add(x, b.weight({1, x.dims[1], dim}, 0.5F));
  return x;
}

Value classifier(Net& net, const Value& flat) {
  auto& rng = net.rng;
  const double u = rng.uniform();
  std::int64_t classes = 1000;
  if (u < 0.25)
    classes = rng.log_integer(2, 3000);
  else if (u < 0.35)
    classes = rng.pick({10, 100, 365, 525});
  else if (u < 0.375 && flat.dim(-1) <= 768)
    classes = rng.pick({11221, 21841, 21843});
  Value x = flat;
  const Value y = linear(net, x, classes);
  return rng.chance(0.15) ? net.b.softmax(y, 1) : y;
}

Value map_head(Net& net, const Value& x) {
  auto& b = net.b;
  auto& rng = net.rng;
  const std::int64_t c = x.dims[1];
  switch (rng.integer(0, 11)) {
    case 0:
      return b.flatten(pool_1x1(net, conv(net, x, {.out = rng.pick({10, 100, 1000})}, Act::relu)));
    case 1: {  // MobileNetV3
      const Value y = conv(net, pool_1x1(net, pointwise(net, x, net.grid(static_cast<double>(c) * 3), Act::hswish)),
                           {.out = net.grid(static_cast<double>(c) * 4)}, Act::hswish);
      return classifier(net, b.flatten(y));
    }
    case 2: {
      const Value y = pointwise(net, x, net.grid(static_cast<double>(c) * rng.log_uniform(1.3, 4)),
                                rng.pick({Act::relu6, Act::silu, Act::relu}));
      return classifier(net, b.flatten(pool_1x1(net, y)));
    }
    case 3:
      return classifier(net, b.reduce("ReduceMean", x, rng.chance(0.5) ? Ints{2, 3} : Ints{-2, -1}, false));
    case 4: {
      const Value y = layer_norm_2d(net, pool_1x1(net, x), rng.chance(0.4));
      return classifier(net, b.flatten(y));
    }
    case 5: {
      const Value y = b.flatten(b.global_max_pool(x));
      return classifier(net, act(net, linear(net, y, net.grid(static_cast<double>(c))), Act::relu));
    }
    case 6: {
      if (x.dims[2] < 4 || x.elements() > 30000) break;
      Value y = b.flatten(x);
      return classifier(net, act(net, linear(net, y, rng.log_integer(16, 512)), Act::relu));
    }
    case 7: {
      if (x.dims[2] < 7 || x.dims[3] < 7) break;
      const Value y = b.avg_pool(x, {.kernel = 7, .stride = 7});
      return y.elements() > 16000 ? y : classifier(net, b.flatten(y));
    }
    case 8:
      return x;
    default:
      break;
  }
  const Value pooled = pool_1x1(net, x);
  return classifier(net, rng.chance(0.7) ? b.flatten(pooled) : b.reshape(pooled, {1, c}));
}

Value token_head(Net& net, const Value& x) {
  auto& b = net.b;
  auto& rng = net.rng;
  const Value y = rng.chance(0.85) ? layer_norm(net, x) : x;
  switch (rng.integer(0, 3)) {
    case 0:
      return classifier(net, b.reduce("ReduceMean", y, {1}, false));
    case 1:
      return classifier(net, b.gather(y, 1, b.int_scalar(0)));
    case 2:
      return classifier(net, b.squeeze(b.slice(y, 1, 0, 1), {1}));
    default:
      if (y.dims[1] < 3) return y;
      return classifier(net, b.reduce("ReduceMean", b.slice(y, 1, 1, y.dims[1]), {1}, false));
  }
}

}  // namespace latcast::carriers
