// Networks that give images or boxes: generators, style and super-resolution, detection heads.
#include <algorithm>
#include <array>

#include "measure/carriers/families.h"

namespace latcast::carriers {

namespace {

/// Transposed convolutions, alone and in the generators that use them.
void deconvolutions(Net& net) {
  Value x = net.chance(0.3) ? net.conv_transpose(net.input({1, net.channels(32, 200), 1, 1}),
                                                 {.out = net.width(32, 384), .kernel = 4, .bias = false})
                            : feature_map(net, 16, 384, 3, 32);
  const bool bias = net.chance(0.6);
  const int count = net.depth(2, 5);
  for (int i = 0; i < count; ++i) {
    const std::int64_t k = net.kernel({2, 4, 3, 4, 5, 6});
    const std::int64_t s = x.elements() > 400000 ? 1 : net.pick({2, 2, 2, 1});
    const std::int64_t p = k > s ? (k - s) / 2 : 0;
    ConvSpec spec{.out = net.grid(x.dims[1], net.pick({0.5, 0.5, 1.0})),
                  .kernel = k,
                  .stride = s,
                  .bias = bias,
                  .pads = Pads{p, p, p, p}};
    if (net.chance(0.2)) {
      spec.groups = divisor(x.dims[1], net.pick({2, 4, 1024}));
      spec.out = std::max<std::int64_t>(1, spec.out / spec.groups) * spec.groups;
    }
    x = net.conv_transpose(x, spec);
    if (net.chance(0.6)) x = net.batch_norm(x);
    x = act(net, x, net.pick({Act::relu, Act::leaky, Act::relu, Act::elu}));
    if (net.chance(0.3)) x = act(net, net.conv(x, {.out = x.dims[1], .kernel = 3}), Act::relu);
  }
  net.node("Tanh", {net.conv_transpose(x, {.out = 3, .kernel = 3, .pads = Pads{1, 1, 1, 1}})});
}

/// Style and super-resolution networks: instance norms, reflected borders, sub-pixel convolutions.
void image_to_image(Net& net) {
  const std::int64_t side = std::max<std::int64_t>(12, net.side(24, 160) / 4 * 4);
  Value x = net.input({1, net.pick({1, 3, 3}), side, side});
  const Act a = net.pick({Act::relu, Act::relu, Act::prelu, Act::leaky, Act::tanh});
  const bool instance = net.chance(0.6);
  const auto layer = [&](const Value& in, std::int64_t out, std::int64_t k, std::int64_t s, bool active) {
    Value y = in;
    const std::int64_t p = k / 2;
    if (instance && in.dims[2] > p + 1) {
      y = net.pad(y, {0, 0, p, p, 0, 0, p, p}, "reflect");
      y = net.conv(y, {.out = out, .kernel = k, .stride = s, .pads = Pads{}});
      y = net.instance_norm(y);
    } else {
      y = net.conv(y, {.out = out, .kernel = k, .stride = s});
    }
    return active ? act(net, y, a) : y;
  };
  const std::int64_t c = net.width(8, 64);
  x = layer(x, c, net.kernel({9, 5, 3, 7}), 1, true);
  if (net.chance(0.6)) x = layer(x, 2 * c, 3, 2, true);
  const int blocks = net.depth(1, 3);
  for (int i = 0; i < blocks; ++i) x = net.add(x, layer(layer(x, x.dims[1], 3, 1, true), x.dims[1], 3, 1, false));
  if (net.chance(0.6)) {
    const std::int64_t r = net.pick({2, 2, 3, 4});
    x = net.depth_to_space(net.conv(x, {.out = r * r * net.pick({1, 3, 16}), .kernel = 3}), r, "CRD");
  } else {
    x = net.resize(x, {.mode = "nearest", .size = {x.dims[2] * 2, x.dims[3] * 2}, .by_scales = true});
    x = layer(x, c, 3, 1, true);
  }
  net.conv(x, {.out = 3, .kernel = net.pick({3, 9})});
}

/// Detection heads: boxes and classes over several maps, joined.
void detector(Net& net) {
  const Act a = net.pick({Act::silu, Act::leaky, Act::relu});
  Value x = feature_map(net, 32, 256, 8, 48, 2);
  const std::int64_t classes = net.pick({2, 20, 80}), reg = net.pick({4, 64});
  std::vector<Value> outs;
  const int levels = net.depth(2, 3);
  for (int i = 0; i < levels; ++i) {
    const std::int64_t c = x.dims[1];
    const Value box = net.conv(conv_bn(net, x, {.out = part(c, 2, 8), .kernel = 3}, a), {.out = reg});
    const Value cls = net.conv(conv_bn(net, x, {.out = part(c, 2, 8), .kernel = 3}, a), {.out = classes});
    outs.push_back(net.reshape(net.concat({box, cls}, 1), {1, reg + classes, -1}));
    if (i + 1 < levels) x = conv_bn(net, x, {.out = net.grid(c, 1.5), .kernel = 3, .stride = 2}, a);
  }
  const auto parts = net.split(net.concat(outs, 2), 1, Ints{reg, classes});
  const std::int64_t n = parts[0].dims[2];
  Value box = parts[0];
  if (reg == 64) {  // expected value of a distribution
    const Value p = net.softmax(net.transpose(net.reshape(box, {1, 4, 16, n}), {0, 2, 1, 3}), 1);
    box = net.reshape(net.conv(p, {.out = 1, .bias = false}), {1, 4, n});
  } else {
    box = net.concat({net.node("Sigmoid", {net.slice(box, 1, 0, 2)}),
                      net.node("Exp", {net.node("Tanh", {net.slice(box, 1, 2, 4)})})},
                     1);
  }
  const Value grid = net.weight({1, 2, n}, 1.0F);
  const Value low = net.sub(grid, net.slice(box, 1, 0, 2)), high = net.add(grid, net.slice(box, 1, 2, 4));
  box = net.mul(net.concat({net.div(net.add(low, high), 2.0F), net.sub(high, low)}, 1), net.filled({1, n}, 8.0F));
  net.concat({box, net.node("Sigmoid", {parts[1]})}, 1);
}

constexpr std::array kFamilies{
    Family{"deconvolutions", FamilyKind::operators, 0.5, 0.4, deconvolutions, kProbe},
    Family{"image_to_image", FamilyKind::cnn, 0.7, 0.5, image_to_image},
    Family{"detector", FamilyKind::cnn, 0.7, 0.7, detector},
};

}  // namespace

std::span<const Family> image_families() { return kFamilies; }

}  // namespace latcast::carriers
