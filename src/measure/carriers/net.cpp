#include "measure/carriers/net.h"

#include <algorithm>
#include <cmath>

namespace latcast::carriers {

namespace {

double between(double low, double high, double position) { return low * std::pow(high / low, position); }

Spelling draw_spelling(Random& rng) {
  Spelling s;
  s.dynamo = rng.chance(0.3);
  s.opset = static_cast<int>(s.dynamo ? rng.integer(18, 20) : rng.pick({13, 14, 16, 17, 17, 17}));
  s.explicit_bn = rng.chance(0.35);
  s.pool_by_mean = rng.chance(s.dynamo ? 0.5 : 0.2);
  s.off_width = rng.pick({0.0, 0.1, 0.3, 0.6});
  s.align = rng.pick({8, 8, 8, 16, 16, 32, 4});
  s.epsilon = rng.pick({1e-5F, 1e-6F, 1e-12F, 1e-3F});
  return s;
}

}  // namespace

Net::Net(std::uint64_t seed, const Knobs& k, double width_factor, double spatial_factor)
    : Random(seed),
      GraphBuilder(0),
      knobs(k),
      spelling(draw_spelling(*this)),
      width_scale(width_factor),
      spatial_scale(spatial_factor) {
  static_cast<GraphBuilder&>(*this) = GraphBuilder(spelling.opset);
}

std::int64_t Net::grid(double channels) {
  const double wanted = std::clamp(channels, 3.0, 4096.0);
  if (chance(spelling.off_width) || wanted < 6) return std::max<std::int64_t>(2, std::llround(wanted));
  const double align = wanted < 1.5 * spelling.align ? 4.0 : spelling.align;
  return std::max<std::int64_t>(4, std::llround(wanted / align) * static_cast<std::int64_t>(align));
}

std::int64_t Net::width(std::int64_t low, std::int64_t high) {
  const double jitter = log_uniform(0.8, 1.25);
  return grid(jitter * width_scale * between(static_cast<double>(low), static_cast<double>(high), knobs.width));
}

std::int64_t Net::channels(std::int64_t low, std::int64_t high) {
  return grid(width_scale * log_uniform(static_cast<double>(low), static_cast<double>(high)));
}

std::int64_t Net::side(std::int64_t low, std::int64_t high) {
  const double wanted = spatial_scale * between(static_cast<double>(low), static_cast<double>(high), knobs.resolution);
  const auto n = std::clamp<std::int64_t>(std::llround(wanted), 2, 640);
  const std::int64_t unit = pick({1, 2, 4, 7, 8, 16, 32});
  if (n < 2 * unit) return n;
  return (n + unit / 2) / unit * unit;
}

std::int64_t Net::side_multiple(std::int64_t unit, std::int64_t low, std::int64_t high) {
  const double wanted = spatial_scale * between(static_cast<double>(low), static_cast<double>(high), knobs.resolution);
  return std::max<std::int64_t>(1, std::llround(wanted / static_cast<double>(unit))) * unit;
}

int Net::depth(int low, int high) {
  return low + static_cast<int>(knobs.depth * static_cast<double>(high - low + 1) * 0.999);
}

std::int64_t Net::kernel(std::initializer_list<std::int64_t> choices) {
  if (kernel_drawn_) return pick(choices);
  kernel_drawn_ = true;
  return choices.begin()[static_cast<std::size_t>(knobs.kernel * static_cast<double>(choices.size()) * 0.999)];
}

Net::Heads Net::heads(std::int64_t low, std::int64_t high) {
  const double dim =
      std::clamp(width_scale * between(static_cast<double>(low), static_cast<double>(high), knobs.width), 8.0, 2048.0);
  Heads h;
  h.width = pick({8, 16, 20, 24, 32, 32, 32, 36, 48, 64, 64, 64, 80, 96, 128});
  while (static_cast<double>(h.width) > dim * 1.3 && h.width > 8) h.width /= 2;
  h.count = std::max<std::int64_t>(1, std::llround(dim / static_cast<double>(h.width)));
  return h;
}

std::int64_t divisor(std::int64_t n, std::int64_t wished) {
  for (std::int64_t d = std::clamp<std::int64_t>(wished, 1, n); d > 1; --d)
    if (n % d == 0) return d;
  return 1;
}

std::int64_t Net::heads_of(std::int64_t dim) {
  return divisor(dim, std::max<std::int64_t>(1, dim / pick({16, 24, 32, 32, 64, 64})));
}

}  // namespace latcast::carriers
