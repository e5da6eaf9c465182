// Networks that give images or boxes: generators, style and super-resolution, detection heads.
#include <algorithm>
#include <array>

#include "measure/carriers/families.h"
#include "measure/carriers/net.h"

namespace latcast::carriers {

namespace {

/// Transposed convolutions, alone and in the generators that use them.
void deconvolutions(Net& net) {
  auto& b = net.b;
  Value x = net.rng.chance(0.3) ? b.conv_transpose(b.input({1, net.channels(32, 200), 1, 1}),
                                                   {.out = net.width(32, 384), .kernel = 4, .bias = false})
                                : feature_map(net, 16, 384, 3, 32);
  const bool bias = net.rng.chance(0.6);
  const int count = net.depth(2, 5);
  for (int i = 0; i < count; ++i) {
    const std::int64_t k = net.kernel({2, 4, 3, 4, 5, 6});
    const std::int64_t s = x.elements() > 400000 ? 1 : net.rng.pick({2, 2, 2, 1});
    const std::int64_t p = k > s ? (k - s) / 2 : 0;
    ConvSpec spec{.out = net.grid(static_cast<double>(x.dims[1]) * net.rng.pick({0.5, 0.5, 1.0})),
                  .kernel = k,
                  .stride = s,
                  .bias = bias,
                  .pads = Pads{p, p, p, p}};
    if (net.rng.chance(0.2)) {
      spec.groups = divisor(x.dims[1], net.rng.pick({2, 4, 1024}));
      spec.out = std::max<std::int64_t>(1, spec.out / spec.groups) * spec.groups;
    }
    x = b.conv_transpose(x, spec);
    if (net.rng.chance(0.6)) x = b.batch_norm(x);
    x = act(net, x, net.rng.pick({Act::relu, Act::leaky, Act::relu, Act::elu}));
    if (net.rng.chance(0.3)) x = act(net, b.conv(x, {.out = x.dims[1], .kernel = 3}), Act::relu);
  }
  b.unary("Tanh", b.conv_transpose(x, {.out = 3, .kernel = 3, .pads = Pads{1, 1, 1, 1}}));
}

/// Style and super-resolution networks: instance norms, reflected borders, sub-pixel convolutions.
void image_to_image(Net& net) {
  auto& b = net.b;
  const std::int64_t side = std::max<std::int64_t>(12, net.side(24, 160) / 4 * 4);
  Value x = b.input({1, net.rng.pick({1, 3, 3}), side, side});
  const Act a = net.rng.pick({Act::relu, Act::relu, Act::prelu, Act::leaky, Act::tanh});
  const bool instance = net.rng.chance(0.6);
  const auto layer = [&](const Value& in, std::int64_t out, std::int64_t k, std::int64_t s, bool active) {
    Value y = in;
    const std::int64_t p = k / 2;
    if (instance && in.dims[2] > p + 1) {
      y = b.pad(y, {0, 0, p, p, 0, 0, p, p}, "reflect");
      y = b.conv(y, {.out = out, .kernel = k, .stride = s, .pads = Pads{}});
      y = b.instance_norm(y);
    } else {
      y = b.conv(y, {.out = out, .kernel = k, .stride = s});
    }
    return active ? act(net, y, a) : y;
  };
  const std::int64_t c = net.width(8, 64);
  x = layer(x, c, net.kernel({9, 5, 3, 7}), 1, true);
  if (net.rng.chance(0.6)) x = layer(x, 2 * c, 3, 2, true);
  const int blocks = net.depth(1, 3);
  for (int i = 0; i < blocks; ++i) x = b.add(x, layer(layer(x, x.dims[1], 3, 1, true), x.dims[1], 3, 1, false));
  if (net.rng.chance(0.6)) {
    const std::int64_t r = net.rng.pick({2, 2, 3, 4});
    x = b.depth_to_space(b.conv(x, {.out = r * r * net.rng.pick({1, 3, 16}), .kernel = 3}), r, "CRD");
  } else {
    x = b.resize(x, {.mode = "nearest", .size = {x.dims[2] * 2, x.dims[3] * 2}, .by_scales = true});
    x = layer(x, c, 3, 1, true);
  }
  b.conv(x, {.out = 3, .kernel = net.rng.pick({3, 9})});
}

/// Detection heads: boxes and classes over several maps, joined.
void detector(Net& net) {
  auto& b = net.b;
  const Act a = net.rng.pick({Act::silu, Act::leaky, Act::relu});
  Value x = feature_map(net, 32, 256, 8, 48, 2);
  const std::int64_t classes = net.rng.pick({2, 20, 80}), reg = net.rng.pick({4, 64});
  std::vector<Value> outs;
  const int levels = net.depth(2, 3);
  for (int i = 0; i < levels; ++i) {
    const std::int64_t c = x.dims[1];
    const Value box = b.conv(conv_bn(net, x, {.out = std::max<std::int64_t>(8, c / 2), .kernel = 3}, a), {.out = reg});
    const Value cls =
        b.conv(conv_bn(net, x, {.out = std::max<std::int64_t>(8, c / 2), .kernel = 3}, a), {.out = classes});
    outs.push_back(b.reshape(b.concat({box, cls}, 1), {1, reg + classes, -1}));
    if (i + 1 < levels)
      x = conv_bn(net, x, {.out = net.grid(static_cast<double>(c) * 1.5), .kernel = 3, .stride = 2}, a);
  }
  const auto parts = b.split(b.concat(outs, 2), 1, Ints{reg, classes});
  const std::int64_t n = parts[0].dims[2];
  Value box = parts[0];
  if (reg == 64) {  // expected value of a distribution
    const Value p = b.softmax(b.transpose(b.reshape(box, {1, 4, 16, n}), {0, 2, 1, 3}), 1);
    box = b.reshape(b.conv(p, {.out = 1, .bias = false}), {1, 4, n});
  } else {
    box = b.concat({b.unary("Sigmoid", b.slice(box, 1, 0, 2)), b.unary("Exp", b.unary("Tanh", b.slice(box, 1, 2, 4)))},
                   1);
  }
  const Value grid = b.weight({1, 2, n}, 1.0F);
  const Value low = b.sub(grid, b.slice(box, 1, 0, 2)), high = b.add(grid, b.slice(box, 1, 2, 4));
  box = b.mul(b.concat({b.div(b.add(low, high), 2.0F), b.sub(high, low)}, 1), b.filled({1, n}, 8.0F));
  b.concat({box, b.unary("Sigmoid", parts[1])}, 1);
}

constexpr std::array kFamilies{
    Family{"deconvolutions", FamilyKind::operators, 0.5, 0.4, deconvolutions, kProbe},
    Family{"image_to_image", FamilyKind::cnn, 0.7, 0.5, image_to_image},
    Family{"detector", FamilyKind::cnn, 0.7, 0.7, detector},
};

}  // namespace

std::span<const Family> image_families() { return kFamilies; }

}  // namespace latcast::carriers
