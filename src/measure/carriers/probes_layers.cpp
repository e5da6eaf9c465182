// Probes: pools, norms and products alone.
#include <algorithm>
#include <array>
#include <cmath>
#include <string>

#include "measure/carriers/families.h"
#include "measure/carriers/warm_input.h"

namespace latcast::carriers {

namespace {

void pools(Net& net) {
  auto& b = net.b;
  const int count = net.depth(6, 10);
  for (int i = 0; i < count; ++i) {
    const std::int64_t side = net.side(5, 96), c = net.channels(3, 512);
    Value x = warm(net, Shape{1, c, std::max<std::int64_t>(2, side), std::max<std::int64_t>(2, side)});
    if (net.rng.chance(0.6)) x = conv_bn(net, x, {.out = c}, Act::relu);
    const std::int64_t most = std::min(x.dims[2], x.dims[3]);
    const std::int64_t k = std::min<std::int64_t>(net.rng.pick({2, 2, 3, 3, 3, 5, 7, 9, 13}), most);
    PoolSpec spec{.kernel = k,
                  .stride = net.rng.pick({std::int64_t{1}, std::int64_t{2}, std::int64_t{2}, k}),
                  .pad = net.rng.chance(0.5) ? k / 2 : 0,
                  .ceil_mode = net.rng.chance(0.25),
                  .count_include_pad = net.rng.chance(0.5)};
    Value y;
    switch (net.rng.integer(0, 6)) {
      case 0:
        y = b.global_avg_pool(x);
        break;
      case 1:
        y = b.global_max_pool(x);
        break;
      case 2:
      case 3:
        y = b.avg_pool(x, spec);
        break;
      default:
        y = b.max_pool(x, spec);
    }
    if (net.rng.chance(0.5)) pointwise(net, y, net.grid(static_cast<double>(c)));
  }
}

void norms(Net& net) {
  auto& b = net.b;
  const int count = net.depth(5, 9);
  for (int i = 0; i < count; ++i) {
    switch (net.rng.integer(0, 9)) {
      case 0:
        b.batch_norm(warm(net, 200, 5e5));
        break;
      case 1:
        b.batch_norm(warm(net, Shape{1, net.channels(8, 1024), net.side(4, 200)}));
        break;
      case 2:
        b.batch_norm(warm(net, Shape{net.rng.pick({1, 16, 49, 196}), net.channels(16, 1024)}));
        break;
      case 3: {
        const Value x = warm(net, 500, 5e5, 3);
        if (x.rank() == 4) b.instance_norm(x);
        break;
      }
      case 4: {
        const Value x = warm(net, Shape{1, net.channels(16, 512), net.side(4, 64), net.side(4, 64)});
        group_norm(net, x, net.rng.chance(0.5) ? 1 : divisor(x.dims[1], net.rng.pick({4, 8, 16, 32})));
        break;
      }
      case 5:
        rms_norm(net, warm(net, 200, 5e5));
        break;
      case 6:
        l2_normalize(net, warm(net, 200, 3e5), net.rng.pick({-1, 1}));
        break;
      case 7: {
        const Value x = warm(net, Shape{1, net.channels(16, 256), net.side(5, 64), net.side(5, 64)});
        b.node("LRN", {x}, {attr("alpha", 1e-4F), attr("beta", 0.75F), attr("bias", 2.0F), attr("size", 5)}, x.dims);
        break;
      }
      default: {
        const Value x = warm(net, 200, 5e5);
        const Value y = layer_norm(net, net.rng.chance(0.5) ? b.add(x, warm(net, x.dims)) : x);
        if (net.rng.chance(0.5)) b.add(x, y);
      }
    }
  }
}

void gemms(Net& net) {
  auto& b = net.b;
  const int count = net.depth(5, 10);
  for (int i = 0; i < count; ++i) {
    const std::int64_t m =
        net.rng.chance(0.35)
            ? 1
            : std::max<std::int64_t>(1, std::llround(net.spatial_scale * net.rng.log_uniform(2, 1500)));
    const std::int64_t k = net.channels(8, 2048), n = net.channels(4, 2048);
    Value y = b.gemm(warm(net, Shape{m, k}), n, net.rng.chance(0.85), net.rng.chance(0.7));
    y = act(
        net, y,
        net.rng.pick({Act::none, Act::relu, Act::gelu, Act::tanh, Act::sigmoid, Act::leaky, Act::relu6, Act::silu}));
    if (net.rng.chance(0.4)) b.add(y, b.gemm(warm(net, Shape{m, n}), n));
  }
}

void matmuls(Net& net) {
  auto& b = net.b;
  const int count = net.depth(5, 9);
  for (int i = 0; i < count; ++i) {
    const std::int64_t batch = net.rng.pick({1, 1, 1, 4, 16, 64}), heads = net.rng.pick({1, 2, 3, 4, 6, 8, 12});
    const auto extent = [&](std::int64_t low, std::int64_t high) {
      return std::max<std::int64_t>(
          1, std::llround(std::sqrt(net.width_scale * net.spatial_scale) *
                          net.rng.log_uniform(static_cast<double>(low), static_cast<double>(high))));
    };
    const std::int64_t m = extent(1, 512), n = extent(1, 512), k = extent(4, 256);
    const Value a = warm(net, Shape{batch, heads, m, k});
    switch (net.rng.integer(0, 7)) {
      case 0:
        b.matmul(a, warm(net, Shape{batch, heads, k, n}));
        break;
      case 1:
        b.matmul(a, b.transpose(warm(net, Shape{batch, heads, n, k}), {0, 1, 3, 2}));
        break;
      case 2:
        b.mul(b.matmul(a, b.transpose(warm(net, Shape{batch, heads, n, k}), {0, 1, 3, 2})), 0.2F);
        break;
      case 3:
        b.matmul(b.transpose(a, {0, 1, 3, 2}), warm(net, Shape{batch, heads, m, n}));
        break;
      case 4:
        linear(net, warm(net, Shape{batch, m, k}), n, net.rng.chance(0.7));
        break;
      case 5:
        linear(net, warm(net, Shape{1, net.rng.pick({7, 14, 28}), net.rng.pick({7, 14, 28}), k}), n,
               net.rng.chance(0.7));
        break;
      case 6:
        b.matmul(warm(net, Shape{heads, m, k}), b.weight({heads, k, n}, 0.1F));
        break;
      default: {
        const Value c = warm(net, Shape{batch, heads, n, k});
        if (net.rng.chance(0.5)) {
          b.node("Einsum", {a, c}, {attr("equation", "bhmk,bhnk->bhmn")}, {batch, heads, m, n});
        } else {
          const Value e = warm(net, Shape{batch, m, k});
          b.node("Einsum", {e, b.weight({k, heads, n}, 0.1F)}, {attr("equation", "ibh,hnd->ibnd")},
                 {batch, m, heads, n});
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
