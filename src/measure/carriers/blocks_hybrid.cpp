// Networks of convolution and attention together.
#include <algorithm>
#include <array>
#include <cmath>

#include "measure/carriers/families.h"

namespace latcast::carriers {

namespace {

/// An inverted residual in front, as most hybrids have.
Value mb_block(Net& net, const Value& x, std::int64_t out, std::int64_t stride, Act a, bool se) {
  const std::int64_t mid = net.grid(x.dims[1], net.pick({2.0, 4.0, 4.0}));
  Value y = depthwise(net, pointwise(net, x, mid, a), 3, stride, a);
  if (se) y = squeeze_excite(net, y, part(mid, 8, 4), Act::relu, Act::sigmoid);
  y = pointwise(net, y, out);
  return y.dims == x.dims ? net.add(x, y) : y;
}

/// Attention over the places of a map, with 1x1 convolutions as projections; optional relative logits.
void botnet(Net& net) {
  const Act a = net.pick({Act::relu, Act::silu});
  Value x = feature_map(net, 64, 768, 5, 22);
  const int blocks = net.depth(1, 3);
  for (int i = 0; i < blocks; ++i) {
    const std::int64_t h = x.dims[2], w = x.dims[3], n = h * w;
    const std::int64_t d = net.pick({16, 16, 32, 32, 64}), heads = std::max<std::int64_t>(1, x.dims[1] / 4 / d);
    Value y = pointwise(net, x, heads * d, a);
    const auto parts = net.split(net.conv(y, {.out = 3 * heads * d, .bias = false}), 1, 3);
    const Value q = net.transpose(net.reshape(parts[0], {heads, d, n}), {0, 2, 1});
    const Value k = net.reshape(parts[1], {heads, d, n});
    const Value v = net.transpose(net.reshape(parts[2], {heads, d, n}), {0, 2, 1});
    Value s = net.mul(net.matmul(q, k), 1.0F / std::sqrt(static_cast<float>(d)));
    if (net.chance(0.7)) {  // relative positions: rows and columns, shifted by padding and slicing
      const auto relative = [&](const Value& query, std::int64_t rows, std::int64_t cols) {
        const Value logits =
            net.matmul(net.reshape(query, {heads * rows, cols, d}), net.weight({d, 2 * cols - 1}, 0.2F));
        Value z = net.reshape(logits, {heads * rows, cols, 2 * cols - 1});
        z = net.pad(z, {0, 0, 0, 0, 0, 1});
        z = net.pad(net.reshape(z, {heads * rows, cols * 2 * cols}), {0, 0, 0, cols - 1});
        z = net.reshape(z, {heads * rows, cols + 1, 2 * cols - 1});
        z = net.slices(z, {1, 2}, {0, cols - 1}, {cols, 2 * cols - 1});
        return net.expand(net.reshape(z, {heads, rows, 1, cols, cols}), {heads, rows, rows, cols, cols});
      };
      const Value rw = net.reshape(net.transpose(relative(q, h, w), {0, 1, 3, 2, 4}), {heads, n, n});
      const Value qt = net.reshape(net.transpose(net.reshape(q, {heads, h, w, d}), {0, 2, 1, 3}), {heads, n, d});
      const Value rh = net.reshape(net.transpose(relative(qt, w, h), {0, 3, 1, 4, 2}), {heads, n, n});
      s = net.add(s, net.add(rw, rh));
    }
    y = net.matmul(net.softmax(s, -1), v);
    y = net.reshape(net.transpose(y, {0, 2, 1}), {1, heads * d, h, w});
    y = pointwise(net, act(net, net.batch_norm(y), a), x.dims[1]);
    x = act(net, net.add(y, x), a);
  }
  map_head(net, x);
}

/// Attention within blocks of a map that see a border around them.
void halo(Net& net) {
  const std::int64_t block = net.pick({4, 7, 8}), border = net.pick({1, 2, 3}), win = block + 2 * border;
  const std::int64_t n =
      std::max<std::int64_t>(1, std::llround(net.spatial_scale * static_cast<double>(net.integer(1, 4))));
  const std::int64_t side = block * n, d = net.pick({8, 16, 32}), heads = std::max<std::int64_t>(1, net.width(2, 12));
  const std::int64_t c = heads * d;
  Value x = net.input({1, c, side, side});
  x = conv_bn(net, x, {.out = c, .kernel = 3}, Act::silu);
  Value q = net.conv(x, {.out = c, .bias = false});
  q = net.transpose(net.reshape(q, {heads, d, n, block, n, block}), {0, 2, 4, 3, 5, 1});
  q = net.reshape(q, {heads, n * n, block * block, d});
  const Value kv = net.pad(net.conv(x, {.out = 2 * c, .bias = false}), {0, 0, border, border, 0, 0, border, border});
  std::int64_t count = 0;
  Value all;
  if (net.chance(0.5)) {
    count = n * n;
    all = net.reshape(unfold(net, kv, win, block), {heads, 2 * d, win * win, count});
    all = net.transpose(all, {0, 1, 3, 2});
  } else {
    std::vector<Value> windows;
    for (std::int64_t i = 0; i < n && i < 3; ++i)
      for (std::int64_t j = 0; j < n && j < 3; ++j)
        windows.push_back(
            net.unsqueeze(net.slices(kv, {2, 3}, {i * block, j * block}, {i * block + win, j * block + win}), {2}));
    count = static_cast<std::int64_t>(windows.size());
    all = net.reshape(windows.size() > 1 ? net.concat(windows, 2) : windows[0], {heads, 2 * d, count, win * win});
  }
  const auto parts = net.split(net.transpose(all, {0, 2, 3, 1}), -1, Ints{d, d});
  if (count != n * n) q = net.slice(q, 1, 0, count);
  Value y = dot_attention(net, q, parts[0], parts[1], false, Bias::none);
  y = net.transpose(net.reshape(y, {heads, count, block * block, d}), {0, 3, 1, 2});
  map_head(net, conv(net, net.reshape(y, {1, c, count, block * block}), {.out = c}, Act::silu));
}

/// CvT and CoAtNet: convolutional projections or biased attention over the pooled map.
void conv_attention(Net& net) {
  Value x = image_or_map(net, 48, 384, 0.3);
  const Act a = net.pick({Act::gelu, Act::silu, Act::gelu_tanh});
  x = mb_block(net, x, x.dims[1], roomy(x, 8) ? 2 : 1, a, net.chance(0.6));
  while (x.dims[2] * x.dims[3] > 1200) x = net.max_pool(x, {.kernel = 2, .stride = 2});
  const int blocks = net.depth(1, 2);
  for (int i = 0; i < blocks; ++i) {
    const std::int64_t c = x.dims[1], h = x.dims[2], w = x.dims[3];
    const std::int64_t heads = net.heads_of(c), d = c / heads, n = h * w;
    if (net.chance(0.5)) {  // depthwise projections of q, k, v
      const Value u = net.chance(0.5) ? layer_norm_2d(net, x, false) : x;
      const std::int64_t s = roomy(x, 6) ? net.pick({1, 2}) : 1;
      const auto tokens = [&](std::int64_t stride) { return tokens_of(net, depthwise(net, u, 3, stride)); };
      const Value tq = tokens(1), tk = tokens(s), tv = tokens(s);
      const auto split = [&](const Value& t) { return heads_of(net, linear(net, t, heads * d), heads, d); };
      const Value q = split(tq), k = split(tk), v = split(tv);
      Value y = dot_attention(net, q, k, v, false, Bias::none);
      y = linear(net, merge_heads(net, y), c);
      Value t = net.add(tokens_of(net, x), y);
      t = net.add(t, mlp(net, layer_norm(net, t), 4 * c, Act::gelu));
      x = map_of(net, t, h, w);
    } else if (net.chance(0.4)) {  // channels first around a plain attention (FastViT)
      const Value u = net.batch_norm(x);
      const Value t = net.transpose(net.reshape(u, {1, c, n}), {0, 2, 1});
      const Value y =
          attention(net, t, {.heads = heads, .head_dim = d, .form = net.pick({0, 1, 2}), .qkv_bias = false});
      x = net.add(x, net.mul(net.filled({c, 1, 1}, 0.4F), net.reshape(net.transpose(y, {0, 2, 1}), {1, c, h, w})));
      Value z = conv_bn(net, x, {.out = c, .kernel = 7, .groups = c});
      z = net.conv(conv(net, z, {.out = 4 * c}, Act::gelu), {.out = c});
      x = net.add(x, net.mul(net.filled({c, 1, 1}, 0.4F), z));
    } else {
      Value t = tokens_of(net, x);
      const double ratio = net.pick({2.0, 4.0});
      t = transformer_block(net, t, {.heads = heads, .head_dim = d, .bias = Bias::constant}, ratio, a);
      x = map_of(net, t, h, w);
    }
    if (i + 1 < blocks && roomy(x, 6)) x = mb_block(net, x, net.grid(c, 1.5), 2, a, true);
  }
  map_head(net, x);
}

void mobilevit(Net& net) {
  const Act a = Act::silu;
  const std::int64_t patch = net.pick({2, 2, 2, 4});
  Value x;
  if (net.knobs.start < 0.3) {
    const std::int64_t side = net.side_multiple(patch * 4, 48, 200);
    x = conv_bn(net, net.input({1, 3, side, side}), {.out = net.width(12, 48), .kernel = 3, .stride = 2}, a);
    x = mb_block(net, x, net.grid(x.dims[1], 1.5), 2, a, false);
  } else {
    x = feature_map(net, 32, 256, 6, 40, patch);
  }
  const int blocks = net.depth(1, 2);
  for (int i = 0; i < blocks; ++i) {
    const std::int64_t c = x.dims[1], h = x.dims[2], w = x.dims[3], p = patch;
    const std::int64_t hd = net.pick({16, 24, 32, 36}), heads = net.pick({2, 4, 4}), d = hd * heads;
    if (h % p != 0 || w % p != 0) break;
    const std::int64_t n = (h / p) * (w / p);
    Value y = conv_bn(net, x, {.out = c, .kernel = 3, .groups = net.chance(0.5) ? c : 1}, a);
    y = net.conv(y, {.out = d, .bias = false});
    if (net.chance(0.6)) {  // unfold into [p*p, patches, d]
      Value t = net.transpose(net.reshape(y, {d * (h / p), p, w / p, p}), {0, 2, 1, 3});
      t = net.transpose(net.reshape(t, {1, d, n, p * p}), {0, 3, 2, 1});
      t = net.reshape(t, {p * p, n, d});
      const auto inner = net.integer(1, 2);
      for (int k = 0; k < inner; ++k)
        t = transformer_block(net, t, {.heads = heads, .head_dim = hd, .form = k == 0 ? 0 : 3}, 2, a);
      t = net.reshape(layer_norm(net, t), {1, p * p, n, d});
      t = net.reshape(net.transpose(t, {0, 3, 2, 1}), {d * (h / p), w / p, p, p});
      y = net.reshape(net.transpose(t, {0, 2, 1, 3}), {1, d, h, w});
      y = conv_bn(net, y, {.out = c}, a);
      x = net.chance(0.6) ? conv_bn(net, net.concat({x, y}, 1), {.out = c, .kernel = 3}, a) : net.add(x, y);
    } else {  // separable self-attention over unfolded maps
      Value t = net.transpose(net.reshape(y, {1, d, h / p, p, w / p, p}), {0, 1, 3, 5, 2, 4});
      t = net.reshape(t, {1, d, p * p, n});
      const Value u = group_norm(net, t, 1);
      const auto parts = net.split(net.conv(u, {.out = 1 + 2 * d}), 1, Ints{1, d, d});
      const Value context = net.reduce("ReduceSum", net.mul(parts[1], net.softmax(parts[0], -1)), {-1}, true);
      Value z = net.mul(net.node("Relu", {parts[2]}), net.expand(context, parts[2].dims));
      t = net.add(t, net.conv(z, {.out = d}));
      z = net.conv(conv(net, group_norm(net, t, 1), {.out = 2 * d}, a), {.out = d});
      t = net.add(t, z);
      t = net.transpose(net.reshape(t, {1, d, p, p, h / p, w / p}), {0, 1, 4, 2, 5, 3});
      x = net.add(x, conv_bn(net, net.reshape(t, {1, d, h, w}), {.out = c}));
    }
    if (i + 1 < blocks && h % (2 * p) == 0 && w % (2 * p) == 0) x = mb_block(net, x, net.grid(c, 1.4), 2, a, false);
  }
  map_head(net, x);
}

/// EdgeNeXt: split depthwise convolutions, then channel attention.
void edgenext(Net& net) {
  Value x = feature_map(net, 48, 320, 6, 40);
  const int blocks = net.depth(1, 2);
  for (int i = 0; i < blocks; ++i) {
    const std::int64_t h = x.dims[2], w = x.dims[3];
    const std::int64_t ways = net.integer(2, 4), heads = net.pick({4, 8});
    const std::int64_t unit = ways * heads;
    const std::int64_t c = std::max<std::int64_t>(1, x.dims[1] / unit) * unit;
    if (c != x.dims[1]) x = net.conv(x, {.out = c});
    const auto parts = net.split(x, 1, static_cast<int>(ways));
    std::vector<Value> outs;
    Value y;
    for (std::int64_t k = 0; k + 1 < ways; ++k) {
      const Value& p = parts[static_cast<std::size_t>(k)];
      y = net.conv(k == 0 ? p : net.add(y, p), {.out = c / ways, .kernel = 3, .groups = c / ways});
      outs.push_back(y);
    }
    outs.push_back(parts.back());
    Value t = net.transpose(net.reshape(net.concat(outs, 1), {1, c, h * w}), {0, 2, 1});
    const std::int64_t n = h * w, d = c / heads;
    const Value all =
        net.transpose(net.reshape(linear(net, layer_norm(net, t), 3 * c), {1, n, 3, heads, d}), {2, 0, 3, 4, 1});
    const auto qkv = net.split(all, 0, 3);
    const Value q = l2_normalize(net, net.squeeze(qkv[0], {0}), -1),
                k = l2_normalize(net, net.squeeze(qkv[1], {0}), -1);
    Value s = net.mul(net.matmul(q, net.transpose(k, {0, 1, 3, 2})), net.filled({heads, 1, 1}, 1.2F));
    s = net.matmul(net.softmax(s, -1), net.squeeze(qkv[2], {0}));
    const Value a = linear(net, net.reshape(net.transpose(s, {0, 3, 1, 2}), {1, n, c}), c);
    t = net.add(t, layer_scale(net, a, {c}));
    Value z = net.reshape(t, {1, h, w, c});
    z = layer_scale(net, mlp(net, layer_norm(net, z), 4 * c, Act::gelu), {c});
    x = net.add(x, to_first(net, z));
    Value l = to_last(net, net.conv(x, {.out = c, .kernel = net.kernel({3, 5, 7, 9}), .groups = c}));
    l = mlp(net, layer_norm(net, l), 4 * c, Act::gelu);
    x = net.add(x, to_first(net, layer_scale(net, l, {c})));
    if (i + 1 < blocks && roomy(x, 6))
      x = net.conv(layer_norm_2d(net, x, net.chance(0.5)),
                   {.out = net.grid(c, 1.7), .kernel = 2, .stride = 2, .pads = Pads{}});
  }
  map_head(net, x);
}

/// Pooling blocks on maps, then attention with wide values on tokens.
void efficientformer(Net& net) {
  Value x = image_or_map(net, 24, 256, 0.4);
  const auto conv_blocks = net.integer(1, 2);
  for (int i = 0; i < conv_blocks; ++i) {
    const std::int64_t c = x.dims[1];
    Value y = net.sub(net.avg_pool(x, {.kernel = 3, .stride = 1, .pad = 1, .count_include_pad = false}), x);
    x = net.add(x, net.mul(y, net.filled({1, c, 1, 1}, 0.4F)));
    y = conv_bn(net, x, {.out = 4 * c}, Act::gelu);
    if (net.chance(0.4)) y = conv_bn(net, y, {.out = 4 * c, .kernel = 3, .groups = 4 * c}, Act::gelu);
    y = conv_bn(net, y, {.out = c});
    x = net.add(x, net.mul(y, net.filled({1, c, 1, 1}, 0.4F)));
    if (roomy(x, 8)) x = conv_bn(net, x, {.out = net.grid(c, 1.7), .kernel = 3, .stride = 2});
  }
  while (x.dims[2] * x.dims[3] > 500) x = conv_bn(net, x, {.out = x.dims[1], .kernel = 3, .stride = 2}, Act::relu);
  const std::int64_t c = x.dims[1];
  Value t = net.chance(0.5) ? net.transpose(net.flatten(net.squeeze(x, {0}), 1), {1, 0}) : Value{};
  t = t.none() ? tokens_of(net, x) : net.unsqueeze(t, {0});
  const std::int64_t heads = net.pick({4, 8}), d = net.pick({16, 32}), dv = 4 * d;
  const auto blocks = net.integer(1, 2);
  for (int i = 0; i < blocks; ++i) {
    const Value qkv = heads_of(net, linear(net, layer_norm(net, t), heads * (2 * d + dv)), heads, 2 * d + dv);
    const auto parts = net.split(qkv, 3, Ints{d, d, dv});
    Value y = dot_attention(net, parts[0], parts[1], parts[2], false, Bias::constant);
    y = linear(net, merge_heads(net, y), c);
    t = net.add(t, layer_scale(net, y, {c}));
    t = net.add(t, layer_scale(net, mlp(net, layer_norm(net, t), 4 * c, Act::gelu), {c}));
  }
  token_head(net, t);
}

/// Linear attention with ReLU kernels over several scales (EfficientViT), and cascaded small heads.
void linear_attention(Net& net) {
  Value x = image_or_map(net, 24, 256, 0.3);
  const Act a = net.pick({Act::hswish, Act::hswish, Act::relu, Act::silu});
  const int blocks = net.depth(1, 2);
  for (int i = 0; i < blocks; ++i) {
    const std::int64_t h = x.dims[2], w = x.dims[3], n = h * w;
    const std::int64_t d = net.pick({8, 16, 16, 32});
    const std::int64_t heads = std::max<std::int64_t>(1, x.dims[1] / d);
    if (net.chance(0.6)) {
      const Value qkv = net.conv(x, {.out = 3 * heads * d, .bias = false});
      std::vector<Value> scales{qkv};
      const auto more = net.integer(0, 1);
      for (int k = 0; k < more; ++k) {
        const Value s =
            net.conv(qkv, {.out = qkv.dims[1], .kernel = net.kernel({5, 3}), .groups = qkv.dims[1], .bias = false});
        scales.push_back(net.conv(s, {.out = qkv.dims[1], .groups = 3 * heads, .bias = false}));
      }
      const Value all = scales.size() > 1 ? net.concat(scales, 1) : qkv;
      const std::int64_t groups = all.dims[1] / (3 * d);
      net.chance(0.6);  // decides nothing any more; the draws after it are those of the seed
      const Value parts = net.transpose(net.reshape(all, {1, groups, 3 * d, n}), {0, 1, 3, 2});
      const auto qkvs = net.split(parts, 3, 3);
      const Value q = net.node("Relu", {qkvs[0]}), k = net.node("Relu", {qkvs[1]});
      const Value v = net.pad(qkvs[2], {0, 0, 0, 0, 0, 0, 0, 1}, "constant", 1.0F);
      const Value kv = net.matmul(net.transpose(k, {0, 1, 3, 2}), v);
      const Value y = net.matmul(q, kv);
      const Value ratio = net.div(net.slice(y, 3, 0, d), net.add(net.slice(y, 3, d, d + 1), 1e-3F));
      const Value map = net.reshape(net.transpose(ratio, {0, 1, 3, 2}), {1, groups * d, h, w});
      x = net.add(x, conv_bn(net, map, {.out = x.dims[1]}));
    } else {  // cascaded groups
      const std::int64_t count = divisor(x.dims[1], 4), c = x.dims[1] / count;
      const auto pieces = net.split(x, 1, static_cast<int>(count));
      std::vector<Value> outs;
      Value feat = pieces[0];
      for (std::int64_t k = 0; k < count && k < 3; ++k) {
        if (k > 0) feat = net.add(outs.back(), pieces[static_cast<std::size_t>(k)]);
        const auto qkv = net.split(conv_bn(net, feat, {.out = 2 * d + c}), 1, Ints{d, d, c});
        const Value q = depthwise(net, qkv[0], net.pick({3, 5, 7}));
        if (n > 900) {
          outs.push_back(net.mul(qkv[2], net.node("Sigmoid", {net.mean(q, {1})})));
          continue;
        }
        const Value qt = net.transpose(net.reshape(q, {1, d, n}), {0, 2, 1});
        const Value s = net.softmax(net.mul(net.matmul(qt, net.reshape(qkv[1], {1, d, n})), 0.25F), -1);
        const Value y = net.matmul(net.reshape(qkv[2], {1, c, n}), net.transpose(s, {0, 2, 1}));
        outs.push_back(net.reshape(y, {1, c, h, w}));
      }
      Value y = outs.size() > 1 ? net.concat(outs, 1) : outs[0];
      x = net.add(x, conv_bn(net, act(net, y, Act::relu), {.out = x.dims[1]}));
    }
    x = mb_block(net, x, roomy(x, 8) && net.chance(0.4) ? net.grid(x.dims[1], 1.5) : x.dims[1], 1, a, false);
  }
  map_head(net, x);
}

/// Recurrent layers over the rows and columns of a map.
void sequencer(Net& net) {
  const std::int64_t c = net.width(32, 320), side = net.side(4, 28), hidden = part(c, 4, 4);
  Value x = net.input({1, side, side, c});
  const int blocks = net.depth(1, 2);
  const std::string op = net.pick({"LSTM", "LSTM", "GRU"});
  for (int i = 0; i < blocks; ++i) {
    const Value u = layer_norm(net, x);
    const auto scan = [&](const Value& rows) {  // [batch, steps, c] -> [batch, steps, 2 hidden]
      const Value y =
          net.recurrent(op, net.transpose(rows, {1, 0, 2}), hidden, true, true, net.chance(0.5));  // [T,2,N,H]
      const Value merged = merge_heads(net, y);
      return net.transpose(merged, {1, 0, 2});
    };
    const Value columns = scan(net.reshape(net.transpose(u, {0, 2, 1, 3}), {side, side, c}));
    const Value v = net.transpose(net.reshape(columns, {1, side, side, 2 * hidden}), {0, 2, 1, 3});
    const Value h = net.reshape(scan(net.reshape(u, {side, side, c})), {1, side, side, 2 * hidden});
    x = net.add(x, linear(net, net.concat({v, h}, -1), c));
    x = net.add(x, mlp(net, layer_norm(net, x), 3 * c, Act::gelu));
  }
  map_head(net, to_first(net, x));
}

constexpr std::array kFamilies{
    Family{"botnet", FamilyKind::hybrid, 0.9, 0.7, botnet},
    Family{"halo", FamilyKind::hybrid, 0.5, 0.5, halo},
    Family{"conv_attention", FamilyKind::hybrid, 1.2, 0.8, conv_attention},
    Family{"mobilevit", FamilyKind::hybrid, 1.2, 0.6, mobilevit},
    Family{"edgenext", FamilyKind::hybrid, 0.9, 0.6, edgenext},
    Family{"efficientformer", FamilyKind::hybrid, 0.9, 0.7, efficientformer},
    Family{"linear_attention", FamilyKind::hybrid, 1.0, 0.6, linear_attention},
    Family{"sequencer", FamilyKind::hybrid, 0.6, 0.3, sequencer},
};

}  // namespace

std::span<const Family> hybrid_families() { return kFamilies; }

}  // namespace latcast::carriers
