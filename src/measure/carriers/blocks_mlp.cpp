// All-MLP vision networks: mixing over tokens, over channels, over rows and columns.
#include <algorithm>
#include <array>

#include "measure/carriers/families.h"

namespace latcast::carriers {

namespace {

struct Grid {
  Value x;  // [1, side*side, c]
  std::int64_t side;
};

Grid patches(Net& net, std::int64_t low, std::int64_t high) {
  const std::int64_t c = net.width(low, high), side = net.side(4, 28);
  if (net.knobs.start < 0.5) {
    const std::int64_t p = net.pick({8, 16, 16, 32});
    return {tokens_of(net, net.conv(net.input({1, 3, side * p, side * p}),
                                    {.out = c, .kernel = p, .stride = p, .pads = Pads{}})),
            side};
  }
  return {net.input({1, side * side, c}), side};
}

Act mixer_act(Net& net) { return net.pick({Act::gelu, Act::gelu, Act::gelu, Act::silu, Act::relu}); }

void mixer(Net& net) {
  auto [x, side] = patches(net, 48, 1024);
  const std::int64_t n = x.dims[1], c = x.dims[2];
  const int blocks = net.depth(2, 4);
  const bool gated = net.chance(0.25);
  for (int i = 0; i < blocks; ++i) {
    const Act a = mixer_act(net);
    const auto layer = [&](const Value& v, std::int64_t hidden) {
      if (!gated) return mlp(net, v, hidden, a);
      const auto halves = net.split(linear(net, v, hidden / 2 * 2), -1, 2);
      return linear(net, net.mul(halves[0], silu(net, halves[1])), v.dim(-1));
    };
    const std::int64_t hidden = std::max<std::int64_t>(4, net.grid(c, net.pick({0.25, 0.5, 1.0})));
    const Value t = layer(net.transpose(layer_norm(net, x), {0, 2, 1}), hidden);
    x = net.add(x, net.transpose(t, {0, 2, 1}));
    x = net.add(x, layer(layer_norm(net, x), c * net.pick({2, 3, 4})));
  }
  (void)n;
  token_head(net, x);
}

void resmlp(Net& net) {
  auto [x, side] = patches(net, 48, 768);
  const std::int64_t n = x.dims[1], c = x.dims[2];
  const auto affine = [&](const Value& v) {
    return net.add(net.mul(net.filled({1, 1, c}, 0.9F), v), net.weight({1, 1, c}, 0.1F));
  };
  const int blocks = net.depth(2, 4);
  for (int i = 0; i < blocks; ++i) {
    const Value t = net.transpose(linear(net, net.transpose(affine(x), {0, 2, 1}), n), {0, 2, 1});
    x = net.add(x, net.mul(net.filled({c}, 0.4F), t));
    x = net.add(x, net.mul(net.filled({c}, 0.4F), mlp(net, affine(x), c * net.pick({2, 4, 4}), mixer_act(net))));
  }
  token_head(net, affine(x));
}

/// Spatial gating.
void gmlp(Net& net) {
  auto [x, side] = patches(net, 48, 512);
  const std::int64_t n = x.dims[1], c = x.dims[2];
  const int blocks = net.depth(2, 4);
  for (int i = 0; i < blocks; ++i) {
    const std::int64_t hidden = c * net.pick({2, 4, 6});
    const Value u = act(net, linear(net, layer_norm(net, x), hidden), Act::gelu);
    const auto halves = net.split(u, -1, Ints{hidden / 2, hidden - hidden / 2});
    Value gate = net.transpose(layer_norm(net, halves[1]), {0, 2, 1});
    gate = net.chance(0.7) ? net.transpose(linear(net, gate, n), {0, 2, 1})
                           : net.transpose(net.conv(net.transpose(gate, {0, 2, 1}), {.out = n}), {0, 1, 2});
    x = net.add(x, linear(net, net.mul(halves[0], gate), c));
  }
  token_head(net, x);
}

/// Permutator, S2-MLP, CycleMLP-like: axes mixed one by one; shifts by slices.
void permutator(Net& net) {
  const std::int64_t side = net.side(4, 28), s = net.pick({4, 6, 8, 12});
  const std::int64_t c = std::max<std::int64_t>(1, net.width(32, 384) / (4 * s)) * 4 * s;
  Value x = to_last(net, net.conv(net.input({1, net.pick({3, 32}), side, side}), {.out = c}));
  const int blocks = net.depth(1, 3);
  for (int i = 0; i < blocks; ++i) {
    const Value u = layer_norm(net, x);
    std::vector<Value> views;
    if (net.chance(0.6)) {
      const std::int64_t g = c / s;
      Value h = net.transpose(net.reshape(u, {1, side, side, s, g}), {0, 3, 2, 1, 4});
      h = linear(net, net.reshape(h, {1, s, side, side * g}), side * g);
      h = net.reshape(net.transpose(net.reshape(h, {1, s, side, side, g}), {0, 3, 2, 1, 4}), {1, side, side, c});
      Value w = net.transpose(net.reshape(u, {1, side, side, s, g}), {0, 1, 3, 2, 4});
      w = linear(net, net.reshape(w, {1, side, s, side * g}), side * g);
      w = net.reshape(net.transpose(net.reshape(w, {1, side, s, side, g}), {0, 1, 3, 2, 4}), {1, side, side, c});
      views = {h, w, linear(net, u, c)};
    } else {  // shifted quarters
      const auto parts = net.split(linear(net, u, c), -1, 4);
      const auto shift = [&](const Value& v, int axis, bool forward) {
        const Value edge = forward ? net.slice(v, axis, 0, 1) : net.slice(v, axis, side - 1, side);
        const Value rest = forward ? net.slice(v, axis, 0, side - 1) : net.slice(v, axis, 1, side);
        return forward ? net.concat({edge, rest}, axis) : net.concat({rest, edge}, axis);
      };
      const Value moved = net.concat(
          {shift(parts[0], 1, true), shift(parts[1], 1, false), shift(parts[2], 2, true), shift(parts[3], 2, false)},
          -1);
      views = {act(net, moved, Act::gelu), linear(net, u, c)};
    }
    Value sum = views[0];
    for (std::size_t k = 1; k < views.size(); ++k) sum = net.add(sum, views[k]);
    if (net.chance(0.6)) {  // weighted by a softmax over the views
      const auto count = static_cast<std::int64_t>(views.size());
      Value a = mlp(net, net.mean(sum, {1, 2}, false), part(c, 4, 4), Act::gelu, count * c);
      a = net.softmax(net.transpose(net.reshape(a, {1, c, count}), {2, 0, 1}), 0);
      Value mixed;
      for (std::int64_t k = 0; k < count; ++k) {
        const Value weight = net.reshape(net.gather(a, 0, k), {1, 1, 1, c});
        const Value part = net.mul(views[static_cast<std::size_t>(k)], weight);
        mixed = k == 0 ? part : net.add(mixed, part);
      }
      sum = mixed;
    }
    x = net.add(x, linear(net, sum, c));
    x = net.add(x, mlp(net, layer_norm(net, x), c * net.pick({3, 4}), Act::gelu));
  }
  map_head(net, to_first(net, x));
}

constexpr std::array kFamilies{
    Family{"mixer", FamilyKind::mlp, 1.3, 1.0, mixer},
    Family{"resmlp", FamilyKind::mlp, 0.9, 0.9, resmlp},
    Family{"gmlp", FamilyKind::mlp, 0.9, 0.8, gmlp},
    Family{"permutator", FamilyKind::mlp, 0.9, 0.7, permutator},
};

}  // namespace

std::span<const Family> mlp_families() { return kFamilies; }

}  // namespace latcast::carriers
