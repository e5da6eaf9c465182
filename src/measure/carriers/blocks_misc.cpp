// Carriers that are no network: short chains of one kind of operator, over all sizes and axes, so that every operator
// has samples where networks have few of them.
#include <algorithm>
#include <array>
#include <cmath>

#include "measure/carriers/net.h"

namespace latcast::carriers {

namespace {

using onnx::DataType;

/// Elements of a tensor: log-uniform from 1e2 to about 2e6, scaled to the carrier's size.
double draw_elements(Net& net, double low = 100, double high = 1e6) {
  return std::clamp(net.rng.log_uniform(low, high) * net.width_scale * net.spatial_scale, 16.0, 1.2e7);
}

std::int64_t rounded(Net& net, double n) {
  const auto v = std::max<std::int64_t>(1, std::llround(n));
  return v >= 8 && net.rng.chance(0.6) ? v / 8 * 8 : v;
}

/// A map, tokens, channels-last map, attention scores, windows or a plain matrix of about so many elements.
Shape draw_shape(Net& net, double elements, std::int64_t least_rank = 2) {
  auto& rng = net.rng;
  switch (rng.integer(least_rank > 2 ? 1 : 0, 6)) {
    case 0:
      return {rng.chance(0.7) ? 1 : rng.log_integer(2, 64), rounded(net, std::min(elements, 8192.0))};
    case 1:
    case 2: {
      const double c = std::clamp(rng.log_uniform(4, 1024), 1.0, std::max(1.0, elements / 4));
      const auto side = std::max<std::int64_t>(1, std::llround(std::sqrt(elements / c)));
      return {1, rounded(net, c), side, rng.chance(0.8) ? side : std::max<std::int64_t>(1, side * 3 / 4)};
    }
    case 3: {
      const double c = std::clamp(rng.log_uniform(8, 1536), 1.0, std::max(1.0, elements / 2));
      return {1, std::max<std::int64_t>(1, std::llround(elements / c)), rounded(net, c)};
    }
    case 4: {
      const double c = std::clamp(rng.log_uniform(8, 768), 1.0, std::max(1.0, elements / 4));
      const auto side = std::max<std::int64_t>(1, std::llround(std::sqrt(elements / c)));
      return {1, side, side, rounded(net, c)};
    }
    case 5: {
      const std::int64_t heads = rng.pick({1, 2, 3, 4, 6, 8, 12, 16});
      const auto n = std::max<std::int64_t>(2, std::llround(std::sqrt(elements / static_cast<double>(heads))));
      return {1, heads, n, n};
    }
    default: {
      const std::int64_t n = rng.pick({16, 49, 49, 64, 100}), d = rng.pick({8, 16, 32, 64});
      const auto batch = std::max<std::int64_t>(1, std::llround(elements / static_cast<double>(n * d)));
      return {batch, n, d};
    }
  }
}

/// A graph input passed through a cheap operator, so that the next one finds it as in a network: just written.
Value warm(Net& net, const Shape& shape) {
  auto& b = net.b;
  const Value x = b.input(shape);
  switch (net.rng.integer(0, 3)) {
    case 0:
      return b.unary("Relu", x);
    case 1:
      return b.add(x, b.weight({shape.back()}, 0.3F));
    case 2:
      return b.mul(x, 0.9F);
    default:
      return b.unary("Sigmoid", x);
  }
}

Value warm(Net& net, double low = 100, double high = 1e6, std::int64_t least_rank = 2) {
  return warm(net, draw_shape(net, draw_elements(net, low, high), least_rank));
}

/// Positive and away from zero.
Value positive(Net& net, const Value& x) { return net.b.add(net.b.unary("Sigmoid", x), 0.1F); }

Value one_unary(Net& net, const Value& x) {
  auto& b = net.b;
  switch (net.rng.integer(0, 28)) {
    case 0:
      return b.unary("Relu", x);
    case 1:
      return b.clip(x, 0.0F, 6.0F);
    case 2:
      return b.unary("Sigmoid", x);
    case 3:
      return b.unary("HardSigmoid", x, {attr("alpha", 1.0F / 6.0F), attr("beta", 0.5F)});
    case 4:
      return b.unary("Tanh", x);
    case 5:
      return b.unary("Erf", x);
    case 6:
      return b.unary("Sqrt", positive(net, x));
    case 7:
      return b.unary("Exp", b.unary("Tanh", x));
    case 8:
      return b.pow(x, net.rng.pick({2.0F, 2.0F, 3.0F}));
    case 9:
      return b.pow(positive(net, x), net.rng.pick({0.5F, 1.5F, 0.33F}));
    case 10:
      return b.unary("Neg", x);
    case 11:
      return b.unary("Softplus", x);
    case 12:
      return b.unary("LeakyRelu", x, {attr("alpha", 0.1F)});
    case 13:
      return act(net, x, Act::prelu);
    case 14:
      return b.unary("Elu", x);
    case 15:
      return act(net, x, Act::mish);
    case 16:
      return silu(net, x);
    case 17:
      return hard_swish(net, x);
    case 18:
      return gelu(net, x);
    case 19:
      return gelu_tanh(net, x);
    case 20:
      return b.unary("Abs", x);
    case 21:
      return b.unary("Log", positive(net, x));
    case 22:
      return b.unary("Reciprocal", positive(net, x));
    case 23:
      return b.unary(net.rng.pick({std::string("Sin"), std::string("Cos")}), x);
    case 24:
      return b.unary(net.rng.pick({std::string("Floor"), std::string("Round"), std::string("Ceil")}), x);
    case 25:
      return act(net, x, net.rng.pick({Act::selu, Act::celu, Act::softsign}));
    case 26:
      return act(net, x, Act::quick_gelu);
    case 27:
      return gelu(net, b.add(x, b.weight({x.dims.back()}, 0.3F)));
    default:
      return act(net, x, Act::hsigmoid);
  }
}

void unary_chain(Net& net) {
  const int chains = net.depth(9, 15);
  for (int i = 0; i < chains; ++i) {
    Value x = warm(net);
    const auto steps = net.rng.integer(2, 3);
    for (int k = 0; k < steps; ++k) x = one_unary(net, x);
  }
}

/// The second operand of a binary operator: the same shape, a scalar, a trailing vector, per channel, per row.
Value operand(Net& net, const Value& x, bool divisor_like) {
  auto& b = net.b;
  auto& rng = net.rng;
  Shape shape;
  switch (rng.integer(0, 7)) {
    case 0:
      return b.scalar(1.3F);
    case 1:
      shape = {x.dims.back()};
      break;
    case 2:
      shape = Shape(x.dims.size() - 1, 1);
      shape[0] = x.dims[1];
      break;
    case 3:
      shape = x.dims;
      shape.back() = 1;
      break;
    case 4:
      shape = Shape(x.dims.size(), 1);
      shape[1] = x.dims[1];
      break;
    case 5:
      shape = x.dims;
      shape[1] = 1;
      break;
    default:
      shape = x.dims;
  }
  if (divisor_like) return b.filled(shape, 1.3F);
  return rng.chance(0.5) ? warm(net, shape) : b.weight(shape, 0.5F);
}

void binary_chain(Net& net) {
  auto& b = net.b;
  const int chains = net.depth(7, 12);
  for (int i = 0; i < chains; ++i) {
    Value x = warm(net);
    const auto steps = net.rng.integer(2, 4);
    for (int k = 0; k < steps; ++k) {
      const std::string op =
          net.rng.pick({std::string("Add"), std::string("Add"), std::string("Mul"), std::string("Mul"),
                        std::string("Sub"), std::string("Div"), std::string("Max"), std::string("Min")});
      const Value y = operand(net, x, op == "Div");
      x = op != "Div" && net.rng.chance(0.25) ? b.binary(op, y, x) : b.binary(op, x, y);
    }
  }
}

void reductions(Net& net) {
  auto& b = net.b;
  const int count = net.depth(8, 14);
  for (int i = 0; i < count; ++i) {
    const Value x = warm(net);
    const int rank = x.rank();
    Ints axes;
    switch (net.rng.integer(0, 6)) {
      case 0:
      case 1:
        axes = {-1};
        break;
      case 2:
        axes = rank > 2 ? Ints{-2, -1} : Ints{-1};
        break;
      case 3:
        axes = {1};
        break;
      case 4:
        axes = rank > 2 ? Ints{rank - 2} : Ints{0};
        break;
      case 5:
        axes = rank == 4 ? Ints{1, 2} : Ints{0};
        break;
      default:
        for (int k = 0; k < rank; ++k) axes.push_back(k);
    }
    const std::string op =
        net.rng.pick({std::string("ReduceMean"), std::string("ReduceMean"), std::string("ReduceSum"),
                      std::string("ReduceMax"), std::string("ReduceL2"), std::string("ReduceMin"),
                      std::string("ReduceL1"), std::string("ReduceSumSquare"), std::string("ReduceProd")});
    const Value y = b.reduce(op == "ReduceProd" && x.elements() > 64 ? "ReduceMean" : op, x, axes, net.rng.chance(0.6));
    if (y.rank() == rank && net.rng.chance(0.3)) b.sub(x, y);
  }
}

void softmaxes(Net& net) {
  auto& b = net.b;
  const int count = net.depth(6, 12);
  for (int i = 0; i < count; ++i) {
    const Value x = warm(net, 100, 5e5);
    if (net.rng.chance(0.2)) {
      b.arg_max(x, net.rng.chance(0.6) ? -1 : 1, net.rng.chance(0.5));
      continue;
    }
    const int axis = net.rng.chance(0.55) ? -1 : static_cast<int>(net.rng.integer(1, x.rank() - 1));
    const Value y = b.softmax(x, axis, net.rng.chance(0.8) ? "Softmax" : "LogSoftmax");
    if (net.rng.chance(0.4)) b.mul(x, y);
  }
}

void transposes(Net& net) {
  auto& b = net.b;
  const int count = net.depth(8, 14);
  for (int i = 0; i < count; ++i) {
    Value x = warm(net, 200, 1e6, 3);
    if (net.rng.chance(0.45)) {  // more axes: windows, heads, patches
      const std::int64_t c = x.dims.back(), f = divisor(c, net.rng.pick({2, 3, 4, 8, 16}));
      Shape shape(x.dims.begin(), x.dims.end() - 1);
      if (net.rng.chance(0.5)) {
        shape.push_back(f);
        shape.push_back(c / f);
      } else {
        shape.push_back(c / f);
        shape.push_back(f);
      }
      const std::int64_t m = shape[1], g = divisor(m, net.rng.pick({2, 4, 7, 8}));
      if (net.rng.chance(0.4)) {
        shape[1] = g;
        shape.insert(shape.begin() + 2, m / g);
      }
      x = b.reshape(x, shape);
    }
    const int rank = x.rank();
    Ints perm;
    for (int k = 0; k < rank; ++k) perm.push_back(k);
    switch (net.rng.integer(0, 4)) {
      case 0:
        std::swap(perm[static_cast<std::size_t>(rank - 1)], perm[static_cast<std::size_t>(rank - 2)]);
        break;
      case 1:
        std::rotate(perm.begin() + 1, perm.begin() + 2, perm.end());
        break;
      case 2:
        std::rotate(perm.begin() + 1, perm.end() - 1, perm.end());
        break;
      case 3:
        std::swap(perm[1], perm[2]);
        break;
      default:
        net.rng.shuffle(perm);
    }
    const Value y = b.transpose(x, perm);
    if (net.rng.chance(0.4)) b.mul(y, 1.1F);
  }
}

void joins_and_cuts(Net& net) {
  auto& b = net.b;
  const int count = net.depth(10, 16);
  for (int i = 0; i < count; ++i) {
    const Value x = warm(net, 100, 5e5);
    const int axis = static_cast<int>(net.rng.integer(1, x.rank() - 1));
    const std::int64_t n = x.dim(axis);
    switch (net.rng.integer(0, 9)) {
      case 0:
      case 1: {
        std::vector<Value> parts{x};
        const auto more = net.rng.integer(1, 4);
        for (int k = 0; k < more; ++k) {
          Shape shape = x.dims;
          shape[static_cast<std::size_t>(axis)] =
              std::max<std::int64_t>(1, std::llround(static_cast<double>(n) * net.rng.log_uniform(0.1, 1.5)));
          parts.push_back(warm(net, shape));
        }
        b.concat(parts, axis);
        break;
      }
      case 2:
      case 3: {
        const std::int64_t ways = net.rng.integer(2, 4);
        if (n < ways) break;
        Ints sizes(static_cast<std::size_t>(ways), n / ways);
        sizes.back() += n % ways;
        b.split(x, axis, sizes);
        break;
      }
      case 4:
        if (n >= 4) b.slice(x, axis, n / 4, n, net.rng.pick({1, 1, 2}));
        break;
      case 5: {
        const std::int64_t p = net.rng.integer(1, 3);
        if (x.rank() == 3) b.pad(x, {0, 0, 0, 0, p, net.rng.integer(0, 2)});
        if (x.rank() != 4) break;
        if (x.dims[2] > 4 && x.dims[3] > 4)
          b.pad(x, {0, 0, p, p, 0, 0, p, p},
                net.rng.pick(
                    {std::string("constant"), std::string("constant"), std::string("reflect"), std::string("edge")}));
        break;
      }
      case 6: {
        Shape shape = x.dims;
        shape[static_cast<std::size_t>(axis)] = 1;
        const Value thin = warm(net, shape);
        if (net.rng.chance(0.7)) {
          b.expand(thin, x.dims);
        } else {
          Ints repeats(x.dims.size(), 1);
          repeats[static_cast<std::size_t>(axis)] = std::min<std::int64_t>(n, 64);
          b.tile(thin, repeats);
        }
        break;
      }
      case 7: {
        const std::int64_t k = std::min<std::int64_t>(256, std::max<std::int64_t>(1, n / 2));
        Ints indices;
        for (std::int64_t j = 0; j < k; ++j) indices.push_back(net.rng.integer(0, n - 1));
        b.gather(x, axis, b.ints(indices));
        break;
      }
      case 8: {
        const std::int64_t side = std::max<std::int64_t>(2, net.side(4, 64) / 2 * 2), r = net.rng.pick({2, 2, 4});
        if (net.rng.chance(0.5))
          b.depth_to_space(warm(net, Shape{1, net.channels(4, 64) * r * r, side, side}), r,
                           net.rng.pick({std::string("DCR"), std::string("CRD")}));
        else
          b.space_to_depth(warm(net, Shape{1, net.channels(3, 64), side * r, side * r}), r);
        break;
      }
      default: {  // the four corners of a strided cut
        if (x.rank() != 4 || x.dims[1] < 2 || x.dims[2] < 2) break;
        const std::int64_t h = x.dims[1] / 2 * 2, w = x.dims[2] / 2 * 2;
        b.concat({b.slices(x, {1, 2}, {0, 0}, {h, w}, {2, 2}), b.slices(x, {1, 2}, {1, 0}, {h, w}, {2, 2}),
                  b.slices(x, {1, 2}, {0, 1}, {h, w}, {2, 2}), b.slices(x, {1, 2}, {1, 1}, {h, w}, {2, 2})},
                 3);
      }
    }
  }
}

void resizes(Net& net) {
  auto& b = net.b;
  const int count = net.depth(4, 8);
  for (int i = 0; i < count; ++i) {
    const bool image = net.rng.chance(0.2);
    const std::int64_t side = image ? net.side(48, 256) : net.side(3, 40),
                       c = image ? net.rng.pick({1, 3, 3}) : net.channels(1, 192);
    Value x = warm(net, Shape{1, c, side, net.rng.chance(0.8) ? side : side + 3});
    if (!image && net.rng.chance(0.35)) x = conv_bn(net, x, {.out = c, .kernel = 3}, Act::relu);
    ResizeSpec spec{.mode = net.rng.pick({std::string("nearest"), std::string("nearest"), std::string("linear"),
                                          std::string("linear"), std::string("cubic")})};
    spec.coordinates =
        spec.mode == "nearest"
            ? net.rng.pick({std::string("asymmetric"), std::string("asymmetric"), std::string("half_pixel")})
            : net.rng.pick(
                  {std::string("half_pixel"), std::string("align_corners"), std::string("pytorch_half_pixel")});
    if (!image && net.rng.chance(0.6)) {
      const std::int64_t f = net.rng.pick({2, 2, 2, 3, 4, 8});
      spec.size = {x.dims[2] * f, x.dims[3] * f};
      spec.by_scales = net.rng.chance(0.6);
    } else {
      const double f = net.rng.log_uniform(0.4, 4);
      spec.size = {std::max<std::int64_t>(1, std::llround(static_cast<double>(x.dims[2]) * f)),
                   std::max<std::int64_t>(1, std::llround(static_cast<double>(x.dims[3]) * f))};
    }
    const Value y = b.resize(x, spec);
    if (net.rng.chance(0.4)) b.add(y, b.weight({y.dims[1], 1, 1}, 0.2F));
  }
}

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

/// Conditions, indices, conversions: the glue of exported graphs.
void logic(Net& net) {
  auto& b = net.b;
  const int count = net.depth(12, 20);
  for (int i = 0; i < count; ++i) {
    const Value x = warm(net, 100, 3e5);
    const int axis = net.rng.chance(0.6) ? x.rank() - 1 : 1;
    switch (net.rng.integer(0, 12)) {
      case 0:
        b.where(b.compare("Greater", x, b.scalar(0.4F)), x, b.scalar(-1.0F));
        break;
      case 1:
        b.where(b.compare("Less", x, b.scalar(0.4F)), x, b.mul(x, 0.1F));
        break;
      case 2:
        b.cast(b.node("Not", {b.compare("GreaterOrEqual", x, b.scalar(0.2F))}, {}, x.dims, DataType::boolean),
               DataType::float32);
        break;
      case 3:
        b.mul(b.cast(b.cast(b.mul(x, 10.0F), DataType::int64), DataType::float32), 0.1F);
        break;
      case 4:
        b.arg_max(x, axis, net.rng.chance(0.5));
        break;
      case 5:
        b.top_k(x, axis, std::min<std::int64_t>(x.dim(axis), net.rng.pick({1, 5, 10, 100})));
        break;
      case 6:
        b.node("CumSum", {x, b.int_scalar(axis)}, {}, x.dims);
        break;
      case 7: {
        const Value ids = b.input({1, net.rng.log_integer(4, 512)}, DataType::int64);
        const Value mask = b.node("Not", {b.compare("Equal", ids, b.int_scalar(1))}, {}, ids.dims, DataType::boolean);
        const Value ints = b.cast(mask, DataType::int64);
        const Value sums = b.node("CumSum", {ints, b.int_scalar(1)}, {}, ids.dims, DataType::int64);
        const Value positions = b.binary("Mul", sums, ints);
        b.gather(b.weight({1024, net.channels(16, 512)}, 1.0F), 0, positions);
        break;
      }
      case 8: {
        Shape shape = x.dims;
        const std::int64_t n = x.dims.back();
        const Value index = b.cast(b.mul(b.unary("Sigmoid", x), static_cast<float>(n) * 0.99F), DataType::int64);
        b.node("GatherElements", {x, index}, {attr("axis", x.rank() - 1)}, shape);
        break;
      }
      case 9: {
        const Value both =
            b.node("And", {b.compare("Greater", x, b.scalar(0.1F)), b.compare("LessOrEqual", x, b.scalar(0.9F))}, {},
                   x.dims, DataType::boolean);
        b.where(both, x, b.mul(x, 0.5F));
        break;
      }
      case 10: {
        if (x.dims[0] != 1 || x.dims[1] < 2) break;
        const std::int64_t rows = std::min<std::int64_t>(x.dims[1], 64);
        Ints places;
        for (std::int64_t r = 0; r < rows; ++r) places.insert(places.end(), {0, r});
        Shape update(x.dims.begin() + 2, x.dims.end());
        update.insert(update.begin(), rows);
        b.node("ScatterND", {x, b.int_tensor(places, {rows, 2}), warm(net, update.size() > 1 ? update : Shape{rows})},
               {}, x.dims);
        break;
      }
      case 11: {
        if (b.opset() < 14) break;
        const Value y = warm(net, Shape{1, net.channels(8, 512), net.side(8, 200)});
        b.node("Trilu", {y}, {attr("upper", 0)}, y.dims);
        break;
      }
      default:
        b.binary("Mul", x, b.cast(b.compare("Greater", x, b.scalar(0.3F)), DataType::float32));
    }
  }
}

/// Recurrent layers of all sizes, side by side.
void recurrences(Net& net) {
  auto& b = net.b;
  const int count = net.depth(4, 8);
  for (int i = 0; i < count; ++i) {
    const std::string op = net.rng.pick(
        {std::string("LSTM"), std::string("LSTM"), std::string("GRU"), std::string("GRU"), std::string("RNN")});
    const double steps = net.spatial_scale * net.rng.log_uniform(4, 192);
    const std::int64_t n = std::clamp<std::int64_t>(std::llround(steps), 1, 512);
    const std::int64_t in = net.channels(8, 640), hidden = net.channels(12, 640);
    const bool both = net.rng.chance(0.4), from_zero = net.rng.chance(0.6), final_state = net.rng.chance(0.6);
    const std::int64_t batch = net.rng.chance(0.85) ? 1 : net.rng.integer(2, 32);
    const Value x = batch == 1 && net.rng.chance(0.4) ? b.transpose(warm(net, Shape{1, n, in}), {1, 0, 2})
                                                      : warm(net, Shape{n, batch, in});
    const Value y = b.recurrent(op, x, hidden, both, from_zero, final_state)[0];
    const Value merged = both ? b.reshape(b.transpose(y, {0, 2, 1, 3}), {n, batch, 2 * hidden}) : b.squeeze(y, {1});
    if (net.rng.chance(0.3)) linear(net, merged, net.channels(8, 256));
  }
}

/// One-dimensional convolutions of every kind, over short and long signals.
void signal_convolutions(Net& net) {
  auto& b = net.b;
  auto& rng = net.rng;
  const int chains = net.depth(3, 5);
  for (int i = 0; i < chains; ++i) {
    const bool raw = rng.chance(0.35);
    const double wanted = net.spatial_scale * (raw ? rng.log_uniform(1000, 16000) : rng.log_uniform(16, 4000));
    const std::int64_t n = std::clamp<std::int64_t>(std::llround(wanted), raw ? 256 : 2, 48000);
    Value x = warm(net, Shape{1, raw ? rng.pick({1, 1, 2, 8}) : net.channels(8, 768), n});
    const auto layers = rng.integer(2, 4);
    for (int k = 0; k < layers; ++k) {
      const std::int64_t length = x.dims[2];
      ConvSpec spec{.out = net.channels(8, 640)};
      spec.kernel = std::min<std::int64_t>(
          raw && k == 0 ? rng.pick({7, 10, 16, 40, 80}) : rng.pick({1, 1, 2, 3, 3, 5, 7, 9, 11, 15, 31, 33}), length);
      if (raw && k == 0)
        spec.stride = rng.pick({2, 4, 5, 8, 16});
      else if (length > 8 && rng.chance(0.3))
        spec.stride = 2;
      if (rng.chance(0.2)) spec.dilation = rng.pick({2, 4, 8, 16});
      if (rng.chance(0.25)) {
        spec.groups = rng.chance(0.6) ? x.dims[1] : divisor(x.dims[1], rng.pick({2, 4, 16}));
        spec.out = rng.chance(0.6) && x.dims[1] == spec.groups
                       ? spec.groups
                       : std::max<std::int64_t>(1, spec.out / spec.groups) * spec.groups;
      }
      spec.bias = rng.chance(0.75);
      if ((spec.kernel.h - 1) * spec.dilation.h < length && rng.chance(0.4)) spec.pads = Pads{};
      if ((spec.kernel.h - 1) * spec.dilation.h % 2 != 0 && length < 2) break;
      x = act(net, b.conv1d(x, spec),
              rng.pick({Act::relu, Act::relu, Act::none, Act::gelu, Act::silu, Act::tanh, Act::prelu}));
      if (rng.chance(0.2) && x.dims[2] >= 8) x = b.max_pool1d(x, rng.pick({2, 3, 4}), rng.pick({2, 4}));
    }
  }
}

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
    Family{"unary_chain", "misc", 1.0, 0.12, unary_chain},
    Family{"binary_chain", "misc", 1.0, 0.12, binary_chain},
    Family{"reductions", "misc", 0.9, 0.12, reductions},
    Family{"softmaxes", "misc", 0.7, 0.12, softmaxes},
    Family{"transposes", "misc", 1.1, 0.12, transposes},
    Family{"joins_and_cuts", "misc", 1.2, 0.12, joins_and_cuts},
    Family{"resizes", "misc", 0.8, 0.15, resizes},
    Family{"pools", "misc", 0.7, 0.2, pools},
    Family{"norms", "misc", 0.9, 0.12, norms},
    Family{"gemms", "misc", 1.2, 0.6, gemms},
    Family{"matmuls", "misc", 1.0, 0.6, matmuls},
    Family{"logic", "misc", 0.8, 0.08, logic},
    Family{"recurrences", "sequence", 1.5, 0.3, recurrences},
    Family{"signal_convolutions", "sequence", 1.2, 0.5, signal_convolutions},
    Family{"deconvolutions", "misc", 0.5, 0.4, deconvolutions},
    Family{"image_to_image", "cnn", 0.7, 0.5, image_to_image},
    Family{"detector", "cnn", 0.7, 0.7, detector},
};

}  // namespace

std::span<const Family> misc_families() { return kFamilies; }

}  // namespace latcast::carriers
