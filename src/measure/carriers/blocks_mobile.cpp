// Mobile families: depthwise separable and inverted residual blocks, squeeze-excite, channel shuffles, cheap features.
#include <algorithm>
#include <array>

#include "measure/carriers/families.h"

namespace latcast::carriers {

namespace {

std::int64_t mobile_stride(Net& net, const Value& x, double probability = 0.35) {
  return roomy(x, 6) && net.chance(probability) ? 2 : 1;
}

Value residual(Net& net, const Value& x, const Value& y) {
  if (y.dims != x.dims) return y;
  return net.chance(0.5) ? net.add(x, y) : net.add(y, x);
}

struct Inverted {
  double expand = 6;
  std::int64_t kernel = 3;
  std::int64_t stride = 1;
  Act a = Act::relu6;
  double se = 0;  // reduction ratio against the expanded width; 0: none
  Act gate = Act::sigmoid;
  bool fused = false;
};

Value inverted_residual(Net& net, const Value& x, std::int64_t out, const Inverted& s) {
  const std::int64_t mid = s.expand == 1 ? x.dims[1] : net.grid(x.dims[1], s.expand);
  Value y = x;
  if (s.fused) {
    y = conv_bn(net, y, {.out = mid, .kernel = s.kernel, .stride = s.stride}, s.a);
  } else {
    if (s.expand != 1) y = pointwise(net, y, mid, s.a);
    const std::int64_t pad = s.kernel / 2;
    if (s.stride == 2 && net.chance(0.15)) {  // TensorFlow's SAME padding
      y = net.pad(y, {0, 0, pad - 1, pad - 1, 0, 0, pad, pad});
      y = conv_bn(net, y, {.out = mid, .kernel = s.kernel, .stride = 2, .groups = mid, .pads = Pads{}}, s.a);
    } else {
      y = depthwise(net, y, s.kernel, s.stride, s.a);
    }
  }
  if (s.se > 0)
    y = squeeze_excite(net, y, std::max<std::int64_t>(2, net.grid(mid, s.se)), s.a == Act::silu ? Act::silu : Act::relu,
                       s.gate);
  y = pointwise(net, y, out);
  return residual(net, x, y);
}

std::int64_t next_width(Net& net, const Value& x, std::int64_t stride) {
  if (stride == 2) return net.grid(x.dims[1], net.log_uniform(1.2, 2.0));
  return net.chance(0.6) ? x.dims[1] : net.grid(x.dims[1], net.log_uniform(1.0, 1.6));
}

void mobilenet_v1(Net& net) {
  const Act a = net.pick({Act::relu, Act::relu6, Act::relu6, Act::hswish, Act::silu, Act::leaky});
  Value x = image_or_map(net, 16, 512, 0.55);
  const int blocks = net.depth(4, 9);
  for (int i = 0; i < blocks; ++i) {
    const std::int64_t stride = mobile_stride(net, x);
    const std::int64_t out = next_width(net, x, stride);
    x = depthwise(net, x, net.kernel({3, 3, 3, 5}), stride, a, stride == 1 && net.chance(0.1) ? 2 : 1);
    if (net.chance(0.15)) x = squeeze_excite(net, x, part(x.dims[1], 4, 4), Act::relu, Act::hsigmoid);
    x = pointwise(net, x, out, a);
  }
  map_head(net, x);
}

void inverted_family(Net& net, Inverted base, std::initializer_list<double> expands,
                     std::initializer_list<std::int64_t> kernels, double se_share, double fused_share) {
  Value x = image_or_map(net, 8, 192, 0.5);
  const int blocks = net.depth(3, 6);
  const double se = base.se;
  for (int i = 0; i < blocks; ++i) {
    Inverted s = base;
    s.stride = mobile_stride(net, x);
    s.expand = net.pick(expands);
    s.kernel = net.kernel(kernels);
    s.se = net.chance(se_share) ? se : 0;
    s.fused = net.chance(fused_share);
    if (s.fused) s.se = 0;
    x = inverted_residual(net, x, next_width(net, x, s.stride), s);
  }
  map_head(net, x);
}

void mobilenet_v2(Net& net) {
  inverted_family(net, {.a = net.pick({Act::relu6, Act::relu6, Act::relu})}, {1.0, 3.0, 4.0, 6.0, 6.0}, {3, 3, 5, 7}, 0,
                  0);
}
void mobilenet_v3(Net& net) {
  inverted_family(net, {.a = net.pick({Act::hswish, Act::hswish, Act::relu}), .se = 0.25, .gate = Act::hsigmoid},
                  {1.0, 2.0, 3.0, 4.0, 6.0}, {3, 5, 5}, 0.6, 0);
}
void efficientnet(Net& net) {
  inverted_family(net,
                  {.a = net.pick({Act::silu, Act::silu, Act::relu6, Act::hswish}),
                   .se = net.pick({0.04, 0.0625, 0.25}),
                   .gate = Act::sigmoid},
                  {1.0, 4.0, 6.0, 6.0}, {3, 5, 3, 5, 7}, 0.9, 0);
}
void efficientnet_v2(Net& net) {
  inverted_family(net, {.a = Act::silu, .se = net.pick({0.04, 0.0625}), .gate = Act::sigmoid}, {1.0, 4.0, 4.0, 6.0},
                  {3}, 0.9, 0.5);
}

void shufflenet_v1(Net& net) {
  const std::int64_t groups = net.pick({2, 3, 4, 8});
  Value x = image_or_map(net, 48, 512, 0.3);
  const std::int64_t c = std::max<std::int64_t>(1, x.dims[1] / (4 * groups)) * 4 * groups;
  x = pointwise(net, x, c, Act::relu);
  const int blocks = net.depth(3, 6);
  for (int i = 0; i < blocks; ++i) {
    const std::int64_t stride = mobile_stride(net, x);
    const std::int64_t mid = c / 4 / groups * groups;
    Value y = conv_bn(net, x, {.out = mid, .groups = groups}, Act::relu);
    y = channel_shuffle(net, y, groups);
    y = depthwise(net, y, 3, stride);
    y = conv_bn(net, y, {.out = x.dims[1], .groups = groups});
    if (stride == 2)
      x = act(net, net.concat({net.avg_pool(x, {.kernel = 3, .stride = 2, .pad = 1}), y}, 1), Act::relu);
    else
      x = act(net, net.add(x, y), Act::relu);
    if (stride == 2) x = pointwise(net, x, c, Act::relu);
  }
  map_head(net, x);
}

void shufflenet_v2(Net& net) {
  const Act a = net.pick({Act::relu, Act::relu, Act::hswish});
  Value x = image_or_map(net, 24, 512, 0.4);
  x = pointwise(net, x, std::max<std::int64_t>(4, x.dims[1] / 2 * 2), a);
  const int blocks = net.depth(3, 7);
  for (int i = 0; i < blocks; ++i) {
    const std::int64_t c = x.dims[1];
    const std::int64_t k = net.kernel({3, 3, 5});
    if (roomy(x, 6) && net.chance(0.3)) {
      const std::int64_t half = net.grid(c, net.pick({0.5, 1.0}));
      const Value left = pointwise(net, depthwise(net, x, k, 2), half, a);
      const Value right = pointwise(net, depthwise(net, pointwise(net, x, half, a), k, 2), half, a);
      x = channel_shuffle(net, net.concat({left, right}, 1), 2);
    } else {
      Value left, right;
      if (net.chance(0.6)) {
        const auto halves = net.split(x, 1, 2);
        left = halves[0];
        right = halves[1];
      } else {
        left = net.slice(x, 1, 0, c / 2);
        right = net.slice(x, 1, c / 2, c);
      }
      right = pointwise(net, depthwise(net, pointwise(net, right, c / 2, a), k), c / 2, a);
      x = channel_shuffle(net, net.concat({left, right}, 1), 2);
    }
    if (x.dims[1] % 2 != 0) break;
  }
  map_head(net, x);
}

void ghostnet(Net& net) {
  Value x = image_or_map(net, 12, 192, 0.5);
  const auto ghost = [&](const Value& in, std::int64_t out, Act a) {
    const std::int64_t half = (out + 1) / 2;
    const Value primary = pointwise(net, in, half, a);
    const Value cheap = depthwise(net, primary, net.pick({3, 3, 5}), 1, a);
    const Value both = net.concat({primary, cheap}, 1);
    return 2 * half == out && net.chance(0.5) ? both : net.slice(both, 1, 0, out);
  };
  const int blocks = net.depth(2, 5);
  for (int i = 0; i < blocks; ++i) {
    const std::int64_t stride = mobile_stride(net, x);
    const std::int64_t out = next_width(net, x, stride);
    Value y = ghost(x, net.grid(x.dims[1], net.pick({2.0, 3.0, 4.0, 6.0})), Act::relu);
    if (stride == 2) y = depthwise(net, y, net.kernel({3, 5}), 2);
    if (net.chance(0.4)) y = squeeze_excite(net, y, part(y.dims[1], 4, 4), Act::relu, Act::hsigmoid);
    y = ghost(y, out, Act::none);
    const Value skip = x.dims == y.dims ? x : pointwise(net, depthwise(net, x, 3, stride), out);
    x = net.add(y, skip);
  }
  map_head(net, x);
}

/// Mixed depthwise kernels over channel groups.
void mixnet(Net& net) {
  const Act a = net.pick({Act::relu, Act::silu, Act::hswish});
  Value x = image_or_map(net, 16, 192, 0.4);
  const int blocks = net.depth(2, 4);
  for (int i = 0; i < blocks; ++i) {
    const std::int64_t stride = mobile_stride(net, x);
    const std::int64_t ways = net.integer(2, 4);
    const std::int64_t mid = std::max<std::int64_t>(2, net.grid(x.dims[1], net.pick({3.0, 6.0})) / ways) * ways;
    Value y = pointwise(net, x, mid, a);
    const auto parts = net.split(y, 1, static_cast<int>(ways));
    std::vector<Value> outs;
    for (std::int64_t k = 0; k < ways; ++k)
      outs.push_back(net.conv(parts[static_cast<std::size_t>(k)],
                              {.out = mid / ways, .kernel = 3 + 2 * k, .stride = stride, .groups = mid / ways}));
    y = act(net, net.batch_norm(net.concat(outs, 1)), a);
    if (net.chance(0.5)) y = squeeze_excite(net, y, part(mid, 8, 4), a, Act::sigmoid);
    x = residual(net, x, pointwise(net, y, next_width(net, x, stride)));
  }
  map_head(net, x);
}

/// RegNet: groups of fixed width, squeeze-excite against the input's width.
void regnet(Net& net) {
  const std::int64_t group_width = net.pick({8, 8, 16, 16, 24, 32, 48, 56, 64});
  const bool se = net.chance(0.6);
  Value x = image_or_map(net, 24, 512, 0.4);
  const int blocks = net.depth(2, 5);
  for (int i = 0; i < blocks; ++i) {
    const std::int64_t stride = mobile_stride(net, x, 0.4);
    const std::int64_t groups = std::max<std::int64_t>(
        1, std::llround(static_cast<double>(x.dims[1]) * (stride == 2 ? 1.9 : 1.0) / static_cast<double>(group_width)));
    const std::int64_t c = groups * group_width;
    const std::int64_t reduced = part(x.dims[1], 4, 4);
    Value y = pointwise(net, x, c, Act::relu);
    y = conv_bn(net, y, {.out = c, .kernel = net.kernel({3, 3, 3, 5}), .stride = stride, .groups = groups}, Act::relu);
    if (se) y = squeeze_excite(net, y, reduced, Act::relu, Act::sigmoid);
    y = pointwise(net, y, c);
    const Value skip = y.dims == x.dims ? x : conv_bn(net, x, {.out = c, .stride = stride});
    x = act(net, net.add(skip, y), Act::relu);
  }
  map_head(net, x);
}

constexpr std::array kFamilies{
    Family{"mobilenet_v1", FamilyKind::mobile, 1.2, 0.6, mobilenet_v1},
    Family{"mobilenet_v2", FamilyKind::mobile, 1.3, 0.6, mobilenet_v2},
    Family{"mobilenet_v3", FamilyKind::mobile, 1.3, 0.6, mobilenet_v3},
    Family{"efficientnet", FamilyKind::mobile, 1.4, 0.6, efficientnet},
    Family{"efficientnet_v2", FamilyKind::mobile, 1.0, 0.8, efficientnet_v2},
    Family{"shufflenet_v1", FamilyKind::mobile, 0.7, 0.5, shufflenet_v1},
    Family{"shufflenet_v2", FamilyKind::mobile, 0.9, 0.5, shufflenet_v2},
    Family{"ghostnet", FamilyKind::mobile, 0.9, 0.5, ghostnet},
    Family{"mixnet", FamilyKind::mobile, 0.7, 0.5, mixnet},
    Family{"regnet", FamilyKind::mobile, 1.2, 1.0, regnet},
};

}  // namespace

std::span<const Family> mobile_families() { return kFamilies; }

}  // namespace latcast::carriers
