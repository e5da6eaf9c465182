// Vision transformers: global, windowed, spatially reduced, channel-wise and convolutional attention.
#include <algorithm>
#include <array>
#include <cmath>

#include "measure/carriers/families.h"

namespace latcast::carriers {

namespace {

Act mlp_act(Net& net) {
  return net.pick({Act::gelu, Act::gelu, Act::gelu, Act::gelu, Act::gelu_tanh, Act::relu, Act::silu, Act::quick_gelu});
}

double mlp_ratio(Net& net) { return net.pick({2.0, 3.0, 4.0, 4.0, 4.0, 8.0 / 3.0}); }

/// An image or feature-map start for pyramids; the side is a multiple of `unit`.
Value pyramid_input(Net& net, std::int64_t dim, std::int64_t unit, std::int64_t low, std::int64_t high) {
  const std::int64_t side = net.side_multiple(unit, low, high);
  const std::int64_t other = net.chance(0.12) ? std::max<std::int64_t>(1, side / unit * 3 / 4) * unit : side;
  if (net.knobs.start < 0.5) {
    const std::int64_t p = net.pick({4, 4, 8, 16});
    return net.conv(net.input({1, 3, side * p, other * p}), {.out = dim, .kernel = p, .stride = p, .pads = Pads{}});
  }
  return net.input({1, dim, side, other});
}

void vit(Net& net) {
  const auto h = net.heads(48, 1024);
  const std::int64_t side = net.side(4, 26);
  Value x = token_input(net, side, h.dim());
  const int blocks = net.depth(1, 3);
  const Act a = mlp_act(net);
  const double ratio = mlp_ratio(net);
  for (int i = 0; i < blocks; ++i) {
    AttentionSpec s{.heads = h.count, .head_dim = h.width};
    if (net.chance(0.15)) s.bias = Bias::constant;
    s.qkv_bias = net.chance(0.85);
    x = transformer_block(net, x, s, ratio, a);
  }
  token_head(net, x);
}

/// DeiT III, CaiT: layer scale, talking heads, class attention.
void cait(Net& net) {
  const auto h = net.heads(64, 512);
  const std::int64_t c = h.dim();
  const std::int64_t side = net.side(4, 20);
  Value x = net.input({1, side * side, c});
  x = net.add(x, net.weight({1, side * side, c}, 0.3F));
  const auto blocks = net.integer(1, 2);
  for (int i = 0; i < blocks; ++i) {
    AttentionSpec s{.heads = h.count, .head_dim = h.width, .talking = net.chance(0.7)};
    Value y = layer_scale(net, attention(net, layer_norm(net, x), s), {c});
    x = net.add(x, y);
    x = net.add(x, layer_scale(net, mlp(net, layer_norm(net, x), 4 * c, Act::gelu), {c}));
  }
  Value cls = net.expand(net.weight({1, 1, c}, 0.5F), {1, 1, c});
  const auto class_blocks = net.integer(1, 2);
  for (int i = 0; i < class_blocks; ++i) {  // the class token alone asks
    const Value u = layer_norm(net, net.concat({cls, x}, 1));
    const Value first = net.chance(0.5) ? net.slice(u, 1, 0, 1) : net.unsqueeze(net.gather(u, 1, 0), {1});
    Value y = attention(net, first, {.heads = h.count, .head_dim = h.width, .form = 4, .source = u});
    cls = net.add(cls, layer_scale(net, y, {c}));
    cls = net.add(cls, layer_scale(net, mlp(net, layer_norm(net, cls), 4 * c, Act::gelu), {c}));
  }
  token_head(net, net.concat({cls, x}, 1));
}

/// Cross-covariance attention over channels, with local patch interaction.
void xcit(Net& net) {
  const auto h = net.heads(48, 512);
  const std::int64_t c = h.dim(), side = net.side(5, 28), n = side * side;
  Value x = net.input({1, n, c});
  const int blocks = net.depth(1, 2);
  for (int i = 0; i < blocks; ++i) {
    const Value u = layer_norm(net, x);
    const Value all = net.transpose(net.reshape(linear(net, u, 3 * c), {1, n, 3, h.count, h.width}), {2, 0, 3, 4, 1});
    Value q = net.gather(all, 0, 0);
    Value k = net.gather(all, 0, 1);
    const Value v = net.gather(all, 0, 2);
    q = l2_normalize(net, q, -1);
    k = l2_normalize(net, k, -1);
    Value s = net.mul(net.matmul(q, net.transpose(k, {0, 1, 3, 2})), net.filled({h.count, 1, 1}, 1.1F));
    s = net.softmax(s, -1);
    Value y = net.reshape(net.transpose(net.matmul(s, v), {0, 3, 1, 2}), {1, n, c});
    y = linear(net, y, c);
    x = net.add(x, layer_scale(net, y, {c}));
    Value m = map_of(net, layer_norm(net, x), side, side);
    m = act(net, net.conv(m, {.out = c, .kernel = 3, .groups = c}), Act::gelu);
    m = net.conv(net.batch_norm(m), {.out = c, .kernel = net.kernel({3, 3, 5}), .groups = c});
    x = net.add(x, layer_scale(net, tokens_of(net, m), {c}));
    x = net.add(x, layer_scale(net, mlp(net, layer_norm(net, x), 4 * c, Act::gelu), {c}));
  }
  token_head(net, x);
}

/// Pooling transformer: tokens are pooled by strided depthwise convolutions between stages.
void pit(Net& net) {
  auto h = net.heads(32, 256);
  std::int64_t side = net.side(6, 28);
  Value map = net.input({1, h.dim(), side, side});
  Value cls = net.weight({1, 1, h.dim()}, 0.4F);
  for (int stage = 0; stage < 2; ++stage) {
    const std::int64_t c = map.dims[1];
    Value x = net.concat({cls, tokens_of(net, map)}, 1);
    x = transformer_block(net, x, {.heads = h.count, .head_dim = h.width}, mlp_ratio(net), mlp_act(net));
    cls = net.slice(x, 1, 0, 1);
    map = map_of(net, net.slice(x, 1, 1, x.dims[1]), side, side);
    if (stage == 1 || side < 4) break;
    h.count *= 2;
    map = net.conv(map, {.out = 2 * c, .kernel = 3, .stride = 2, .groups = c});
    cls = linear(net, cls, 2 * c);
    side = map.dims[2];
  }
  classifier(net, net.gather(layer_norm(net, cls), 1, net.int_scalar(0)));
}

/// LeViT: linear layers with BatchNormalization over [BN,C], biased attention, HardSwish.
void levit(Net& net) {
  const std::int64_t d = net.pick({16, 16, 32, 24});
  const std::int64_t heads =
      std::max<std::int64_t>(1, std::llround(net.width_scale * static_cast<double>(net.integer(2, 12))));
  std::int64_t side = net.side(4, 20);
  const std::int64_t c = heads * d * net.pick({1, 2});
  Value x = net.input({1, side * side, c});
  const auto linear_bn = [&](const Value& in, std::int64_t out) {
    const Value y = linear(net, in, out, false);
    const Value flat = net.flatten(y, 2);
    return net.reshape(net.batch_norm(flat), {1, in.dims[1], out});
  };
  const int blocks = net.depth(1, 3);
  const Act a = net.pick({Act::hswish, Act::hswish, Act::gelu});
  for (int i = 0; i < blocks; ++i) {
    const std::int64_t n = x.dims[1];
    const std::int64_t ratio = net.pick({2, 2, 4});
    if (net.chance(0.25) && side >= 6) {  // the queries of a coarser grid
      const std::int64_t less = (side + 1) / 2;
      const Value kv = net.reshape(linear_bn(x, heads * d * (1 + ratio)), {1, n, heads, d * (1 + ratio)});
      const auto parts = net.split(kv, 3, Ints{d, ratio * d});
      const Value grid = net.reshape(x, {1, side, side, c});
      const Value picked = net.reshape(net.slices(grid, {1, 2}, {0, 0}, {side, side}, {2, 2}), {1, less * less, c});
      const Value q = heads_of(net, linear_bn(picked, heads * d), heads, d);
      const Value y = dot_attention(net, q, net.transpose(parts[0], {0, 2, 3, 1}),
                                    net.transpose(parts[1], {0, 2, 1, 3}), true, Bias::constant);
      const Value flat = merge_heads(net, y);
      x = linear_bn(act(net, flat, a), c);
      side = less;
      continue;
    }
    const Value qkv = net.reshape(linear_bn(x, heads * d * (2 + ratio)), {1, n, heads, d * (2 + ratio)});
    const auto parts = net.split(qkv, 3, Ints{d, d, ratio * d});
    const Value y = dot_attention(net, net.transpose(parts[0], {0, 2, 1, 3}), net.transpose(parts[1], {0, 2, 3, 1}),
                                  net.transpose(parts[2], {0, 2, 1, 3}), true, Bias::constant);
    const Value flat = merge_heads(net, y);
    x = net.add(x, linear_bn(act(net, flat, a), c));
    x = net.add(x, linear_bn(act(net, linear_bn(x, 2 * c), a), c));
  }
  const Value pooled = net.mean(x, {1}, false);
  classifier(net, net.batch_norm(pooled));
}

/// [1,H,W,C] -> [1,H/2,W/2,4C] of a square map.
Value four_patches(Net& net, const Value& x) {
  const std::int64_t side = x.dims[1], c = x.dims[3];
  if (net.chance(0.6)) {
    std::vector<Value> parts;
    for (const auto& [top, left] : {std::pair{0, 0}, std::pair{1, 0}, std::pair{0, 1}, std::pair{1, 1}})
      parts.push_back(net.slice(net.slice(x, 1, top, side, 2), 2, left, side, 2));
    return net.concat(parts, -1);
  }
  const Value y = net.transpose(net.reshape(x, {1, side / 2, 2, side / 2, 2, c}), {0, 1, 3, 4, 2, 5});
  return net.reshape(y, {1, side / 2, side / 2, 4 * c});
}

/// Shifted windows, on [1,H,W,C] or on tokens.
void swin(Net& net) {
  auto h = net.heads(32, 512);
  const std::int64_t w = net.pick({4, 6, 7, 7, 7, 8, 8, 10, 12, 14});
  std::int64_t side =
      w * std::max<std::int64_t>(1, std::llround(net.spatial_scale * static_cast<double>(net.integer(1, 6)) * 7.0 /
                                                 static_cast<double>(w)));
  const bool on_map = net.chance(0.5);
  Value map = net.knobs.start < 0.4 ? net.conv(net.input({1, 3, side * 4, side * 4}),
                                               {.out = h.dim(), .kernel = 4, .stride = 4, .pads = Pads{}})
                                    : net.input({1, h.dim(), side, side});
  Value x = layer_norm(net, to_last(net, map));
  const int blocks = net.depth(2, 3);
  for (int i = 0; i < blocks; ++i) {
    const std::int64_t c = h.dim();
    const std::int64_t padded = (side + w - 1) / w * w;
    Value y = layer_norm(net, x);
    if (padded != side) y = net.pad(y, {0, 0, 0, 0, 0, padded - side, padded - side, 0});
    const bool shifted = i % 2 == 1 && padded > w;
    const std::int64_t by = w / 2;
    if (shifted)
      for (const int axis : {1, 2}) y = net.concat({net.slice(y, axis, by, padded), net.slice(y, axis, 0, by)}, axis);
    const std::int64_t n = padded / w;
    y = net.transpose(net.reshape(y, {1, n, w, n, w, c}), {0, 1, 3, 2, 4, 5});
    y = net.reshape(y, {n * n, w * w, c});
    y = attention(net, y,
                  {.heads = h.count, .head_dim = h.width, .bias = shifted ? Bias::windowed_mask : Bias::constant});
    y = net.transpose(net.reshape(y, {1, n, n, w, w, c}), {0, 1, 3, 2, 4, 5});
    y = net.reshape(y, {1, padded, padded, c});
    if (shifted)
      for (const int axis : {1, 2})
        y = net.concat({net.slice(y, axis, padded - by, padded), net.slice(y, axis, 0, padded - by)}, axis);
    if (padded != side) y = net.slices(y, {1, 2}, {0, 0}, {side, side});
    x = net.add(x, y);
    if (on_map) {
      x = net.add(x, mlp(net, layer_norm(net, x), 4 * c, Act::gelu));
    } else {
      Value t = net.reshape(x, {1, side * side, c});
      t = net.add(t, mlp(net, layer_norm(net, t), 4 * c, Act::gelu));
      x = net.reshape(t, {1, side, side, c});
    }
    if (i + 1 < blocks && side % 2 == 0 && side / 2 >= w && net.chance(0.5)) {  // patch merging
      const Value merged = four_patches(net, x);
      h.count *= 2;
      x = linear(net, layer_norm(net, merged), 2 * c, false);
      side /= 2;
    }
  }
  x = layer_norm(net, x);
  if (net.chance(0.5))
    classifier(net, net.flatten(net.node("GlobalAveragePool", {to_first(net, x)})));
  else
    classifier(net, net.mean(x, {1, 2}, false));
}

/// PVT and Twins: keys and values of a strided convolution, depthwise convolutions on tokens.
void pvt(Net& net) {
  const auto h = net.heads(32, 512);
  const std::int64_t c = h.dim();
  const std::int64_t r = net.pick({1, 2, 2, 4, 8});
  Value map = pyramid_input(net, c, r, 7, 80);
  std::int64_t hh = map.dims[2], ww = map.dims[3];
  Value x = layer_norm(net, tokens_of(net, map));
  const int blocks = net.depth(1, 3);
  for (int i = 0; i < blocks; ++i) {
    const Value u = layer_norm(net, x);
    Value source = u;
    if (r > 1) {
      Value reduced = map_of(net, u, hh, ww);
      if (net.chance(0.2))
        reduced = net.avg_pool(reduced, {.kernel = r, .stride = r});
      else
        reduced = net.conv(reduced, {.out = c, .kernel = r, .stride = r, .pads = Pads{}});
      source = layer_norm(net, tokens_of(net, reduced));
    }
    Value y;
    const std::int64_t m = source.dims[1];
    if (net.chance(0.5)) {  // keys and values from one projection
      const Value q = heads_of(net, linear(net, u, c), h.count, h.width);
      const Value kv =
          net.transpose(net.reshape(linear(net, source, 2 * c), {1, m, 2, h.count, h.width}), {2, 0, 3, 1, 4});
      const Value k = net.gather(kv, 0, 0);
      const Value v = net.gather(kv, 0, 1);
      y = dot_attention(net, q, k, v, false, Bias::none);
      y = linear(net, merge_heads(net, y), c);
    } else {
      y = attention(net, u, {.heads = h.count, .head_dim = h.width, .source = source});
    }
    x = net.add(x, y);
    const std::int64_t hidden = c * net.pick({2, 4, 4, 8});
    Value z = linear(net, layer_norm(net, x), hidden);
    if (net.chance(0.6))
      z = tokens_of(net, net.conv(map_of(net, z, hh, ww), {.out = hidden, .kernel = 3, .groups = hidden}));
    x = net.add(x, linear(net, act(net, z, Act::gelu), c));
    if (net.chance(0.3)) {  // positional encoding generator
      const Value m2 = map_of(net, x, hh, ww);
      x = tokens_of(net, net.add(net.conv(m2, {.out = c, .kernel = 3, .groups = c}), m2));
    }
  }
  if (net.chance(0.5))
    token_head(net, x);
  else
    map_head(net, map_of(net, layer_norm(net, x), hh, ww));
}

/// Twins' locally grouped attention and MaxViT's windows and grids.
void grid_attention(Net& net) {
  const auto h = net.heads(32, 384);
  const std::int64_t c = h.dim();
  const std::int64_t w = net.pick({4, 5, 6, 7, 7, 8, 12});
  const std::int64_t n =
      std::max<std::int64_t>(1, std::llround(net.spatial_scale * static_cast<double>(net.integer(1, 6))));
  const std::int64_t side = w * n;
  Value map = net.input({1, c, side, side});
  if (net.chance(0.6)) {  // MBConv first
    const Value y =
        pointwise(net,
                  depthwise(net, pointwise(net, net.chance(0.5) ? net.batch_norm(map) : map, 4 * c, Act::gelu_tanh), 3,
                            1, Act::gelu_tanh),
                  4 * c);
    map = net.add(map, net.conv(squeeze_excite(net, y, part(c, 4, 4), Act::silu, Act::sigmoid), {.out = c}));
  }
  Value x = to_last(net, map);
  const int blocks = net.depth(1, 2);
  for (int i = 0; i < blocks; ++i) {
    const bool grid = i % 2 == 1;
    Value y = layer_norm(net, x);
    if (grid)
      y = net.transpose(net.reshape(y, {1, w, n, w, n, c}), {0, 2, 4, 1, 3, 5});
    else
      y = net.transpose(net.reshape(y, {1, n, w, n, w, c}), {0, 1, 3, 2, 4, 5});
    y = net.reshape(y, {n * n, w * w, c});
    y = attention(net, y, {.heads = h.count, .head_dim = h.width, .bias = net.pick({Bias::constant, Bias::none})});
    if (grid)
      y = net.transpose(net.reshape(y, {1, n, n, w, w, c}), {0, 3, 1, 4, 2, 5});
    else
      y = net.transpose(net.reshape(y, {1, n, n, w, w, c}), {0, 1, 3, 2, 4, 5});
    x = net.add(x, net.reshape(y, {1, side, side, c}));
    x = net.add(x, mlp(net, layer_norm(net, x), 4 * c, net.pick({Act::gelu, Act::gelu_tanh})));
  }
  map_head(net, to_first(net, x));
}

/// CrossViT: two scales that exchange class tokens.
void crossvit(Net& net) {
  const auto h1 = net.heads(32, 256);
  const auto h2 = net.heads(64, 448);
  const std::int64_t s1 = net.side(6, 24), s2 = std::max<std::int64_t>(3, s1 * 2 / 3);
  std::array<Value, 2> x{net.input({1, s1 * s1 + 1, h1.dim()}), net.input({1, s2 * s2 + 1, h2.dim()})};
  const std::array<Net::Heads, 2> h{h1, h2};
  for (std::size_t i = 0; i < 2; ++i)
    x[i] = transformer_block(net, x[i], {.heads = h[i].count, .head_dim = h[i].width}, mlp_ratio(net), Act::gelu);
  for (std::size_t i = 0; i < 2; ++i) {
    const Value& other = x[1 - i];
    Value cls = net.slice(x[i], 1, 0, 1);
    cls = linear(net, act(net, layer_norm(net, cls), Act::gelu), h[1 - i].dim());
    const Value tokens = net.concat({cls, net.slice(other, 1, 1, other.dims[1])}, 1);
    const Value u = layer_norm(net, tokens);
    const Value first = net.slice(u, 1, 0, 1);
    Value y = net.add(cls, attention(net, first, {.heads = h[1 - i].count, .head_dim = h[1 - i].width, .source = u}));
    y = linear(net, act(net, layer_norm(net, y), Act::gelu), h[i].dim());
    classifier(net, net.gather(layer_norm(net, net.concat({y, net.slice(x[i], 1, 1, x[i].dims[1])}, 1)), 1,
                               net.int_scalar(0)));
  }
}

/// TNT: small transformers inside the tokens (batched small attention).
void tnt(Net& net) {
  const auto outer = net.heads(64, 512);
  const std::int64_t inner = net.pick({12, 16, 24, 32, 40}), inner_heads = net.pick({1, 2, 4});
  const std::int64_t side = net.side(4, 16), n = side * side, m = net.pick({4, 9, 16, 16});
  Value pixels;
  if (net.chance(0.5)) {  // pixel embeddings from the image, unfolded
    const std::int64_t root = m == 4 ? 2 : (m == 9 ? 3 : 4);
    const Value map =
        net.conv(net.input({1, 3, side * root * 4, side * root * 4}), {.out = inner, .kernel = 7, .stride = 4});
    const Value places = net.reshape(unfold(net, map, root, root), {1, inner, m, n});
    pixels = net.reshape(net.transpose(places, {0, 3, 2, 1}), {n, m, inner});
  } else {
    pixels = net.input({n, m, inner});
  }
  Value patches = net.input({1, n + 1, outer.dim()});
  const int blocks = net.depth(1, 2);
  for (int i = 0; i < blocks; ++i) {
    pixels = transformer_block(net, pixels, {.heads = inner_heads, .head_dim = inner / inner_heads}, 4, Act::gelu);
    const Value flat = net.reshape(layer_norm(net, pixels), {1, n, m * inner});
    const Value added = net.add(net.slice(patches, 1, 1, n + 1), linear(net, flat, outer.dim()));
    patches = net.concat({net.slice(patches, 1, 0, 1), added}, 1);
    patches = transformer_block(net, patches, {.heads = outer.count, .head_dim = outer.width}, 4, Act::gelu);
  }
  token_head(net, patches);
}

/// VOLO: attention weights are predicted per place and applied to a 3x3 neighbourhood.
void outlook(Net& net) {
  const auto h = net.heads(48, 384);
  const std::int64_t c = h.dim(), side = 2 * net.side(3, 14), half = side / 2;
  Value x = net.input({1, side, side, c});
  const int blocks = net.depth(1, 2);
  for (int i = 0; i < blocks; ++i) {
    const Value u = layer_norm(net, x);
    const Value v = to_first(net, linear(net, u, c, false));
    const Value padded = net.pad(v, {0, 0, 1, 1, 0, 0, 1, 1});
    Value k;
    if (net.chance(0.5)) {
      k = unfold(net, padded, 3, 2);
    } else {  // nine strided slices
      std::vector<Value> places;
      for (std::int64_t dy = 0; dy < 3; ++dy)
        for (std::int64_t dx = 0; dx < 3; ++dx)
          places.push_back(net.unsqueeze(net.slices(padded, {2, 3}, {dy, dx}, {dy + side, dx + side}, {2, 2}), {2}));
      k = net.concat(places, 2);  // [1,c,9,half,half]
    }
    k = net.transpose(net.reshape(k, {1, h.count, h.width, 9, half * half}), {0, 1, 4, 3, 2});
    const Value pooled =
        to_last(net, net.avg_pool(to_first(net, u), {.kernel = 2, .stride = 2, .ceil_mode = net.chance(0.5)}));
    Value a = net.reshape(linear(net, pooled, 81 * h.count), {1, half * half, h.count, 9, 9});
    a = net.softmax(net.mul(net.transpose(a, {0, 2, 1, 3, 4}), 0.25F), -1);
    const Value y = net.matmul(a, k);  // [1,heads,half*half,9,d]
    Value folded = net.mean(net.reshape(net.transpose(y, {0, 2, 1, 4, 3}), {half * half, c, 9}), {2}, false);
    folded = to_first(net, net.reshape(folded, {1, half, half, c}));
    folded = net.resize(folded, {.mode = "nearest", .size = {side, side}, .by_scales = true});
    x = net.add(x, linear(net, to_last(net, folded), c));
    x = net.add(x, mlp(net, layer_norm(net, x), 3 * c, Act::gelu));
  }
  map_head(net, to_first(net, x));
}

/// Gated positional attention (ConViT), sums of two softmaxes.
void convit(Net& net) {
  const auto h = net.heads(48, 432);
  const std::int64_t c = h.dim(), side = net.side(4, 16), n = side * side;
  Value x = net.add(net.input({1, n, c}), net.weight({1, n, c}, 0.3F));
  const int blocks = net.depth(1, 2);
  for (int i = 0; i < blocks; ++i) {
    const Value u = layer_norm(net, x);
    const Value qk =
        net.transpose(net.reshape(linear(net, u, 2 * c, false), {1, n, 2, h.count, h.width}), {2, 0, 3, 1, 4});
    const Value q = net.gather(qk, 0, 0), k = net.gather(qk, 0, 1);
    Value pos =
        net.transpose(linear(net, net.expand(net.weight({1, n, n, 3}, 1.0F), {1, n, n, 3}), h.count), {0, 3, 1, 2});
    Value p = net.softmax(net.mul(net.matmul(q, net.transpose(k, {0, 1, 3, 2})), 0.2F), -1);
    pos = net.softmax(pos, -1);
    const Value gate = net.filled({1, h.count, 1, 1}, 0.4F);
    Value a = net.add(net.mul(net.sub(net.scalar(1.0F), gate), p), net.mul(gate, pos));
    if (net.chance(0.6)) a = net.div(a, net.reduce("ReduceSum", a, {-1}, true));
    const Value v = heads_of(net, linear(net, u, c, false), h.count, h.width);
    x = net.add(x, linear(net, merge_heads(net, net.matmul(a, v)), c));
    x = net.add(x, mlp(net, layer_norm(net, x), 4 * c, Act::gelu));
  }
  token_head(net, x);
}

/// Factorised attention with a convolutional relative position (CoaT), softmax over tokens.
void coat(Net& net) {
  const auto h = net.heads(32, 320);
  const std::int64_t c = h.dim(), side = net.side(5, 28), n = side * side;
  Value x = net.input({1, n + 1, c});
  const int blocks = net.depth(1, 2);
  for (int i = 0; i < blocks; ++i) {
    const Value cls = net.slice(x, 1, 0, 1);
    Value m = map_of(net, net.slice(x, 1, 1, n + 1), side, side);
    m = net.add(net.conv(m, {.out = c, .kernel = 3, .groups = c}), m);
    x = net.concat({cls, tokens_of(net, m)}, 1);
    const Value u = layer_norm(net, x);
    const Value all =
        net.transpose(net.reshape(linear(net, u, 3 * c), {1, n + 1, 3, h.count, h.width}), {2, 0, 3, 1, 4});
    const Value q = net.gather(all, 0, 0), k = net.gather(all, 0, 1), v = net.gather(all, 0, 2);
    const Value kv = net.matmul(net.transpose(net.softmax(k, 2), {0, 1, 3, 2}), v);
    const Value factor = net.matmul(q, kv);
    Value vi = net.slice(v, 2, 1, n + 1);
    vi = net.reshape(net.transpose(vi, {0, 1, 3, 2}), {1, c, side, side});
    const std::int64_t c3 = part(c, 4);
    const auto parts = net.split(vi, 1, Ints{c3, c - c3});
    const Value conved =
        net.concat({net.conv(parts[0], {.out = c3, .kernel = 3, .groups = c3}),
                    net.conv(parts[1], {.out = c - c3, .kernel = net.kernel({5, 7}), .groups = c - c3})},
                   1);
    const Value rel = net.transpose(net.reshape(conved, {1, h.count, h.width, n}), {0, 1, 3, 2});
    const Value weighted = net.pad(net.mul(net.slice(q, 2, 1, n + 1), rel), {0, 0, 1, 0, 0, 0, 0, 0});
    Value y = net.add(net.mul(factor, 0.25F), weighted);
    y = linear(net, merge_heads(net, y), c);
    x = net.add(x, y);
    x = net.add(x, mlp(net, layer_norm(net, x), 4 * c, Act::gelu));
  }
  token_head(net, x);
}

constexpr std::array kFamilies{
    Family{"vit", FamilyKind::attention, 2.0, 1.0, vit},
    Family{"cait", FamilyKind::attention, 0.9, 0.5, cait},
    Family{"xcit", FamilyKind::attention, 0.9, 0.6, xcit},
    Family{"pit", FamilyKind::attention, 0.8, 0.8, pit},
    Family{"levit", FamilyKind::attention, 0.9, 0.7, levit},
    Family{"swin", FamilyKind::attention, 1.5, 0.7, swin},
    Family{"pvt", FamilyKind::attention, 1.3, 0.8, pvt},
    Family{"grid_attention", FamilyKind::attention, 1.0, 0.7, grid_attention},
    Family{"crossvit", FamilyKind::attention, 0.8, 0.8, crossvit},
    Family{"tnt", FamilyKind::attention, 0.7, 0.6, tnt},
    Family{"outlook", FamilyKind::attention, 0.6, 0.5, outlook},
    Family{"convit", FamilyKind::attention, 0.7, 0.6, convit},
    Family{"coat", FamilyKind::attention, 0.8, 0.6, coat},
};

}  // namespace

std::span<const Family> attention_families() { return kFamilies; }

}  // namespace latcast::carriers
