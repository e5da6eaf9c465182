// Maps and tokens: from one to the other, how networks begin and how they end.
#include <algorithm>
#include <cmath>

#include "measure/carriers/net.h"

namespace latcast::carriers {

Value tokens_of(Net& net, const Value& map) {
  const std::int64_t n = map.dims[0], c = map.dims[1];
  return net.b.transpose(net.b.reshape(map, {n, c, -1}), {0, 2, 1});
}

Value map_of(Net& net, const Value& tokens, std::int64_t h, std::int64_t w) {
  const std::int64_t n = tokens.dims[0], c = tokens.dims[2];
  if (net.rng.chance(0.3)) return net.b.transpose(net.b.reshape(tokens, {n, h, w, c}), {0, 3, 1, 2});
  return net.b.reshape(net.b.transpose(tokens, {0, 2, 1}), {n, c, h, w});
}

Value to_last(Net& net, const Value& map) { return net.b.transpose(map, {0, 2, 3, 1}); }
Value to_first(Net& net, const Value& map) { return net.b.transpose(map, {0, 3, 1, 2}); }

Value unfold(Net& net, const Value& map, std::int64_t kernel, std::int64_t stride) {
  auto& b = net.b;
  const auto indices = [&](std::int64_t size) {
    const std::int64_t places = (size - kernel) / stride + 1;
    Ints all;
    for (std::int64_t k = 0; k < kernel; ++k)
      for (std::int64_t p = 0; p < places; ++p) all.push_back(p * stride + k);
    return b.int_tensor(all, {kernel, places});
  };
  const Value rows = b.gather(map, 2, indices(map.dims[2]));   // [1,C,k,P,W]
  const Value both = b.gather(rows, 4, indices(map.dims[3]));  // [1,C,k,P,k,Q]
  return b.reshape(b.transpose(both, {0, 1, 2, 4, 3, 5}), {1, map.dims[1] * kernel * kernel, -1});
}

Value channel_shuffle(Net& net, const Value& x, std::int64_t groups) {
  auto& b = net.b;
  const std::int64_t n = x.dims[0], c = x.dims[1], h = x.dims[2], w = x.dims[3];
  return b.reshape(b.transpose(b.reshape(x, {n, groups, c / groups, h, w}), {0, 2, 1, 3, 4}), {n, c, h, w});
}

Value image_stem(Net& net, std::int64_t out, Act a) {
  auto& b = net.b;
  auto& rng = net.rng;
  const std::int64_t side = net.side(32, 320);
  const std::int64_t other = rng.chance(0.12) ? std::max<std::int64_t>(16, side * 3 / 4) : side;
  const Value image = b.input({1, rng.chance(0.85) ? 3 : rng.pick({1, 1, 1, 2, 4, 6}), std::max<std::int64_t>(side, 16),
                               std::max<std::int64_t>(other, 16)});
  switch (rng.integer(0, 7)) {
    case 0:
      return b.max_pool(conv_bn(net, image, {.out = out, .kernel = 7, .stride = 2}, a),
                        {.kernel = 3, .stride = 2, .pad = 1});
    case 1:
      return conv_bn(net, image, {.out = out, .kernel = 3, .stride = 2}, a);
    case 2: {
      Value y = conv_bn(net, image, {.out = net.grid(static_cast<double>(out) / 2), .kernel = 3, .stride = 2}, a);
      y = conv_bn(net, y, {.out = net.grid(static_cast<double>(out) / 2), .kernel = 3}, a);
      y = conv_bn(net, y, {.out = out, .kernel = 3}, a);
      return rng.chance(0.6) ? b.max_pool(y, {.kernel = 3, .stride = 2, .pad = 1}) : y;
    }
    case 3: {
      const std::int64_t p = rng.pick({2, 4, 4, 8});
      return conv_bn(net, image, {.out = out, .kernel = p, .stride = p, .pads = Pads{}},
                     rng.chance(0.5) ? a : Act::none);
    }
    case 4: {
      const Value y = conv_bn(net, image, {.out = out, .kernel = 11, .stride = 4, .pads = Pads{2, 2, 2, 2}}, a);
      return rng.chance(0.5) && y.dims[2] > 6 ? b.max_pool(y, {.kernel = 3, .stride = 2}) : y;
    }
    case 5: {
      const Value y = conv_bn(net, image, {.out = out, .kernel = rng.pick({3, 3, 5, 9})}, a);
      return rng.chance(0.4) ? conv_bn(net, y, {.out = out, .kernel = 3}, a) : y;
    }
    case 6: {  // TensorFlow's SAME padding
      const Value padded = b.pad(image, {0, 0, 0, 0, 0, 0, 1, 1});
      return conv_bn(net, padded, {.out = out, .kernel = 3, .stride = 2, .pads = Pads{}}, a);
    }
    default: {
      const std::int64_t k = rng.pick({5, 6, 7});
      return conv_bn(net, image, {.out = out, .kernel = k, .stride = 2}, a);
    }
  }
}

Value feature_map(Net& net, std::int64_t channel_low, std::int64_t channel_high, std::int64_t side_low,
                  std::int64_t side_high, std::int64_t unit) {
  const std::int64_t c = net.width(channel_low, channel_high);
  const std::int64_t h = unit > 1 ? net.side_multiple(unit, side_low, side_high) : net.side(side_low, side_high);
  const std::int64_t w = net.rng.chance(0.15) ? std::max<std::int64_t>(1, h * 3 / 4 / unit) * unit : h;
  const Value x = net.b.input({1, c, h, w});
  return net.rng.chance(0.5) ? net.b.unary("Relu", x) : x;
}

Value image_or_map(Net& net, std::int64_t channel_low, std::int64_t channel_high, double image_share) {
  if (net.knobs.start < image_share) {
    const Act a = modern_act(net);
    return image_stem(
        net, net.width(std::max<std::int64_t>(8, channel_low / 2), std::max<std::int64_t>(16, channel_high / 4)), a);
  }
  return feature_map(net, channel_low, channel_high, 5, 72);
}

Value token_input(Net& net, std::int64_t side, std::int64_t dim) {
  auto& b = net.b;
  auto& rng = net.rng;
  Value x;
  if (rng.chance(0.5)) {
    const std::int64_t patch = rng.pick({4, 8, 14, 16, 16, 16, 32});
    const Value image = b.input({1, 3, side * patch, side * patch});
    const Value map = b.conv(image, {.out = dim, .kernel = patch, .stride = patch, .pads = Pads{}});
    x = tokens_of(net, map);
  } else {
    x = b.input({1, side * side, dim});
  }
  const double extra = rng.uniform();
  if (extra < 0.6) {
    Value token = b.weight({1, 1, dim}, 0.5F);
    if (rng.chance(0.5)) token = b.expand(token, {1, 1, dim});
    x = extra < 0.5 ? b.concat({token, x}, 1) : b.concat({token, b.weight({1, rng.integer(1, 4), dim}, 0.5F), x}, 1);
  }
  if (rng.chance(0.85)) x = b.add(x, b.weight({1, x.dims[1], dim}, 0.5F));
  return x;
}

Value classifier(Net& net, const Value& flat) {
  auto& rng = net.rng;
  const double u = rng.uniform();
  std::int64_t classes = 1000;
  if (u < 0.25)
    classes = rng.log_integer(2, 3000);
  else if (u < 0.35)
    classes = rng.pick({10, 100, 365, 525});
  else if (u < 0.375 && flat.dim(-1) <= 768)
    classes = rng.pick({11221, 21841, 21843});
  Value x = flat;
  const Value y = linear(net, x, classes);
  return rng.chance(0.15) ? net.b.softmax(y, 1) : y;
}

Value map_head(Net& net, const Value& x) {
  auto& b = net.b;
  auto& rng = net.rng;
  const std::int64_t c = x.dims[1];
  switch (rng.integer(0, 11)) {
    case 0:
      return b.flatten(pool_1x1(net, conv(net, x, {.out = rng.pick({10, 100, 1000})}, Act::relu)));
    case 1: {  // MobileNetV3
      const Value y = conv(net, pool_1x1(net, pointwise(net, x, net.grid(static_cast<double>(c) * 3), Act::hswish)),
                           {.out = net.grid(static_cast<double>(c) * 4)}, Act::hswish);
      return classifier(net, b.flatten(y));
    }
    case 2: {
      const Value y = pointwise(net, x, net.grid(static_cast<double>(c) * rng.log_uniform(1.3, 4)),
                                rng.pick({Act::relu6, Act::silu, Act::relu}));
      return classifier(net, b.flatten(pool_1x1(net, y)));
    }
    case 3:
      return classifier(net, b.reduce("ReduceMean", x, rng.chance(0.5) ? Ints{2, 3} : Ints{-2, -1}, false));
    case 4: {
      const Value y = layer_norm_2d(net, pool_1x1(net, x), rng.chance(0.4));
      return classifier(net, b.flatten(y));
    }
    case 5: {
      const Value y = b.flatten(b.global_max_pool(x));
      return classifier(net, act(net, linear(net, y, net.grid(static_cast<double>(c))), Act::relu));
    }
    case 6: {
      if (x.dims[2] < 4 || x.elements() > 30000) break;
      Value y = b.flatten(x);
      return classifier(net, act(net, linear(net, y, rng.log_integer(16, 512)), Act::relu));
    }
    case 7: {
      if (x.dims[2] < 7 || x.dims[3] < 7) break;
      const Value y = b.avg_pool(x, {.kernel = 7, .stride = 7});
      return y.elements() > 16000 ? y : classifier(net, b.flatten(y));
    }
    case 8:
      return x;
    default:
      break;
  }
  const Value pooled = pool_1x1(net, x);
  return classifier(net, rng.chance(0.7) ? b.flatten(pooled) : b.reshape(pooled, {1, c}));
}

Value token_head(Net& net, const Value& x) {
  auto& b = net.b;
  auto& rng = net.rng;
  const Value y = rng.chance(0.85) ? layer_norm(net, x) : x;
  switch (rng.integer(0, 3)) {
    case 0:
      return classifier(net, b.reduce("ReduceMean", y, {1}, false));
    case 1:
      return classifier(net, b.gather(y, 1, b.int_scalar(0)));
    case 2:
      return classifier(net, b.squeeze(b.slice(y, 1, 0, 1), {1}));
    default:
      if (y.dims[1] < 3) return y;
      return classifier(net, b.reduce("ReduceMean", b.slice(y, 1, 1, y.dims[1]), {1}, false));
  }
}

}  // namespace latcast::carriers
