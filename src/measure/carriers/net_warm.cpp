// Inputs of operators that stand alone, of all sizes and axes.
#include <algorithm>
#include <cmath>

#include "measure/carriers/net.h"

namespace latcast::carriers {

namespace {

/// Elements of a tensor: log-uniform from 1e2 to about 2e6, scaled to the carrier's size.
double draw_elements(Net& net, double low, double high) {
  return std::clamp(net.log_uniform(low, high) * net.width_scale * net.spatial_scale, 16.0, 1.2e7);
}

std::int64_t rounded(Net& net, double n) {
  const auto v = std::max<std::int64_t>(1, std::llround(n));
  return v >= 8 && net.chance(0.6) ? v / 8 * 8 : v;
}

/// A map, tokens, channels-last map, attention scores, windows or a plain matrix of about so many elements.
Shape draw_shape(Net& net, double elements, std::int64_t least_rank) {
  switch (net.integer(least_rank > 2 ? 1 : 0, 6)) {
    case 0:
      return {net.chance(0.7) ? 1 : net.log_integer(2, 64), rounded(net, std::min(elements, 8192.0))};
    case 1:
    case 2: {
      const double c = std::clamp(net.log_uniform(4, 1024), 1.0, std::max(1.0, elements / 4));
      const auto side = std::max<std::int64_t>(1, std::llround(std::sqrt(elements / c)));
      return {1, rounded(net, c), side, net.chance(0.8) ? side : std::max<std::int64_t>(1, side * 3 / 4)};
    }
    case 3: {
      const double c = std::clamp(net.log_uniform(8, 1536), 1.0, std::max(1.0, elements / 2));
      return {1, std::max<std::int64_t>(1, std::llround(elements / c)), rounded(net, c)};
    }
    case 4: {
      const double c = std::clamp(net.log_uniform(8, 768), 1.0, std::max(1.0, elements / 4));
      const auto side = std::max<std::int64_t>(1, std::llround(std::sqrt(elements / c)));
      return {1, side, side, rounded(net, c)};
    }
    case 5: {
      const std::int64_t heads = net.pick({1, 2, 3, 4, 6, 8, 12, 16});
      const auto n = std::max<std::int64_t>(2, std::llround(std::sqrt(elements / static_cast<double>(heads))));
      return {1, heads, n, n};
    }
    default: {
      const std::int64_t n = net.pick({16, 49, 49, 64, 100}), d = net.pick({8, 16, 32, 64});
      const auto batch = std::max<std::int64_t>(1, std::llround(elements / static_cast<double>(n * d)));
      return {batch, n, d};
    }
  }
}

}  // namespace

Value warm(Net& net, const Shape& shape) {
  const Value x = net.input(shape);
  switch (net.integer(0, 3)) {
    case 0:
      return net.node("Relu", {x});
    case 1:
      return net.add(x, net.weight({shape.back()}, 0.3F));
    case 2:
      return net.mul(x, 0.9F);
    default:
      return net.node("Sigmoid", {x});
  }
}

Value warm(Net& net, double low, double high, std::int64_t least_rank) {
  return warm(net, draw_shape(net, draw_elements(net, low, high), least_rank));
}

}  // namespace latcast::carriers
