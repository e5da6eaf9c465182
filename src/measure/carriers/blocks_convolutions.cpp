// Convolutions in other forms: with standardised weights, re-parameterised, and probes of odd ones.
#include <algorithm>
#include <array>

#include "measure/carriers/families.h"

namespace latcast::carriers {

namespace {

/// Normaliser-free: scaled activations and standardised weights (folded), gains instead of norms.
void nfnet(Net& net) {
  const Act a = net.pick({Act::gelu, Act::silu, Act::relu});
  Value x = image_or_map(net, 32, 512, 0.4);
  const int blocks = net.depth(2, 4);
  for (int i = 0; i < blocks; ++i) {
    const std::int64_t stride = maybe_stride(net, x, 0.25);
    const std::int64_t out = stride == 2 ? net.grid(x.dims[1], 2) : x.dims[1];
    const Value pre = net.mul(net.mul(act(net, x, a), 1.7F), 0.9F);
    const std::int64_t mid = std::max<std::int64_t>(8, net.grid(out, 0.5) / 8 * 8);
    Value y = net.conv(pre, {.out = mid});
    y = net.conv(
        net.mul(act(net, y, a), 1.7F),
        {.out = mid, .kernel = net.kernel({3, 3, 5}), .stride = stride, .groups = divisor(mid, net.pick({1, 4, 8}))});
    y = net.conv(act(net, y, a), {.out = out});
    if (net.chance(0.6)) y = net.mul(squeeze_excite(net, y, part(out, 4), Act::relu, Act::sigmoid), 2.0F);
    Value skip = x;
    if (stride == 2)
      skip = net.conv(net.avg_pool(pre, {.kernel = 2,
                                         .stride = 2,
                                         .ceil_mode = x.dims[2] % 2 != 0 || x.dims[3] % 2 != 0,
                                         .count_include_pad = false}),
                      {.out = out});
    x = net.add(net.mul(y, 0.2F), skip);
  }
  map_head(net, x);
}

/// RepVGG and MobileOne, deployed or with their training-time branches.
void repvgg(Net& net) {
  const Act a = net.pick({Act::relu, Act::relu, Act::gelu});
  Value x = image_or_map(net, 16, 512, 0.5);
  const bool branches = net.chance(0.6);
  const bool mobile = net.chance(0.4);
  const int blocks = net.depth(3, 6);
  const auto rep = [&](const Value& in, std::int64_t out, std::int64_t k, std::int64_t stride, std::int64_t groups) {
    Value y = conv_bn(net, in, {.out = out, .kernel = k, .stride = stride, .groups = groups});
    if (branches) {
      y = net.add(y, conv_bn(net, in, {.out = out, .stride = stride, .groups = groups}));
      if (stride == 1 && in.dims[1] == out) y = net.add(y, net.batch_norm(in));
    }
    if (net.chance(0.2)) y = squeeze_excite(net, y, part(out, 8), Act::relu, Act::sigmoid);
    return act(net, y, a);
  };
  for (int i = 0; i < blocks; ++i) {
    const std::int64_t stride = maybe_stride(net, x, 0.35);
    const std::int64_t out = stride == 2 ? net.grid(x.dims[1], 2) : x.dims[1];
    if (mobile)
      x = rep(rep(x, x.dims[1], net.kernel({3, 3, 5}), stride, x.dims[1]), out, 1, 1, 1);
    else
      x = rep(x, out, 3, stride,
              net.chance(0.2) ? divisor(std::min(out, x.dims[1]), 2) == 2 && out % 2 == 0 && x.dims[1] % 2 == 0 ? 2 : 1
                              : 1);
  }
  map_head(net, x);
}

/// Convolutions of every kind, where no family would go: the wide ranges.
void odd_convolutions(Net& net) {
  Value x = feature_map(net, 3, 640, 3, 96);
  const int layers = net.depth(5, 10);
  for (int i = 0; i < layers; ++i) {
    ConvSpec spec{.out = net.channels(6, 1024)};
    const std::int64_t k = net.pick({1, 1, 2, 3, 3, 3, 4, 5, 5, 7, 9, 11});
    const std::int64_t most = std::min(x.dims[2], x.dims[3]);
    spec.kernel = net.chance(0.75) ? Size2(std::min(k, most))
                                   : Size2(std::min(k, most), std::min<std::int64_t>(net.pick({1, 3, 5}), most));
    if (net.chance(0.25)) spec.stride = net.pick({2, 2, 3, 4});
    if (net.chance(0.2)) spec.dilation = net.pick({2, 2, 3, 4, 6});
    if (net.chance(0.3)) {
      spec.groups = divisor(x.dims[1], net.pick({2, 3, 4, 8, 16, 32, 64}));
      spec.out = std::max<std::int64_t>(1, spec.out / spec.groups) * spec.groups;
    }
    spec.bias = net.chance(0.8);
    const std::int64_t reach = std::max(spec.kernel.h, spec.kernel.w) * spec.dilation.h;
    if (reach <= most && net.chance(0.2)) spec.pads = Pads{};
    if (x.dims[2] <= 3 || x.dims[3] <= 3) spec.stride = 1;
    x = act(net, net.chance(0.3) ? net.batch_norm(net.conv(x, spec)) : net.conv(x, spec),
            net.pick({Act::relu, Act::relu, Act::none, Act::leaky, Act::sigmoid, Act::tanh, Act::relu6, Act::silu,
                      Act::hsigmoid, Act::hswish, Act::elu}));
  }
}

constexpr std::array kFamilies{
    Family{"nfnet", FamilyKind::cnn, 0.8, 0.8, nfnet},
    Family{"repvgg", FamilyKind::cnn, 0.9, 1.0, repvgg},
    Family{"odd_convolutions", FamilyKind::operators, 1.0, 0.8, odd_convolutions, kProbe},
};

}  // namespace

std::span<const Family> convolution_families() { return kFamilies; }

}  // namespace latcast::carriers
