// Probes: pools, norms and products alone.
#include <algorithm>
#include <array>
#include <cmath>
#include <string>

#include "measure/carriers/families.h"

namespace latcast::carriers {

namespace {

void pools(Net& net) {
  const int count = net.depth(6, 10);
  for (int i = 0; i < count; ++i) {
    const std::int64_t side = net.side(5, 96), c = net.channels(3, 512);
    Value x = warm(net, Shape{1, c, std::max<std::int64_t>(2, side), std::max<std::int64_t>(2, side)});
    if (net.chance(0.6)) x = conv_bn(net, x, {.out = c}, Act::relu);
    const std::int64_t most = std::min(x.dims[2], x.dims[3]);
    const std::int64_t k = std::min<std::int64_t>(net.pick({2, 2, 3, 3, 3, 5, 7, 9, 13}), most);
    PoolSpec spec{.kernel = k,
                  .stride = net.pick({std::int64_t{1}, std::int64_t{2}, std::int64_t{2}, k}),
                  .pad = net.chance(0.5) ? k / 2 : 0,
                  .ceil_mode = net.chance(0.25),
                  .count_include_pad = net.chance(0.5)};
    Value y;
    switch (net.integer(0, 6)) {
      case 0:
        y = net.node("GlobalAveragePool", {x});
        break;
      case 1:
        y = net.node("GlobalMaxPool", {x});
        break;
      case 2:
      case 3:
        y = net.avg_pool(x, spec);
        break;
      default:
        y = net.max_pool(x, spec);
    }
    if (net.chance(0.5)) pointwise(net, y, net.grid(c));
  }
}

void norms(Net& net) {
  const int count = net.depth(5, 9);
  for (int i = 0; i < count; ++i) {
    switch (net.integer(0, 9)) {
      case 0:
        net.batch_norm(warm(net, 200, 5e5));
        break;
      case 1:
        net.batch_norm(warm(net, Shape{1, net.channels(8, 1024), net.side(4, 200)}));
        break;
      case 2:
        net.batch_norm(warm(net, Shape{net.pick({1, 16, 49, 196}), net.channels(16, 1024)}));
        break;
      case 3: {
        const Value x = warm(net, 500, 5e5, 3);
        if (x.rank() == 4) net.instance_norm(x);
        break;
      }
      case 4: {
        const Value x = warm(net, Shape{1, net.channels(16, 512), net.side(4, 64), net.side(4, 64)});
        group_norm(net, x, net.chance(0.5) ? 1 : divisor(x.dims[1], net.pick({4, 8, 16, 32})));
        break;
      }
      case 5:
        rms_norm(net, warm(net, 200, 5e5));
        break;
      case 6:
        l2_normalize(net, warm(net, 200, 3e5), net.pick({-1, 1}));
        break;
      case 7: {
        const Value x = warm(net, Shape{1, net.channels(16, 256), net.side(5, 64), net.side(5, 64)});
        net.node("LRN", {x}, {{"alpha", 1e-4F}, {"beta", 0.75F}, {"bias", 2.0F}, {"size", 5}});
        break;
      }
      default: {
        const Value x = warm(net, 200, 5e5);
        const Value y = layer_norm(net, net.chance(0.5) ? net.add(x, warm(net, x.dims)) : x);
        if (net.chance(0.5)) net.add(x, y);
      }
    }
  }
}

void gemms(Net& net) {
  const int count = net.depth(5, 10);
  for (int i = 0; i < count; ++i) {
    const std::int64_t m =
        net.chance(0.35) ? 1 : std::max<std::int64_t>(1, std::llround(net.spatial_scale * net.log_uniform(2, 1500)));
    const std::int64_t k = net.channels(8, 2048), n = net.channels(4, 2048);
    Value y = net.gemm(warm(net, Shape{m, k}), n, net.chance(0.85), net.chance(0.7));
    y = act(net, y,
            net.pick({Act::none, Act::relu, Act::gelu, Act::tanh, Act::sigmoid, Act::leaky, Act::relu6, Act::silu}));
    if (net.chance(0.4)) net.add(y, net.gemm(warm(net, Shape{m, n}), n));
  }
}

void matmuls(Net& net) {
  const int count = net.depth(5, 9);
  for (int i = 0; i < count; ++i) {
    const std::int64_t batch = net.pick({1, 1, 1, 4, 16, 64}), heads = net.pick({1, 2, 3, 4, 6, 8, 12});
    const auto extent = [&](std::int64_t low, std::int64_t high) {
      return std::max<std::int64_t>(1,
                                    std::llround(std::sqrt(net.width_scale * net.spatial_scale) *
                                                 net.log_uniform(static_cast<double>(low), static_cast<double>(high))));
    };
    const std::int64_t m = extent(1, 512), n = extent(1, 512), k = extent(4, 256);
    const Value a = warm(net, Shape{batch, heads, m, k});
    switch (net.integer(0, 7)) {
      case 0:
        net.matmul(a, warm(net, Shape{batch, heads, k, n}));
        break;
      case 1:
        net.matmul(a, net.transpose(warm(net, Shape{batch, heads, n, k}), {0, 1, 3, 2}));
        break;
      case 2:
        net.mul(net.matmul(a, net.transpose(warm(net, Shape{batch, heads, n, k}), {0, 1, 3, 2})), 0.2F);
        break;
      case 3:
        net.matmul(net.transpose(a, {0, 1, 3, 2}), warm(net, Shape{batch, heads, m, n}));
        break;
      case 4:
        linear(net, warm(net, Shape{batch, m, k}), n, net.chance(0.7));
        break;
      case 5:
        linear(net, warm(net, Shape{1, net.pick({7, 14, 28}), net.pick({7, 14, 28}), k}), n, net.chance(0.7));
        break;
      case 6:
        net.matmul(warm(net, Shape{heads, m, k}), net.weight({heads, k, n}, 0.1F));
        break;
      default: {
        const Value c = warm(net, Shape{batch, heads, n, k});
        if (net.chance(0.5)) {
          net.node("Einsum", {a, c}, {{"equation", "bhmk,bhnk->bhmn"}});
        } else {
          const Value e = warm(net, Shape{batch, m, k});
          net.node("Einsum", {e, net.weight({k, heads, n}, 0.1F)}, {{"equation", "ibh,hnd->ibnd"}});
        }
      }
    }
  }
}

constexpr std::array kFamilies{
    Family{"pools", FamilyKind::operators, 0.7, 0.2, pools, kProbe},
    Family{"norms", FamilyKind::operators, 0.9, 0.12, norms, kProbe},
    Family{"gemms", FamilyKind::operators, 1.2, 0.6, gemms, kProbe},
    Family{"matmuls", FamilyKind::operators, 1.0, 0.6, matmuls, kProbe},
};

}  // namespace

std::span<const Family> layer_probes() { return kFamilies; }

}  // namespace latcast::carriers
