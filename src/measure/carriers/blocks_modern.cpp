// Convolutional networks after the transformer's plan: large depthwise kernels, channels-last norms, token mixers.
#include <algorithm>
#include <array>

#include "measure/carriers/families.h"

namespace latcast::carriers {

namespace {

Value patch_or_map(Net& net, std::int64_t low, std::int64_t high) {
  const std::int64_t c = net.width(low, high);
  if (net.knobs.start < 0.5) {
    const std::int64_t p = net.pick({4, 4, 4, 7, 8});
    const std::int64_t side = std::max<std::int64_t>(p * 2, net.side_multiple(p, 32, 256));
    const Value x = net.conv(net.input({1, 3, side, side}), {.out = c, .kernel = p, .stride = p, .pads = Pads{}});
    return net.chance(0.6) ? layer_norm_2d(net, x, net.chance(0.4)) : x;
  }
  const std::int64_t side = net.side(5, 80);
  return net.input({1, c, side, side});
}

/// A strided convolution between stages.
Value downsample(Net& net, const Value& x, bool norm, bool by_axis) {
  if (!roomy(x, 4)) return x;
  const Value y = norm ? layer_norm_2d(net, x, by_axis) : x;
  const std::int64_t k = net.pick({2, 2, 3});
  return net.conv(
      y, {.out = net.grid(x.dims[1], 2), .kernel = k, .stride = 2, .pads = k == 2 ? Pads{} : Pads{1, 1, 1, 1}});
}

/// Global response normalization over [N,H,W,C] (ConvNeXt V2).
Value response_norm(Net& net, const Value& x) {
  const Value g = net.reduce("ReduceL2", x, {1, 2}, true);
  const Value n = net.div(g, net.add(net.mean(g, {-1}), 1e-6F));
  const Value scaled =
      net.add(net.weight({1, 1, 1, x.dim(-1)}, 0.1F), net.mul(net.filled({1, 1, 1, x.dim(-1)}, 0.5F), net.mul(x, n)));
  return net.add(x, scaled);
}

void convnext(Net& net) {
  Value x = patch_or_map(net, 32, 512);
  const int blocks = net.depth(2, 4);
  const bool v2 = net.chance(0.25);
  const Act a = net.pick({Act::gelu, Act::gelu, Act::gelu, Act::relu, Act::silu});
  for (int i = 0; i < blocks; ++i) {
    const std::int64_t c = x.dims[1];
    const std::int64_t k = net.kernel({7, 7, 3, 5, 9, 11});
    Value y = net.conv(x, {.out = c, .kernel = k, .groups = c});
    y = layer_norm(net, to_last(net, y));
    const std::int64_t hidden = c * net.pick({2, 3, 4, 4});
    y = act(net, linear(net, y, hidden), a);
    if (v2) y = response_norm(net, y);
    y = linear(net, y, c);
    if (!v2 && net.chance(0.7)) y = layer_scale(net, y, {c});
    y = to_first(net, y);
    x = net.chance(0.5) ? net.add(x, y) : net.add(y, x);
    if (i + 1 < blocks && net.chance(0.4)) x = downsample(net, x, true, false);
  }
  map_head(net, x);
}

/// ConvNeXt on [N,C,H,W]: 1x1 convolutions and a norm over axis 1.
void convnext_2d(Net& net) {
  Value x = patch_or_map(net, 32, 384);
  const int blocks = net.depth(1, 3);
  const bool transposing = net.chance(0.4);
  for (int i = 0; i < blocks; ++i) {
    const std::int64_t c = x.dims[1];
    Value y = net.conv(x, {.out = c, .kernel = net.kernel({7, 3, 5, 9}), .groups = c});
    y = layer_norm_2d(net, y, !transposing);
    y = conv(net, y, {.out = c * net.pick({2, 4, 4})}, Act::gelu);
    y = net.conv(y, {.out = c});
    if (net.chance(0.7)) y = net.mul(y, net.weight({1, c, 1, 1}, 0.3F));
    x = net.add(x, y);
    if (i + 1 < blocks && net.chance(0.4)) x = downsample(net, x, true, !transposing);
  }
  map_head(net, x);
}

/// GELU or ReLU before BatchNormalization: the norm survives.
void convmixer(Net& net) {
  const Act a = net.pick({Act::gelu, Act::gelu, Act::relu, Act::silu});
  const std::int64_t c = net.width(64, 1024);
  Value x;
  if (net.knobs.start < 0.6) {
    const std::int64_t p = net.pick({1, 2, 4, 7, 8, 14});
    const std::int64_t side = net.side(6, 32);
    x = net.batch_norm(act(
        net, net.conv(net.input({1, 3, side * p, side * p}), {.out = c, .kernel = p, .stride = p, .pads = Pads{}}), a));
  } else {
    const std::int64_t side = net.side(6, 32);
    x = net.input({1, c, side, side});
  }
  const int blocks = net.depth(2, 4);
  for (int i = 0; i < blocks; ++i) {
    const std::int64_t k = net.kernel({5, 7, 8, 9, 3, 15});
    const std::int64_t p = (k - 1) / 2;
    const Value y = net.conv(x, {.out = c, .kernel = k, .groups = c, .pads = Pads{p, p, k - 1 - p, k - 1 - p}});
    x = net.add(net.batch_norm(act(net, y, a)), x);
    x = net.batch_norm(act(net, net.conv(x, {.out = c}), a));
  }
  map_head(net, x);
}

/// Depthwise square, 1xk and kx1 kernels over channel groups; the rest untouched.
void inception_next(Net& net) {
  Value x = patch_or_map(net, 48, 512);
  const int blocks = net.depth(2, 4);
  for (int i = 0; i < blocks; ++i) {
    const std::int64_t c = x.dims[1];
    const std::int64_t g = part(c, 8);
    const std::int64_t band = net.kernel({11, 7, 9});
    const auto parts = net.split(x, 1, Ints{c - 3 * g, g, g, g});
    Value y = net.concat({parts[0], net.conv(parts[1], {.out = g, .kernel = 3, .groups = g}),
                          net.conv(parts[2], {.out = g, .kernel = {1, band}, .groups = g}),
                          net.conv(parts[3], {.out = g, .kernel = {band, 1}, .groups = g})},
                         1);
    y = net.batch_norm(y);
    y = conv(net, y, {.out = c * net.pick({3, 4, 4})}, Act::gelu);
    y = net.conv(y, {.out = c});
    y = net.mul(y, net.weight({1, c, 1, 1}, 0.3F));
    x = net.add(y, x);
    if (i + 1 < blocks && net.chance(0.4) && roomy(x, 4))
      x = net.conv(net.batch_norm(x), {.out = 2 * c, .kernel = 2, .stride = 2, .pads = Pads{}});
  }
  map_head(net, x);
}

/// PoolFormer and other MetaFormers.
void metaformer(Net& net) {
  Value x = patch_or_map(net, 32, 512);
  const int blocks = net.depth(2, 4);
  for (int i = 0; i < blocks; ++i) {
    const std::int64_t c = x.dims[1];
    const auto norm = [&](const Value& v) -> Value {
      switch (net.integer(0, 3)) {
        case 0:
          return layer_norm_2d(net, v, net.chance(0.5));
        case 1:
          return net.batch_norm(v);
        default:
          return group_norm(net, v, net.chance(0.8) ? 1 : divisor(c, 8));
      }
    };
    const Value u = norm(x);
    Value y;
    switch (net.integer(0, 4)) {
      case 0:
      case 1:
      case 2: {
        const std::int64_t k = net.kernel({3, 3, 5});
        y = net.sub(net.avg_pool(u, {.kernel = k, .stride = 1, .pad = k / 2, .count_include_pad = false}), u);
        break;
      }
      case 3: {  // separable convolution (ConvFormer), StarReLU
        Value z = net.conv(u, {.out = 2 * c, .bias = false});
        z = net.node("Relu", {z});
        z = net.add(net.mul(net.scalar(0.9F), net.mul(z, z)), net.scalar(-0.4F));
        z = net.conv(z, {.out = 2 * c, .kernel = 7, .groups = 2 * c, .bias = false});
        y = net.conv(z, {.out = c, .bias = false});
        break;
      }
      default:
        y = net.sub(net.conv(u, {.out = c, .kernel = 3, .groups = c}), u);
    }
    if (net.chance(0.6)) y = net.mul(y, net.filled({c, 1, 1}, 0.4F));
    x = net.add(x, y);
    Value z = conv(net, norm(x), {.out = c * net.pick({2, 4, 4})}, net.pick({Act::gelu, Act::gelu, Act::relu}));
    z = net.conv(z, {.out = c});
    x = net.add(net.chance(0.5) ? net.mul(x, net.filled({c, 1, 1}, 0.9F)) : x, net.mul(z, net.filled({c, 1, 1}, 0.4F)));
    if (i + 1 < blocks && net.chance(0.4)) x = downsample(net, x, net.chance(0.3), true);
  }
  map_head(net, x);
}

/// Focal modulation: hierarchical depthwise contexts, gates taken from slices.
void focalnet(Net& net) {
  Value x = patch_or_map(net, 32, 384);
  const bool last = net.chance(0.5);
  const int blocks = net.depth(1, 3);
  for (int i = 0; i < blocks; ++i) {
    const std::int64_t c = x.dims[1];
    const int levels = net.pick({2, 2, 3});
    const auto project = [&](const Value& in, std::int64_t out) {
      return last ? to_first(net, linear(net, to_last(net, in), out)) : net.conv(in, {.out = out});
    };
    const Value u = layer_norm_2d(net, x, !last && net.chance(0.5));
    const auto parts = net.split(project(u, 2 * c + levels + 1), 1, Ints{c, c, levels + 1});
    Value context = parts[1];
    Value all;
    for (int level = 0; level < levels; ++level) {
      context = act(net, net.conv(context, {.out = c, .kernel = 3 + 2 * level, .groups = c, .bias = false}), Act::gelu);
      const Value gated = net.mul(context, net.slice(parts[2], 1, level, level + 1));
      all = level == 0 ? gated : net.add(all, gated);
    }
    const Value global = act(net, net.mean(net.mean(context, {2}), {3}), Act::gelu);
    all = net.add(all, net.mul(global, net.slice(parts[2], 1, levels, levels + 1)));
    Value y = net.mul(parts[0], net.conv(all, {.out = c}));
    y = project(y, c);
    x = net.add(x, y);
    const Value v = layer_norm_2d(net, x, false);
    x = net.add(x, last ? to_first(net, mlp(net, to_last(net, v), 4 * c, Act::gelu))
                        : net.conv(conv(net, v, {.out = 4 * c}, Act::gelu), {.out = c}));
    if (i + 1 < blocks && net.chance(0.4)) x = downsample(net, x, false, false);
  }
  map_head(net, x);
}

/// Visual attention networks and large reparameterised kernels.
void large_kernel(Net& net) {
  Value x = patch_or_map(net, 32, 512);
  const int blocks = net.depth(2, 4);
  for (int i = 0; i < blocks; ++i) {
    const std::int64_t c = x.dims[1];
    Value y = net.batch_norm(x);
    if (net.chance(0.55)) {
      y = conv(net, y, {.out = c}, Act::gelu);
      Value attn = net.conv(y, {.out = c, .kernel = 5, .groups = c});
      if (net.chance(0.4)) {  // decomposed strips
        const std::int64_t k = net.pick({7, 11, 21});
        Value sum = attn;
        sum = net.add(sum, net.conv(net.conv(attn, {.out = c, .kernel = {1, k}, .groups = c}),
                                    {.out = c, .kernel = {k, 1}, .groups = c}));
        attn = sum;
      } else {
        attn = net.conv(attn, {.out = c, .kernel = net.kernel({7, 5}), .dilation = net.pick({2, 3}), .groups = c});
      }
      y = net.mul(net.conv(attn, {.out = c}), y);
      y = net.conv(y, {.out = c});
    } else {
      y = pointwise(net, y, c, Act::relu);
      const std::int64_t k = net.kernel({13, 9, 11, 15, 21, 27, 31});
      Value big = conv_bn(net, y, {.out = c, .kernel = k, .groups = c});
      if (net.chance(0.5)) big = net.add(big, conv_bn(net, y, {.out = c, .kernel = 5, .groups = c}));
      y = pointwise(net, act(net, big, Act::relu), c);
    }
    x = net.add(x, y);
    Value z = net.conv(net.batch_norm(x), {.out = c * net.pick({3, 4, 8})});
    if (net.chance(0.6)) z = net.conv(z, {.out = z.dims[1], .kernel = 3, .groups = z.dims[1]});
    z = net.conv(act(net, z, Act::gelu), {.out = c});
    x = net.add(x, net.mul(net.filled({c, 1, 1}, 0.4F), z));
    if (i + 1 < blocks && net.chance(0.4) && roomy(x, 6)) x = conv_bn(net, x, {.out = 2 * c, .kernel = 3, .stride = 2});
  }
  map_head(net, x);
}

/// An image whose places have become channels.
Value phases_stem(Net& net) {
  const std::int64_t side = net.side_multiple(4, 48, 224);
  const Value image = net.input({1, 3, side, side});
  if (net.chance(0.4)) return net.space_to_depth(image, net.pick({2, 4}));
  if (net.chance(0.5)) {
    const Value y = net.transpose(net.reshape(image, {1, 3, side / 4, 4, side / 4, 4}), {0, 3, 5, 1, 2, 4});
    return net.reshape(y, {1, 48, side / 4, side / 4});
  }
  std::vector<Value> parts;  // focus: four phases
  for (std::int64_t dx = 0; dx < 2; ++dx)
    for (std::int64_t dy = 0; dy < 2; ++dy)
      parts.push_back(net.slice(net.slice(image, 2, dy, side, 2), 3, dx, side, 2));
  return net.concat(parts, 1);
}

/// A gate on channels or places.
Value gate(Net& net, const Value& y) {
  const std::int64_t c = y.dims[1];
  switch (net.integer(0, 4)) {
    case 0: {  // efficient channel attention
      const Value pooled = net.mean(y, {2, 3}, false);
      const Value s =
          net.conv(net.reshape(pooled, {1, 1, c}), {.out = 1, .kernel = net.pick({3, 5, 7}), .bias = false});
      return net.mul(y, net.expand(net.reshape(net.node("Sigmoid", {s}), {1, c, 1, 1}), y.dims));
    }
    case 1: {  // global context
      Value s = net.reshape(net.conv(y, {.out = 1}), {1, 1, -1});
      s = net.unsqueeze(net.softmax(s, -1), {3});
      const Value context = net.matmul(net.unsqueeze(net.reshape(y, {1, c, -1}), {1}), s);
      Value g = net.reshape(context, {1, c, 1, 1});
      g = net.conv(g, {.out = part(c, 8, 8)});
      g = act(net, layer_norm_2d(net, g, net.chance(0.5)), Act::relu);
      g = net.conv(g, {.out = c});
      return net.chance(0.5) ? net.add(y, g) : net.mul(y, net.node("Sigmoid", {g}));
    }
    case 2: {  // channel and spatial (CBAM)
      const Value mean = net.mean(y, {2, 3}), peak = net.reduce("ReduceMax", y, {2, 3}, true);
      const std::int64_t r = part(c, 16, 4);
      const Value s = net.add(net.conv(conv(net, mean, {.out = r}, Act::relu), {.out = c}),
                              net.conv(conv(net, peak, {.out = r}, Act::relu), {.out = c}));
      const Value z = net.mul(y, net.node("Sigmoid", {s}));
      const Value place = net.concat({net.mean(z, {1}), net.reduce("ReduceMax", z, {1}, true)}, 1);
      return net.mul(z, net.node("Sigmoid", {net.conv(place, {.out = 1, .kernel = 7})}));
    }
    case 3: {  // coordinate attention
      const Value rows = net.mean(y, {3});
      const Value cols = net.transpose(net.mean(y, {2}), {0, 1, 3, 2});
      const Value both = conv_bn(net, net.concat({rows, cols}, 2), {.out = part(c, 32, 8)}, Act::hswish);
      const auto parts = net.split(both, 2, Ints{y.dims[2], y.dims[3]});
      const Value gh = net.node("Sigmoid", {net.conv(parts[0], {.out = c})});
      const Value gw = net.node("Sigmoid", {net.conv(net.transpose(parts[1], {0, 1, 3, 2}), {.out = c})});
      return net.mul(net.mul(y, gw), gh);
    }
    default:
      return squeeze_excite(net, y, part(c, 8, 4), Act::relu, Act::sigmoid);
  }
}

/// Gates on channels and places other than squeeze-excite, anti-aliased strides, space-to-depth stems.
void gated_residual(Net& net) {
  const Act a = modern_act(net);
  Value x;
  if (net.knobs.start < 0.35) {
    x = phases_stem(net);
    x = conv_bn(net, x, {.out = net.width(24, 96), .kernel = 3}, a);
  } else {
    x = feature_map(net, 24, 512, 6, 64);
  }
  const int blocks = net.depth(2, 4);
  for (int i = 0; i < blocks; ++i) {
    const std::int64_t c = x.dims[1];
    Value y = conv_bn(net, x, {.out = c, .kernel = net.kernel({3, 3, 5})}, a);
    y = gate(net, y);
    x = act(net, net.add(y, x), a);
    if (roomy(x, 8) && net.chance(0.35)) {  // blur pool: a fixed depthwise kernel on a reflected border
      const Value padded = net.pad(x, {0, 0, 1, 1, 0, 0, 1, 1}, net.pick({"reflect", "reflect", "edge"}));
      x = net.conv(padded, {.out = c, .kernel = 3, .stride = 2, .groups = c, .bias = false, .pads = Pads{}});
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
