// Recurrent layers and one-dimensional convolutions of all sizes, side by side.
#include <algorithm>
#include <array>
#include <cmath>
#include <string>

#include "measure/carriers/families.h"
#include "measure/carriers/warm_input.h"

namespace latcast::carriers {

namespace {

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

constexpr std::array kFamilies{
    Family{"recurrences", FamilyKind::sequence, 1.5, 0.3, recurrences},
    Family{"signal_convolutions", FamilyKind::sequence, 1.2, 0.5, signal_convolutions},
};

}  // namespace

std::span<const Family> signal_families() { return kFamilies; }

}  // namespace latcast::carriers
