// Classic convolutional families: plain and residual.
#include <algorithm>
#include <array>

#include "measure/carriers/families.h"

namespace latcast::carriers {

namespace {

Value bottleneck(Net& net, const Value& x, std::int64_t mid, std::int64_t out, std::int64_t stride, std::int64_t kernel,
                 std::int64_t groups, std::int64_t dilation, Act a, double se_share) {
  Value y = pointwise(net, x, mid, a);
  y = conv_bn(net, y, {.out = mid, .kernel = kernel, .stride = stride, .dilation = dilation, .groups = groups}, a);
  if (net.chance(se_share)) y = squeeze_excite(net, y, part(mid, net.pick({4, 8, 16})), Act::relu, Act::sigmoid);
  y = pointwise(net, y, out);
  return add_act(net, y, shortcut(net, x, out, stride), a);
}

void vgg(Net& net) {
  const Act a = net.pick({Act::relu, Act::relu, Act::relu, Act::leaky, Act::elu});
  Value x = image_or_map(net, 16, 512, 0.4);
  std::int64_t c = x.dims[1];
  const int stages = net.depth(2, 4);
  for (int s = 0; s < stages; ++s) {
    const auto convs = net.integer(1, 3);
    for (int i = 0; i < convs; ++i) x = conv_bn(net, x, {.out = net.grid(c), .kernel = net.kernel({3, 3, 3, 5})}, a);
    if (roomy(x, 4)) x = net.max_pool(x, {.kernel = 2, .stride = 2});
    if (c < 512 && net.chance(0.7)) c *= 2;
  }
  if (x.elements() < 25088 && net.chance(0.5)) {
    Value y = net.flatten(x);
    y = act(net, linear(net, y, net.log_integer(32, 1024)), a);
    y = act(net, linear(net, y, net.log_integer(32, 1024)), a);
    classifier(net, y);
  } else {
    map_head(net, x);
  }
}

/// First stages at high resolution: maps of up to 64 MB, far beyond the caches.
void large_maps(Net& net) {
  const double elements = 4e5 * std::pow(40.0, net.knobs.size) * net.spatial_scale;
  const std::int64_t c = net.pick({8, 16, 16, 24, 32, 32, 48, 64, 64, 96});
  const auto side = static_cast<std::int64_t>(std::clamp(std::sqrt(elements / static_cast<double>(c)), 24.0, 640.0));
  const std::int64_t even = (side + 7) / 8 * 8;
  const Act a = modern_act(net);
  Value x = net.input({1, c, even, even});
  const auto steps = net.integer(2, 4);
  for (int i = 0; i < steps; ++i) {
    const std::int64_t channels = x.dims[1];
    switch (net.integer(0, 6)) {
      case 0:
      case 1: {
        const bool affordable = x.elements() * 9 * static_cast<double>(channels) < 2e9;  // multiply-accumulates
        x = conv_bn(net, x, {.out = affordable ? channels : 8, .kernel = 3}, a);
        break;
      }
      case 2:
        x = conv_bn(net, x, {.out = channels, .kernel = 3, .groups = channels}, a);
        break;
      case 3:
        x = conv_bn(net, x, {.out = net.pick({8, 16, 24, 32})}, a);
        break;
      case 4:
        x = net.add(act(net, x, a), x);
        break;
      case 5:
        x = net.max_pool(x, {.kernel = 2, .stride = 2});
        break;
      default:
        x = conv_bn(net, x, {.out = 2 * channels, .kernel = 3, .stride = 2}, a);
    }
  }
  map_head(net, x);
}

/// AlexNet's and VGG's heads: matrix-vector products over large weights.
void big_classifier(Net& net) {
  double weights = 2e5 * std::pow(500.0, net.knobs.size) * std::min(1.0, net.width_scale * net.width_scale);
  const auto c = net.log_integer(32, 512);
  const auto side = net.pick({1, 2, 3, 4, 5, 6, 7});
  const Value map = net.input({1, c, side, side});
  Value x = conv(net, map, {.out = c, .kernel = 3}, Act::relu);
  if (net.chance(0.4) && side >= 3) x = net.max_pool(x, {.kernel = 3, .stride = 2});
  x = net.flatten(x);
  const int layers = net.depth(2, 4);
  for (int i = 0; i < layers; ++i) {
    const auto in = static_cast<double>(x.dim(-1));
    const auto out = static_cast<std::int64_t>(std::clamp(0.7 * weights / in, 10.0, 4096.0));
    weights = std::max(weights - in * static_cast<double>(out), 1e4);
    x = act(net, linear(net, x, net.chance(0.6) ? (out + 7) / 8 * 8 : out),
            net.pick({Act::relu, Act::relu, Act::tanh, Act::none}));
  }
  classifier(net, x);
}

void resnet(Net& net) {
  const Act a = modern_act(net);
  Value x = image_or_map(net, 16, 256);
  const int blocks = net.depth(3, 7);
  for (int i = 0; i < blocks; ++i) {
    const std::int64_t stride = maybe_stride(net, x);
    const std::int64_t out = stride == 2 ? net.grid(x.dims[1], 2) : (net.chance(0.6) ? x.dims[1] : net.grid(x.dims[1]));
    x = basic_block(net, x, out, stride, net.kernel({3, 3, 3, 3, 5}), a, net.chance(0.2));
  }
  map_head(net, x);
}

void resnet_bottleneck(Net& net) {
  const Act a = modern_act(net);
  Value x = image_or_map(net, 32, 1024, 0.4);
  const int blocks = net.depth(3, 6);
  for (int i = 0; i < blocks; ++i) {
    const std::int64_t stride = maybe_stride(net, x);
    const std::int64_t out = stride == 2 || i == 0 ? net.grid(x.dims[1], net.chance(0.7) ? 2 : 4) : x.dims[1];
    const std::int64_t mid = net.grid(static_cast<double>(out) / net.pick({4.0, 4.0, 2.0, 1.0}));
    x = bottleneck(net, x, mid, out, stride, net.kernel({3, 3, 3, 5}), 1, stride == 1 && net.chance(0.15) ? 2 : 1, a,
                   0.2);
  }
  map_head(net, x);
}

void resnext(Net& net) {
  const Act a = modern_act(net);
  Value x = image_or_map(net, 64, 1024, 0.3);
  const int blocks = net.depth(3, 6);
  const std::int64_t group_width = net.pick({1, 2, 4, 4, 8, 8, 16, 16, 24, 32, 40, 48, 64, 112});
  for (int i = 0; i < blocks; ++i) {
    const std::int64_t stride = maybe_stride(net, x);
    const std::int64_t out = stride == 2 || i == 0 ? net.grid(x.dims[1], 1.6) : x.dims[1];
    const std::int64_t groups = std::max<std::int64_t>(
        1, std::llround(static_cast<double>(out) * net.pick({0.5, 1.0, 1.0}) / static_cast<double>(group_width)));
    x = bottleneck(net, x, groups * group_width, out, stride, net.kernel({3, 3, 5, 7}), groups, 1, a, 0.4);
  }
  map_head(net, x);
}

/// Pre-activation: BatchNormalization survives, as nothing precedes it that it could be folded into.
void preact(Net& net) {
  const Act a = net.pick({Act::relu, Act::relu, Act::silu, Act::gelu});
  Value x = image_or_map(net, 16, 512);
  const int blocks = net.depth(2, 4);
  for (int i = 0; i < blocks; ++i) {
    const std::int64_t stride = maybe_stride(net, x, 0.3);
    const Value pre = act(net, net.batch_norm(x), a);
    const std::int64_t out = stride == 2 ? net.grid(x.dims[1], 2) : x.dims[1];
    Value y = conv_bn(net, pre,
                      {.out = net.grid(static_cast<double>(out) / net.pick({1.0, 2.0, 4.0})),
                       .kernel = net.pick({1, 3}),
                       .stride = stride},
                      a);
    y = net.conv(y, {.out = out, .kernel = net.kernel({3, 3, 1, 5}), .bias = false});
    x = net.add(y, stride == 1 ? x : net.conv(pre, {.out = out, .stride = 2, .bias = false}));
  }
  map_head(net, act(net, net.batch_norm(x), a));
}

constexpr std::array kFamilies{
    Family{"vgg", FamilyKind::cnn, 1.0, 1.0, vgg},
    Family{"large_maps", FamilyKind::cnn, 0.8, 1.0, large_maps},
    Family{"big_classifier", FamilyKind::head, 1.0, 1.0, big_classifier},
    Family{"resnet", FamilyKind::cnn, 1.3, 1.0, resnet},
    Family{"resnet_bottleneck", FamilyKind::cnn, 1.5, 1.0, resnet_bottleneck},
    Family{"resnext", FamilyKind::cnn, 1.3, 1.0, resnext},
    Family{"preact", FamilyKind::cnn, 1.0, 1.0, preact},
};

}  // namespace

std::span<const Family> cnn_families() { return kFamilies; }

}  // namespace latcast::carriers
