// Convolutional families of several branches: dense, inception, cross-stage, multi-resolution, decoders.
#include <algorithm>
#include <array>

#include "measure/carriers/families.h"

namespace latcast::carriers {

namespace {

void densenet(Net& net) {
  Value x = image_or_map(net, 16, 256, 0.4);
  const int stages = net.depth(1, 2);
  for (int s = 0; s < stages; ++s) {
    const std::int64_t growth = net.grid(net.width_scale * net.log_uniform(8, 48));
    std::vector<Value> features{x};
    const auto layers = net.integer(3, 5);
    for (int i = 0; i < layers; ++i) {
      Value y = features.size() > 1 ? net.concat(features, 1) : x;
      y = act(net, net.batch_norm(y), Act::relu);
      if (net.chance(0.8)) y = conv_bn(net, y, {.out = growth * 4}, Act::relu);
      features.push_back(net.conv(y, {.out = growth, .kernel = 3, .bias = false}));
    }
    x = act(net, net.batch_norm(net.concat(features, 1)), Act::relu);
    if (s + 1 < stages) {
      x = net.conv(x, {.out = part(x.dims[1], 2), .bias = false});
      if (roomy(x, 4)) x = net.avg_pool(x, {.kernel = 2, .stride = 2});
    }
  }
  map_head(net, x);
}

void inception(Net& net) {
  const Act a = net.pick({Act::relu, Act::relu, Act::relu, Act::silu, Act::leaky});
  Value x = image_or_map(net, 32, 768, 0.35);
  const int blocks = net.depth(2, 4);
  const auto side_conv = [&](const Value& in, std::int64_t out, std::int64_t k) {
    if (net.chance(0.5)) return conv_bn(net, in, {.out = out, .kernel = k}, a);
    const Value y = conv_bn(net, in, {.out = out, .kernel = {1, k}}, a);
    return conv_bn(net, y, {.out = out, .kernel = {k, 1}}, a);
  };
  for (int i = 0; i < blocks; ++i) {
    const double total = static_cast<double>(x.dims[1]) * net.log_uniform(0.7, 1.6);
    std::vector<Value> branches;
    if (net.chance(0.25) && roomy(x, 9)) {  // reduction
      branches.push_back(conv_bn(net, x, {.out = net.grid(total / 3), .kernel = 3, .stride = 2, .pads = Pads{}}, a));
      Value y = pointwise(net, x, net.grid(total / 6), a);
      y = side_conv(y, net.grid(total / 5), net.pick({3, 7}));
      branches.push_back(conv_bn(net, y, {.out = net.grid(total / 4), .kernel = 3, .stride = 2, .pads = Pads{}}, a));
      branches.push_back(net.max_pool(x, {.kernel = 3, .stride = 2}));
    } else {
      branches.push_back(pointwise(net, x, net.grid(total / 4), a));
      branches.push_back(
          side_conv(pointwise(net, x, net.grid(total / 6), a), net.grid(total / 4), net.kernel({3, 5, 7, 9, 11})));
      if (net.chance(0.7)) {
        const Value y = side_conv(pointwise(net, x, net.grid(total / 8), a), net.grid(total / 6), net.pick({3, 5, 7}));
        if (net.chance(0.4)) {
          branches.push_back(conv_bn(net, y, {.out = net.grid(total / 8), .kernel = {1, 3}}, a));
          branches.push_back(conv_bn(net, y, {.out = net.grid(total / 8), .kernel = {3, 1}}, a));
        } else {
          branches.push_back(conv_bn(net, y, {.out = net.grid(total / 5), .kernel = 3}, a));
        }
      }
      const bool average = net.chance(0.5);
      const PoolSpec pool{.kernel = 3, .stride = 1, .pad = 1, .count_include_pad = net.chance(0.5)};
      branches.push_back(
          pointwise(net, average ? net.avg_pool(x, pool) : net.max_pool(x, pool), net.grid(total / 6), a));
    }
    Value y = net.concat(branches, 1);
    if (net.chance(0.2) && y.dims[2] == x.dims[2]) {  // Inception-ResNet
      y = net.conv(y, {.out = x.dims[1]});
      y = act(net, net.add(x, net.mul(y, 0.17F)), a);
    }
    x = y;
    if (roomy(x, 12) && net.chance(0.3)) x = net.max_pool(x, {.kernel = 3, .stride = 2, .ceil_mode = net.chance(0.6)});
  }
  map_head(net, x);
}

void squeezenet(Net& net) {
  const Act a = net.pick({Act::relu, Act::relu, Act::elu});
  Value x = image_or_map(net, 32, 512, 0.6);
  const int blocks = net.depth(3, 7);
  for (int i = 0; i < blocks; ++i) {
    const double out = static_cast<double>(x.dims[1]) * net.log_uniform(0.8, 1.7);
    const Value s = conv(net, x, {.out = net.grid(out / 8)}, a);
    const Value e1 = conv(net, s, {.out = net.grid(out / 2)}, a);
    const Value e3 = conv(net, s, {.out = net.grid(out / 2), .kernel = net.kernel({3, 3, 5})}, a);
    Value y = net.concat({e1, e3}, 1);
    if (y.dims == x.dims) y = net.add(x, y);
    x = y;
    if (roomy(x, 8) && net.chance(0.35)) x = net.max_pool(x, {.kernel = 3, .stride = 2, .ceil_mode = net.chance(0.6)});
  }
  map_head(net, x);
}

void darknet_csp(Net& net) {
  const Act a = net.pick({Act::leaky, Act::leaky, Act::silu, Act::silu, Act::mish, Act::relu});
  Value x = image_or_map(net, 32, 512, 0.5);
  const int stages = net.depth(2, 4);
  for (int s = 0; s < stages; ++s) {
    const std::int64_t stride = maybe_stride(net, x, 0.5);
    const std::int64_t out = std::max<std::int64_t>(4, net.grid(x.dims[1], stride == 2 ? 2 : 1) / 2 * 2);
    x = conv_bn(net, x, {.out = out, .kernel = 3, .stride = stride}, a);
    Value left, right;
    const auto form = net.integer(0, 3);
    if (form == 0) {  // plain darknet
      const Value y = conv_bn(net, pointwise(net, x, part(out, 2), a), {.out = out, .kernel = 3}, a);
      x = net.add(x, y);
      continue;
    }
    if (form == 1) {
      const auto halves = net.split(pointwise(net, x, out, a), 1, 2);
      left = halves[0];
      right = halves[1];
    } else if (form == 2) {
      left = pointwise(net, x, part(out, 2), a);
      right = pointwise(net, x, part(out, 2), a);
    } else {
      const Value y = pointwise(net, x, out, a);
      left = net.slice(y, 1, 0, out / 2);
      right = net.slice(y, 1, out / 2, out);
    }
    std::vector<Value> collected{left, right};
    const auto inner = net.integer(1, 2);
    for (int i = 0; i < inner; ++i) {
      const Value y = conv_bn(net, pointwise(net, right, part(right.dims[1], net.pick({1, 2})), a),
                              {.out = right.dims[1], .kernel = 3}, a);
      right = net.chance(0.8) ? net.add(right, y) : y;
      collected.push_back(right);
    }
    if (net.chance(0.5)) collected = {right, left};
    x = pointwise(net, net.concat(collected, 1), net.grid(out), a);
  }
  if (net.chance(0.4) && roomy(x, 3)) {  // spatial pyramid of max pools
    const Value y = pointwise(net, x, part(x.dims[1], 2), a);
    const std::int64_t k = net.pick({3, 5, 5, 7});
    const PoolSpec pool{.kernel = k, .stride = 1, .pad = k / 2};
    const Value p1 = net.max_pool(y, pool);
    const Value p2 = net.max_pool(p1, pool);
    x = pointwise(net, net.concat({y, p1, p2}, 1), x.dims[1], a);
  }
  map_head(net, x);
}

void vovnet(Net& net) {
  Value x = image_or_map(net, 32, 512, 0.4);
  const int stages = net.depth(2, 3);
  for (int s = 0; s < stages; ++s) {
    std::vector<Value> all{x};
    const std::int64_t mid = net.grid(x.dims[1], net.log_uniform(0.3, 0.8));
    Value y = x;
    const auto layers = net.integer(3, 5);
    for (int i = 0; i < layers; ++i) {
      if (net.chance(0.25) && y.dims[1] == mid)
        y = pointwise(net, depthwise(net, y, 3), mid, Act::relu);
      else
        y = conv_bn(net, y, {.out = mid, .kernel = 3}, Act::relu);
      all.push_back(y);
    }
    y = pointwise(net, net.concat(all, 1), net.grid(x.dims[1], 1.5), Act::relu);
    if (net.chance(0.6)) {  // effective squeeze-excite
      const Value gate = act(net, net.conv(pool_1x1(net, y), {.out = y.dims[1]}), Act::hsigmoid);
      y = net.mul(y, gate);
    }
    x = y.dims == x.dims ? net.add(y, x) : y;
    if (s + 1 < stages && roomy(x, 8)) x = net.max_pool(x, {.kernel = 3, .stride = 2, .ceil_mode = net.chance(0.7)});
  }
  map_head(net, x);
}

void hrnet(Net& net) {
  Value x = feature_map(net, 12, 96, 8, 72, 8);
  const Act a = Act::relu;
  const int count = net.depth(2, 3);
  std::vector<Value> maps{x};
  for (int i = 1; i < count; ++i)
    maps.push_back(conv_bn(net, maps.back(), {.out = net.grid(x.dims[1], 1 << i), .kernel = 3, .stride = 2}, a));
  for (Value& m : maps) m = basic_block(net, m, m.dims[1], 1, 3, a, false);
  std::vector<Value> fused;
  const std::string mode = net.pick({"nearest", "nearest", "linear"});
  for (int i = 0; i < count; ++i) {
    Value sum;
    for (int j = 0; j < count; ++j) {
      const Value& from = maps[static_cast<std::size_t>(j)];
      const Value& to = maps[static_cast<std::size_t>(i)];
      Value y = from;
      if (j > i) {
        y = net.resize(
            pointwise(net, from, to.dims[1]),
            {.mode = mode,
             .coordinates =
                 mode == "nearest" ? "asymmetric" : net.pick({"half_pixel", "align_corners", "pytorch_half_pixel"}),
             .size = {to.dims[2], to.dims[3]},
             .by_scales = mode == "nearest" && to.dims[2] % from.dims[2] == 0 && to.dims[3] % from.dims[3] == 0});
      } else {
        for (int k = j; k < i; ++k)
          y = conv_bn(net, y, {.out = k + 1 == i ? to.dims[1] : y.dims[1], .kernel = 3, .stride = 2},
                      k + 1 == i ? Act::none : a);
      }
      sum = j == 0 ? y : net.add(sum, y);
    }
    fused.push_back(act(net, sum, a));
  }
  if (net.chance(0.5)) {
    map_head(net, fused.back());
    return;
  }
  std::vector<Value> up{fused[0]};
  for (std::size_t i = 1; i < fused.size(); ++i)
    up.push_back(net.resize(fused[i], {.mode = "linear",
                                       .coordinates = net.pick({"align_corners", "half_pixel"}),
                                       .size = {fused[0].dims[2], fused[0].dims[3]}}));
  map_head(net, pointwise(net, net.concat(up, 1), fused[0].dims[1], a));
}

/// U-Net and feature pyramid: down, and up again with skips.
void decoder(Net& net) {
  const Act a = net.pick({Act::relu, Act::relu, Act::silu, Act::leaky});
  Value x = net.knobs.start < 0.4 ? net.input({1, 3, net.side_multiple(8, 32, 160), net.side_multiple(8, 32, 160)})
                                  : feature_map(net, 16, 256, 12, 80);
  if (x.dims[1] <= 4) x = conv_bn(net, x, {.out = net.width(8, 64), .kernel = 3}, a);
  std::vector<Value> skips;
  const int levels = net.depth(1, 3);
  for (int i = 0; i < levels && roomy(x, 4); ++i) {
    skips.push_back(x);
    const std::int64_t out = net.grid(x.dims[1], 2);
    if (net.chance(0.5))
      x = conv_bn(net, net.max_pool(x, {.kernel = 2, .stride = 2}), {.out = out, .kernel = 3}, a);
    else
      x = conv_bn(net, x, {.out = out, .kernel = 3, .stride = 2}, a);
    if (net.chance(0.5)) x = conv_bn(net, x, {.out = out, .kernel = 3}, a);
  }
  const bool pyramid = net.chance(0.35);
  while (!skips.empty()) {
    const Value skip = skips.back();
    skips.pop_back();
    const std::int64_t h = skip.dims[2], w = skip.dims[3];
    Value up;
    const auto form = net.integer(0, 5);
    if (form <= 1 && h == x.dims[2] * 2 && w == x.dims[3] * 2) {
      const std::int64_t k = net.pick({2, 2, 4, 3});
      const std::int64_t p = k == 4 ? 1 : (k == 3 ? 1 : 0);
      up = net.conv_transpose(x, {.out = skip.dims[1], .kernel = k, .stride = 2, .pads = Pads{p, p, p, p}},
                              k == 3 ? 1 : 0);
      if (net.chance(0.4)) up = act(net, net.batch_norm(up), a);
    } else {
      ResizeSpec spec{.mode = "nearest", .coordinates = "asymmetric", .size = {h, w}};
      if (form >= 3) {
        spec.mode = form == 5 ? "cubic" : "linear";
        spec.coordinates = net.pick({"align_corners", "half_pixel", "pytorch_half_pixel"});
      }
      spec.by_scales = net.chance(0.5) && h % x.dims[2] == 0 && w % x.dims[3] == 0;
      up = net.resize(x, spec);
    }
    if (pyramid) {
      const std::int64_t c = up.dims[1];
      x = conv_bn(net, net.add(up, net.conv(skip, {.out = c})), {.out = c, .kernel = 3}, a);
    } else {
      x = conv_bn(net, net.concat({up, skip}, 1), {.out = skip.dims[1], .kernel = 3}, a);
      if (net.chance(0.5)) x = conv_bn(net, x, {.out = skip.dims[1], .kernel = 3}, a);
    }
  }
  if (net.chance(0.5)) {
    const Value y = net.conv(x, {.out = net.pick({1, 2, 19, 21, 32})});
    if (net.chance(0.3))
      net.arg_max(y, 1, false);
    else
      act(net, y, net.pick({Act::sigmoid, Act::none, Act::tanh}));
  } else {
    map_head(net, x);
  }
}

void dla_res2net(Net& net) {
  const Act a = Act::relu;
  Value x = image_or_map(net, 32, 512, 0.4);
  const int blocks = net.depth(2, 3);
  for (int i = 0; i < blocks; ++i) {
    if (net.chance(0.4)) {  // aggregation
      const std::int64_t c = x.dims[1];
      const Value y = basic_block(net, x, c, 1, 3, a, false);
      const Value z = basic_block(net, y, c, 1, net.kernel({3, 3, 5}), a, false);
      Value root = conv_bn(net, net.concat({z, y}, 1), {.out = c});
      x = act(net, net.chance(0.5) ? net.add(root, z) : root, a);
    } else {
      const int scale = net.pick({3, 4, 4, 8});
      const std::int64_t width = std::max<std::int64_t>(2, net.grid(static_cast<double>(x.dims[1]) / scale));
      const std::int64_t stride = maybe_stride(net, x, 0.25);
      const auto parts = net.split(pointwise(net, x, width * scale, a), 1, scale);
      std::vector<Value> outs;
      Value y;
      for (int k = 0; k + 1 < scale; ++k) {
        const Value& p = parts[static_cast<std::size_t>(k)];
        y = k == 0 || stride == 2 ? p : net.add(y, p);
        y = conv_bn(net, y, {.out = width, .kernel = 3, .stride = stride}, a);
        outs.push_back(y);
      }
      outs.push_back(stride == 2 ? net.avg_pool(parts.back(), {.kernel = 3, .stride = 2, .pad = 1}) : parts.back());
      const Value z = pointwise(net, net.concat(outs, 1), x.dims[1]);
      x = add_act(net, z, shortcut(net, x, x.dims[1], stride), a);
    }
    if (roomy(x, 8) && net.chance(0.25)) x = net.max_pool(x, {.kernel = 2, .stride = 2});
  }
  map_head(net, x);
}

/// Split attention (ResNeSt) and selective kernels.
void split_attention(Net& net) {
  Value x = image_or_map(net, 32, 512, 0.3);
  const int blocks = net.depth(2, 3);
  for (int i = 0; i < blocks; ++i) {
    const std::int64_t c = std::max<std::int64_t>(4, net.grid(x.dims[1], 0.5) / 4 * 4);
    const std::int64_t h = x.dims[2], w = x.dims[3];
    const Value in = pointwise(net, x, c, Act::relu);
    Value y;
    if (net.chance(0.5)) {
      const Value wide = conv_bn(net, in, {.out = 2 * c, .kernel = 3, .groups = net.pick({2, 2, 4})}, Act::relu);
      const Value parts = net.reshape(wide, {1, 2, c, h, w});
      const Value gap = pool_1x1(net, net.reduce("ReduceSum", parts, {1}, false));
      Value g = conv(net, gap, {.out = part(c, 4, 8)}, Act::relu);
      g = net.conv(g, {.out = 2 * c});
      g = net.reshape(g, {1, 1, 2, c});
      if (net.chance(0.5)) {
        g = net.softmax(net.transpose(g, {0, 2, 1, 3}), 1);
      } else {
        g = net.transpose(net.softmax(g, 2), {0, 2, 1, 3});
      }
      y = net.reduce("ReduceSum", net.mul(parts, net.reshape(g, {1, 2, c, 1, 1})), {1}, false);
    } else {
      std::vector<Value> paths;
      const int count = net.pick({2, 2, 3});
      for (int k = 0; k < count; ++k) {
        const std::int64_t groups = net.chance(0.5) ? 1 : divisor(c, 32);
        const Value p = conv_bn(net, in, {.out = c, .kernel = 3, .dilation = k + 1, .groups = groups}, Act::relu);
        paths.push_back(net.unsqueeze(p, {1}));
      }
      const Value all = net.concat(paths, 1);
      const Value g =
          conv(net, pool_1x1(net, net.reduce("ReduceSum", all, {1}, false)), {.out = part(c, 8, 8)}, Act::relu);
      const Value s = net.softmax(net.reshape(net.conv(g, {.out = c * count, .bias = false}), {1, count, c, 1, 1}), 1);
      y = net.reduce("ReduceSum", net.mul(all, s), {1}, false);
    }
    x = add_act(net, pointwise(net, y, x.dims[1]), x, Act::relu);
    if (roomy(x, 8) && net.chance(0.3)) x = net.avg_pool(x, {.kernel = 3, .stride = 2, .pad = 1});
  }
  map_head(net, x);
}

constexpr std::array kFamilies{
    Family{"densenet", FamilyKind::cnn, 1.0, 1.0, densenet},
    Family{"inception", FamilyKind::cnn, 1.3, 1.0, inception},
    Family{"squeezenet", FamilyKind::cnn, 0.8, 1.0, squeezenet},
    Family{"darknet_csp", FamilyKind::cnn, 1.2, 1.0, darknet_csp},
    Family{"vovnet", FamilyKind::cnn, 0.7, 1.0, vovnet},
    Family{"hrnet", FamilyKind::cnn, 0.9, 1.0, hrnet},
    Family{"decoder", FamilyKind::cnn, 1.0, 0.8, decoder},
    Family{"dla_res2net", FamilyKind::cnn, 0.8, 1.0, dla_res2net},
    Family{"split_attention", FamilyKind::cnn, 0.9, 0.8, split_attention},
};

}  // namespace

std::span<const Family> branch_families() { return kFamilies; }

}  // namespace latcast::carriers
