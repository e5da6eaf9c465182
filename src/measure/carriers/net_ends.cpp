// Maps and tokens: from one to the other, how networks begin and how they end.
#include <algorithm>
#include <cmath>

#include "measure/carriers/net.h"

namespace latcast::carriers {

Value tokens_of(Net& net, const Value& map) {
  const std::int64_t n = map.dims[0], c = map.dims[1];
  return net.transpose(net.reshape(map, {n, c, -1}), {0, 2, 1});
}

Value map_of(Net& net, const Value& tokens, std::int64_t h, std::int64_t w) {
  const std::int64_t n = tokens.dims[0], c = tokens.dims[2];
  if (net.chance(0.3)) return net.transpose(net.reshape(tokens, {n, h, w, c}), {0, 3, 1, 2});
  return net.reshape(net.transpose(tokens, {0, 2, 1}), {n, c, h, w});
}

Value to_last(Net& net, const Value& map) { return net.transpose(map, {0, 2, 3, 1}); }
Value to_first(Net& net, const Value& map) { return net.transpose(map, {0, 3, 1, 2}); }

Value unfold(Net& net, const Value& map, std::int64_t kernel, std::int64_t stride) {
  const auto indices = [&](std::int64_t size) {
    const std::int64_t places = (size - kernel) / stride + 1;
    Ints all;
    for (std::int64_t k = 0; k < kernel; ++k)
      for (std::int64_t p = 0; p < places; ++p) all.push_back(p * stride + k);
    return net.int_tensor(all, {kernel, places});
  };
  const Value rows = net.gather(map, 2, indices(map.dims[2]));   // [1,C,k,P,W]
  const Value both = net.gather(rows, 4, indices(map.dims[3]));  // [1,C,k,P,k,Q]
  return net.reshape(net.transpose(both, {0, 1, 2, 4, 3, 5}), {1, map.dims[1] * kernel * kernel, -1});
}

Value channel_shuffle(Net& net, const Value& x, std::int64_t groups) {
  const std::int64_t n = x.dims[0], c = x.dims[1], h = x.dims[2], w = x.dims[3];
  return net.reshape(net.transpose(net.reshape(x, {n, groups, c / groups, h, w}), {0, 2, 1, 3, 4}), {n, c, h, w});
}

Value image_stem(Net& net, std::int64_t out, Act a) {
  const std::int64_t side = net.side(32, 320);
  const std::int64_t other = net.chance(0.12) ? std::max<std::int64_t>(16, side * 3 / 4) : side;
  const Value image = net.input({1, net.chance(0.85) ? 3 : net.pick({1, 1, 1, 2, 4, 6}),
                                 std::max<std::int64_t>(side, 16), std::max<std::int64_t>(other, 16)});
  switch (net.integer(0, 7)) {
    case 0:
      return net.max_pool(conv_bn(net, image, {.out = out, .kernel = 7, .stride = 2}, a),
                          {.kernel = 3, .stride = 2, .pad = 1});
    case 1:
      return conv_bn(net, image, {.out = out, .kernel = 3, .stride = 2}, a);
    case 2: {
      Value y = conv_bn(net, image, {.out = net.grid(out, 0.5), .kernel = 3, .stride = 2}, a);
      y = conv_bn(net, y, {.out = net.grid(out, 0.5), .kernel = 3}, a);
      y = conv_bn(net, y, {.out = out, .kernel = 3}, a);
      return net.chance(0.6) ? net.max_pool(y, {.kernel = 3, .stride = 2, .pad = 1}) : y;
    }
    case 3: {
      const std::int64_t p = net.pick({2, 4, 4, 8});
      return conv_bn(net, image, {.out = out, .kernel = p, .stride = p, .pads = Pads{}},
                     net.chance(0.5) ? a : Act::none);
    }
    case 4: {
      const Value y = conv_bn(net, image, {.out = out, .kernel = 11, .stride = 4, .pads = Pads{2, 2, 2, 2}}, a);
      return net.chance(0.5) && y.dims[2] > 6 ? net.max_pool(y, {.kernel = 3, .stride = 2}) : y;
    }
    case 5: {
      const Value y = conv_bn(net, image, {.out = out, .kernel = net.pick({3, 3, 5, 9})}, a);
      return net.chance(0.4) ? conv_bn(net, y, {.out = out, .kernel = 3}, a) : y;
    }
    case 6: {  // TensorFlow's SAME padding
      const Value padded = net.pad(image, {0, 0, 0, 0, 0, 0, 1, 1});
      return conv_bn(net, padded, {.out = out, .kernel = 3, .stride = 2, .pads = Pads{}}, a);
    }
    default: {
      const std::int64_t k = net.pick({5, 6, 7});
      return conv_bn(net, image, {.out = out, .kernel = k, .stride = 2}, a);
    }
  }
}

Value feature_map(Net& net, std::int64_t channel_low, std::int64_t channel_high, std::int64_t side_low,
                  std::int64_t side_high, std::int64_t unit) {
  const std::int64_t c = net.width(channel_low, channel_high);
  const std::int64_t h = unit > 1 ? net.side_multiple(unit, side_low, side_high) : net.side(side_low, side_high);
  const std::int64_t w = net.chance(0.15) ? std::max<std::int64_t>(1, h * 3 / 4 / unit) * unit : h;
  const Value x = net.input({1, c, h, w});
  return net.chance(0.5) ? net.node("Relu", {x}) : x;
}

Value image_or_map(Net& net, std::int64_t channel_low, std::int64_t channel_high, double image_share) {
  if (net.knobs.start < image_share) {
    const Act a = modern_act(net);
    return image_stem(net, net.width(part(channel_low, 2, 8), part(channel_high, 4, 16)), a);
  }
  return feature_map(net, channel_low, channel_high, 5, 72);
}

Value token_input(Net& net, std::int64_t side, std::int64_t dim) {
  Value x;
  if (net.chance(0.5)) {
    const std::int64_t patch = net.pick({4, 8, 14, 16, 16, 16, 32});
    const Value image = net.input({1, 3, side * patch, side * patch});
    const Value map = net.conv(image, {.out = dim, .kernel = patch, .stride = patch, .pads = Pads{}});
    x = tokens_of(net, map);
  } else {
    x = net.input({1, side * side, dim});
  }
  const double extra = net.uniform();
  if (extra < 0.6) {
    Value token = net.weight({1, 1, dim}, 0.5F);
    if (net.chance(0.5)) token = net.expand(token, {1, 1, dim});
    x = extra < 0.5 ? net.concat({token, x}, 1)
                    : net.concat({token, net.weight({1, net.integer(1, 4), dim}, 0.5F), x}, 1);
  }
  if (net.chance(0.85)) x = net.add(x, net.weight({1, x.dims[1], dim}, 0.5F));
  return x;
}

Value classifier(Net& net, const Value& flat) {
  const double u = net.uniform();
  std::int64_t classes = 1000;
  if (u < 0.25)
    classes = net.log_integer(2, 3000);
  else if (u < 0.35)
    classes = net.pick({10, 100, 365, 525});
  else if (u < 0.375 && flat.dim(-1) <= 768)
    classes = net.pick({11221, 21841, 21843});
  Value y = linear(net, flat, classes);
  return net.chance(0.15) ? net.softmax(y, 1) : y;
}

Value map_head(Net& net, const Value& x) {
  const std::int64_t c = x.dims[1];
  switch (net.integer(0, 11)) {
    case 0:
      return net.flatten(pool_1x1(net, conv(net, x, {.out = net.pick({10, 100, 1000})}, Act::relu)));
    case 1: {  // MobileNetV3
      const Value y = conv(net, pool_1x1(net, pointwise(net, x, net.grid(c, 3), Act::hswish)), {.out = net.grid(c, 4)},
                           Act::hswish);
      return classifier(net, net.flatten(y));
    }
    case 2: {
      const Value y =
          pointwise(net, x, net.grid(c, net.log_uniform(1.3, 4)), net.pick({Act::relu6, Act::silu, Act::relu}));
      return classifier(net, net.flatten(pool_1x1(net, y)));
    }
    case 3:
      return classifier(net, net.mean(x, net.chance(0.5) ? Ints{2, 3} : Ints{-2, -1}, false));
    case 4: {
      const Value y = layer_norm_2d(net, pool_1x1(net, x), net.chance(0.4));
      return classifier(net, net.flatten(y));
    }
    case 5: {
      const Value y = net.flatten(net.node("GlobalMaxPool", {x}));
      return classifier(net, act(net, linear(net, y, net.grid(c)), Act::relu));
    }
    case 6: {
      if (x.dims[2] < 4 || x.elements() > 30000) break;
      Value y = net.flatten(x);
      return classifier(net, act(net, linear(net, y, net.log_integer(16, 512)), Act::relu));
    }
    case 7: {
      if (x.dims[2] < 7 || x.dims[3] < 7) break;
      const Value y = net.avg_pool(x, {.kernel = 7, .stride = 7});
      return y.elements() > 16000 ? y : classifier(net, net.flatten(y));
    }
    case 8:
      return x;
    default:
      break;
  }
  const Value pooled = pool_1x1(net, x);
  return classifier(net, net.chance(0.7) ? net.flatten(pooled) : net.reshape(pooled, {1, c}));
}

Value token_head(Net& net, const Value& x) {
  Value y = net.chance(0.85) ? layer_norm(net, x) : x;
  switch (net.integer(0, 3)) {
    case 0:
      return classifier(net, net.mean(y, {1}, false));
    case 1:
      return classifier(net, net.gather(y, 1, 0));
    case 2:
      return classifier(net, net.squeeze(net.slice(y, 1, 0, 1), {1}));
    default:
      if (y.dims[1] < 3) return y;
      return classifier(net, net.mean(net.slice(y, 1, 1, y.dims[1]), {1}, false));
  }
}

}  // namespace latcast::carriers
