// Convolutional networks after the transformer's plan: large depthwise kernels, channels-last norms, token mixers.
#include <algorithm>
#include <array>

#include "measure/carriers/cnn_parts.h"
#include "measure/carriers/families.h"

namespace latcast::carriers {

namespace {

Value patch_or_map(Net& net, std::int64_t low, std::int64_t high) {
  const std::int64_t c = net.width(low, high);
  if (net.knobs.start < 0.5) {
    const std::int64_t p = net.rng.pick({4, 4, 4, 7, 8});
    const std::int64_t side = std::max<std::int64_t>(p * 2, net.side_multiple(p, 32, 256));
    const Value x = net.b.conv(net.b.input({1, 3, side, side}), {.out = c, .kernel = p, .stride = p, .pads = Pads{}});
    return net.rng.chance(0.6) ? layer_norm_2d(net, x, net.rng.chance(0.4)) : x;
  }
  const std::int64_t side = net.side(5, 80);
  return net.b.input({1, c, side, side});
}

/// A strided convolution between stages.
Value downsample(Net& net, const Value& x, bool norm, bool by_axis) {
  if (!roomy(x, 4)) return x;
  const Value y = norm ? layer_norm_2d(net, x, by_axis) : x;
  const std::int64_t k = net.rng.pick({2, 2, 3});
  return net.b.conv(y, {.out = net.grid(static_cast<double>(x.dims[1]) * 2),
                        .kernel = k,
                        .stride = 2,
                        .pads = k == 2 ? Pads{} : Pads{1, 1, 1, 1}});
}

/// Global response normalization over [N,H,W,C] (ConvNeXt V2).
Value response_norm(Net& net, const Value& x) {
  auto& b = net.b;
  const Value g = b.reduce("ReduceL2", x, {1, 2}, true);
  const Value n = b.div(g, b.add(b.reduce("ReduceMean", g, {-1}, true), 1e-6F));
  const Value scaled =
      b.add(b.weight({1, 1, 1, x.dim(-1)}, 0.1F), b.mul(b.filled({1, 1, 1, x.dim(-1)}, 0.5F), b.mul(x, n)));
  return b.add(x, scaled);
}

void convnext(Net& net) {
  auto& b = net.b;
  Value x = patch_or_map(net, 32, 512);
  const int blocks = net.depth(2, 4);
  const bool v2 = net.rng.chance(0.25);
  const Act a = net.rng.pick({Act::gelu, Act::gelu, Act::gelu, Act::relu, Act::silu});
  for (int i = 0; i < blocks; ++i) {
    const std::int64_t c = x.dims[1];
    const std::int64_t k = net.kernel({7, 7, 3, 5, 9, 11});
    Value y = b.conv(x, {.out = c, .kernel = k, .groups = c});
    y = layer_norm(net, to_last(net, y));
    const std::int64_t hidden = c * net.rng.pick({2, 3, 4, 4});
    y = act(net, linear(net, y, hidden), a);
    if (v2) y = response_norm(net, y);
    y = linear(net, y, c);
    if (!v2 && net.rng.chance(0.7)) y = layer_scale(net, y, {c});
    y = to_first(net, y);
    x = net.rng.chance(0.5) ? b.add(x, y) : b.add(y, x);
    if (i + 1 < blocks && net.rng.chance(0.4)) x = downsample(net, x, true, false);
  }
  map_head(net, x);
}

/// ConvNeXt on [N,C,H,W]: 1x1 convolutions and a norm over axis 1.
void convnext_2d(Net& net) {
  auto& b = net.b;
  Value x = patch_or_map(net, 32, 384);
  const int blocks = net.depth(1, 3);
  const bool transposing = net.rng.chance(0.4);
  for (int i = 0; i < blocks; ++i) {
    const std::int64_t c = x.dims[1];
    Value y = b.conv(x, {.out = c, .kernel = net.kernel({7, 3, 5, 9}), .groups = c});
    y = layer_norm_2d(net, y, !transposing);
    y = conv(net, y, {.out = c * net.rng.pick({2, 4, 4})}, Act::gelu);
    y = b.conv(y, {.out = c});
    if (net.rng.chance(0.7)) y = b.mul(y, b.weight({1, c, 1, 1}, 0.3F));
    x = b.add(x, y);
    if (i + 1 < blocks && net.rng.chance(0.4)) x = downsample(net, x, true, !transposing);
  }
  map_head(net, x);
}

/// GELU or ReLU before BatchNormalization: the norm survives.
void convmixer(Net& net) {
  auto& b = net.b;
  const Act a = net.rng.pick({Act::gelu, Act::gelu, Act::relu, Act::silu});
  const std::int64_t c = net.width(64, 1024);
  Value x;
  if (net.knobs.start < 0.6) {
    const std::int64_t p = net.rng.pick({1, 2, 4, 7, 8, 14});
    const std::int64_t side = net.side(6, 32);
    x = b.batch_norm(
        act(net, b.conv(b.input({1, 3, side * p, side * p}), {.out = c, .kernel = p, .stride = p, .pads = Pads{}}), a));
  } else {
    const std::int64_t side = net.side(6, 32);
    x = b.input({1, c, side, side});
  }
  const int blocks = net.depth(2, 4);
  for (int i = 0; i < blocks; ++i) {
    const std::int64_t k = net.kernel({5, 7, 8, 9, 3, 15});
    const std::int64_t p = (k - 1) / 2;
    const Value y = b.conv(x, {.out = c, .kernel = k, .groups = c, .pads = Pads{p, p, k - 1 - p, k - 1 - p}});
    x = b.add(b.batch_norm(act(net, y, a)), x);
    x = b.batch_norm(act(net, b.conv(x, {.out = c}), a));
  }
  map_head(net, x);
}

/// Depthwise square, 1xk and kx1 kernels over channel groups; the rest untouched.
void inception_next(Net& net) {
  auto& b = net.b;
  Value x = patch_or_map(net, 48, 512);
  const int blocks = net.depth(2, 4);
  for (int i = 0; i < blocks; ++i) {
    const std::int64_t c = x.dims[1];
    const std::int64_t g = std::max<std::int64_t>(1, c / 8);
    const std::int64_t band = net.kernel({11, 7, 9});
    const auto parts = b.split(x, 1, Ints{c - 3 * g, g, g, g});
    Value y = b.concat({parts[0], b.conv(parts[1], {.out = g, .kernel = 3, .groups = g}),
                        b.conv(parts[2], {.out = g, .kernel = {1, band}, .groups = g}),
                        b.conv(parts[3], {.out = g, .kernel = {band, 1}, .groups = g})},
                       1);
    y = b.batch_norm(y);
    y = conv(net, y, {.out = c * net.rng.pick({3, 4, 4})}, Act::gelu);
    y = b.conv(y, {.out = c});
    y = b.mul(y, b.weight({1, c, 1, 1}, 0.3F));
    x = b.add(y, x);
    if (i + 1 < blocks && net.rng.chance(0.4) && roomy(x, 4))
      x = b.conv(b.batch_norm(x), {.out = 2 * c, .kernel = 2, .stride = 2, .pads = Pads{}});
  }
  map_head(net, x);
}

/// PoolFormer and other MetaFormers.
void metaformer(Net& net) {
  auto& b = net.b;
  Value x = patch_or_map(net, 32, 512);
  const int blocks = net.depth(2, 4);
  for (int i = 0; i < blocks; ++i) {
    const std::int64_t c = x.dims[1];
    const auto norm = [&](const Value& v) -> Value {
      switch (net.rng.integer(0, 3)) {
        case 0:
          return layer_norm_2d(net, v, net.rng.chance(0.5));
        case 1:
          return b.batch_norm(v);
        default:
          return group_norm(net, v, net.rng.chance(0.8) ? 1 : divisor(c, 8));
      }
    };
    const Value u = norm(x);
    Value y;
    switch (net.rng.integer(0, 4)) {
      case 0:
      case 1:
      case 2: {
        const std::int64_t k = net.kernel({3, 3, 5});
        y = b.sub(b.avg_pool(u, {.kernel = k, .stride = 1, .pad = k / 2, .count_include_pad = false}), u);
        break;
      }
      case 3: {  // separable convolution (ConvFormer), StarReLU
        Value z = b.conv(u, {.out = 2 * c, .bias = false});
        z = b.unary("Relu", z);
        z = b.add(b.mul(b.scalar(0.9F), b.mul(z, z)), b.scalar(-0.4F));
        z = b.conv(z, {.out = 2 * c, .kernel = 7, .groups = 2 * c, .bias = false});
        y = b.conv(z, {.out = c, .bias = false});
        break;
      }
      default:
        y = b.sub(b.conv(u, {.out = c, .kernel = 3, .groups = c}), u);
    }
    if (net.rng.chance(0.6)) y = b.mul(y, b.filled({c, 1, 1}, 0.4F));
    x = b.add(x, y);
    Value z = conv(net, norm(x), {.out = c * net.rng.pick({2, 4, 4})}, net.rng.pick({Act::gelu, Act::gelu, Act::relu}));
    z = b.conv(z, {.out = c});
    x = b.add(net.rng.chance(0.5) ? b.mul(x, b.filled({c, 1, 1}, 0.9F)) : x, b.mul(z, b.filled({c, 1, 1}, 0.4F)));
    if (i + 1 < blocks && net.rng.chance(0.4)) x = downsample(net, x, net.rng.chance(0.3), true);
  }
  map_head(net, x);
}

/// Focal modulation: hierarchical depthwise contexts, gates taken from slices.
void focalnet(Net& net) {
  auto& b = net.b;
  Value x = patch_or_map(net, 32, 384);
  const bool last = net.rng.chance(0.5);
  const int blocks = net.depth(1, 3);
  for (int i = 0; i < blocks; ++i) {
    const std::int64_t c = x.dims[1];
    const int levels = net.rng.pick({2, 2, 3});
    const auto project = [&](const Value& in, std::int64_t out) {
      return last ? to_first(net, linear(net, to_last(net, in), out)) : b.conv(in, {.out = out});
    };
    const Value u = layer_norm_2d(net, x, !last && net.rng.chance(0.5));
    const auto parts = b.split(project(u, 2 * c + levels + 1), 1, Ints{c, c, levels + 1});
    Value context = parts[1];
    Value all;
    for (int level = 0; level < levels; ++level) {
      context = act(net, b.conv(context, {.out = c, .kernel = 3 + 2 * level, .groups = c, .bias = false}), Act::gelu);
      const Value gated = b.mul(context, b.slice(parts[2], 1, level, level + 1));
      all = level == 0 ? gated : b.add(all, gated);
    }
    const Value global =
        act(net, b.reduce("ReduceMean", b.reduce("ReduceMean", context, {2}, true), {3}, true), Act::gelu);
    all = b.add(all, b.mul(global, b.slice(parts[2], 1, levels, levels + 1)));
    Value y = b.mul(parts[0], b.conv(all, {.out = c}));
    y = project(y, c);
    x = b.add(x, y);
    const Value v = layer_norm_2d(net, x, false);
    x = b.add(x, last ? to_first(net, mlp(net, to_last(net, v), 4 * c, Act::gelu))
                      : b.conv(conv(net, v, {.out = 4 * c}, Act::gelu), {.out = c}));
    if (i + 1 < blocks && net.rng.chance(0.4)) x = downsample(net, x, false, false);
  }
  map_head(net, x);
}

/// Visual attention networks and large reparameterised kernels.
void large_kernel(Net& net) {
  auto& b = net.b;
  Value x = patch_or_map(net, 32, 512);
  const int blocks = net.depth(2, 4);
  for (int i = 0; i < blocks; ++i) {
    const std::int64_t c = x.dims[1];
    Value y = b.batch_norm(x);
    if (net.rng.chance(0.55)) {
      y = conv(net, y, {.out = c}, Act::gelu);
      Value attn = b.conv(y, {.out = c, .kernel = 5, .groups = c});
      if (net.rng.chance(0.4)) {  // decomposed strips
        const std::int64_t k = net.rng.pick({7, 11, 21});
        Value sum = attn;
        sum = b.add(sum, b.conv(b.conv(attn, {.out = c, .kernel = {1, k}, .groups = c}),
                                {.out = c, .kernel = {k, 1}, .groups = c}));
        attn = sum;
      } else {
        attn = b.conv(attn, {.out = c, .kernel = net.kernel({7, 5}), .dilation = net.rng.pick({2, 3}), .groups = c});
      }
      y = b.mul(b.conv(attn, {.out = c}), y);
      y = b.conv(y, {.out = c});
    } else {
      y = pointwise(net, y, c, Act::relu);
      const std::int64_t k = net.kernel({13, 9, 11, 15, 21, 27, 31});
      Value big = conv_bn(net, y, {.out = c, .kernel = k, .groups = c});
      if (net.rng.chance(0.5)) big = b.add(big, conv_bn(net, y, {.out = c, .kernel = 5, .groups = c}));
      y = pointwise(net, act(net, big, Act::relu), c);
    }
    x = b.add(x, y);
    Value z = b.conv(b.batch_norm(x), {.out = c * net.rng.pick({3, 4, 8})});
    if (net.rng.chance(0.6)) z = b.conv(z, {.out = z.dims[1], .kernel = 3, .groups = z.dims[1]});
    z = b.conv(act(net, z, Act::gelu), {.out = c});
    x = b.add(x, b.mul(b.filled({c, 1, 1}, 0.4F), z));
    if (i + 1 < blocks && net.rng.chance(0.4) && roomy(x, 6))
      x = conv_bn(net, x, {.out = 2 * c, .kernel = 3, .stride = 2});
  }
  map_head(net, x);
}

/// Gates on channels and places other than squeeze-excite, anti-aliased strides, space-to-depth stems.
void gated_residual(Net& net) {
  auto& b = net.b;
  const Act a = modern_act(net);
  Value x;
  if (net.knobs.start < 0.35) {
    const std::int64_t side = net.side_multiple(4, 48, 224);
    const Value image = b.input({1, 3, side, side});
    if (net.rng.chance(0.4)) {
      x = b.space_to_depth(image, net.rng.pick({2, 4}));
    } else if (net.rng.chance(0.5)) {
      const Value y = b.transpose(b.reshape(image, {1, 3, side / 4, 4, side / 4, 4}), {0, 3, 5, 1, 2, 4});
      x = b.reshape(y, {1, 48, side / 4, side / 4});
    } else {  // focus: four phases
      std::vector<Value> parts;
      for (std::int64_t dx = 0; dx < 2; ++dx)
        for (std::int64_t dy = 0; dy < 2; ++dy)
          parts.push_back(b.slice(b.slice(image, 2, dy, side, 2), 3, dx, side, 2));
      x = b.concat(parts, 1);
    }
    x = conv_bn(net, x, {.out = net.width(24, 96), .kernel = 3}, a);
  } else {
    x = feature_map(net, 24, 512, 6, 64);
  }
  const int blocks = net.depth(2, 4);
  for (int i = 0; i < blocks; ++i) {
    const std::int64_t c = x.dims[1];
    Value y = conv_bn(net, x, {.out = c, .kernel = net.kernel({3, 3, 5})}, a);
    switch (net.rng.integer(0, 4)) {
      case 0: {  // efficient channel attention
        const Value pooled = b.reduce("ReduceMean", y, {2, 3}, false);
        const Value s =
            b.conv1d(b.reshape(pooled, {1, 1, c}), {.out = 1, .kernel = net.rng.pick({3, 5, 7}), .bias = false});
        y = b.mul(y, b.expand(b.reshape(b.unary("Sigmoid", s), {1, c, 1, 1}), y.dims));
        break;
      }
      case 1: {  // global context
        Value s = b.reshape(b.conv(y, {.out = 1}), {1, 1, -1});
        s = b.unsqueeze(b.softmax(s, -1), {3});
        const Value context = b.matmul(b.unsqueeze(b.reshape(y, {1, c, -1}), {1}), s);
        Value g = b.reshape(context, {1, c, 1, 1});
        g = b.conv(g, {.out = std::max<std::int64_t>(8, c / 8)});
        g = act(net, layer_norm_2d(net, g, net.rng.chance(0.5)), Act::relu);
        g = b.conv(g, {.out = c});
        y = net.rng.chance(0.5) ? b.add(y, g) : b.mul(y, b.unary("Sigmoid", g));
        break;
      }
      case 2: {  // channel and spatial (CBAM)
        const Value mean = b.reduce("ReduceMean", y, {2, 3}, true), peak = b.reduce("ReduceMax", y, {2, 3}, true);
        const std::int64_t r = std::max<std::int64_t>(4, c / 16);
        const Value s = b.add(b.conv(conv(net, mean, {.out = r}, Act::relu), {.out = c}),
                              b.conv(conv(net, peak, {.out = r}, Act::relu), {.out = c}));
        y = b.mul(y, b.unary("Sigmoid", s));
        const Value place = b.concat({b.reduce("ReduceMean", y, {1}, true), b.reduce("ReduceMax", y, {1}, true)}, 1);
        y = b.mul(y, b.unary("Sigmoid", b.conv(place, {.out = 1, .kernel = 7})));
        break;
      }
      case 3: {  // coordinate attention
        const Value rows = b.reduce("ReduceMean", y, {3}, true);
        const Value cols = b.transpose(b.reduce("ReduceMean", y, {2}, true), {0, 1, 3, 2});
        const Value both =
            conv_bn(net, b.concat({rows, cols}, 2), {.out = std::max<std::int64_t>(8, c / 32)}, Act::hswish);
        const auto parts = b.split(both, 2, Ints{y.dims[2], y.dims[3]});
        const Value gh = b.unary("Sigmoid", b.conv(parts[0], {.out = c}));
        const Value gw = b.unary("Sigmoid", b.conv(b.transpose(parts[1], {0, 1, 3, 2}), {.out = c}));
        y = b.mul(b.mul(y, gw), gh);
        break;
      }
      default:
        y = squeeze_excite(net, y, std::max<std::int64_t>(4, c / 8), Act::relu, Act::sigmoid);
    }
    x = act(net, b.add(y, x), a);
    if (roomy(x, 8) && net.rng.chance(0.35)) {  // blur pool: a fixed depthwise kernel on a reflected border
      const Value padded = b.pad(x, {0, 0, 1, 1, 0, 0, 1, 1},
                                 net.rng.pick({std::string("reflect"), std::string("reflect"), std::string("edge")}));
      x = b.conv(padded, {.out = c, .kernel = 3, .stride = 2, .groups = c, .bias = false, .pads = Pads{}});
    }
  }
  map_head(net, x);
}

constexpr std::array kFamilies{
    Family{"convnext", FamilyKind::modern, 1.5, 0.8, convnext},
    Family{"convnext_2d", FamilyKind::modern, 1.0, 0.6, convnext_2d},
    Family{"convmixer", FamilyKind::modern, 0.9, 1.0, convmixer},
    Family{"inception_next", FamilyKind::modern, 0.8, 0.8, inception_next},
    Family{"metaformer", FamilyKind::modern, 1.2, 0.7, metaformer},
    Family{"focalnet", FamilyKind::modern, 0.8, 0.6, focalnet},
    Family{"large_kernel", FamilyKind::modern, 1.0, 0.7, large_kernel},
    Family{"gated_residual", FamilyKind::modern, 1.2, 0.8, gated_residual},
};

}  // namespace

std::span<const Family> modern_families() { return kFamilies; }

}  // namespace latcast::carriers
