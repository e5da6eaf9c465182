// Recurrent layers and one-dimensional convolutions of all sizes, side by side.
#include <algorithm>
#include <array>
#include <cmath>
#include <string>

#include "measure/carriers/families.h"

namespace latcast::carriers {

namespace {

/// Recurrent layers of all sizes, side by side.
void recurrences(Net& net) {
  const int count = net.depth(4, 8);
  for (int i = 0; i < count; ++i) {
    const std::string op = net.pick({"LSTM", "LSTM", "GRU", "GRU", "RNN"});
    const double steps = net.spatial_scale * net.log_uniform(4, 192);
    const std::int64_t n = std::clamp<std::int64_t>(std::llround(steps), 1, 512);
    const std::int64_t in = net.channels(8, 640), hidden = net.channels(12, 640);
    const bool both = net.chance(0.4), from_zero = net.chance(0.6), final_state = net.chance(0.6);
    const std::int64_t batch = net.chance(0.85) ? 1 : net.integer(2, 32);
    const Value x = batch == 1 && net.chance(0.4) ? net.transpose(warm(net, Shape{1, n, in}), {1, 0, 2})
                                                  : warm(net, Shape{n, batch, in});
    const Value y = net.recurrent(op, x, hidden, both, from_zero, final_state);
    const Value merged = both ? merge_heads(net, y) : net.squeeze(y, {1});
    if (net.chance(0.3)) linear(net, merged, net.channels(8, 256));
  }
}

/// One-dimensional convolutions of every kind, over short and long signals.
void signal_convolutions(Net& net) {
  const int chains = net.depth(3, 5);
  for (int i = 0; i < chains; ++i) {
    const bool raw = net.chance(0.35);
    const double wanted = net.spatial_scale * (raw ? net.log_uniform(1000, 16000) : net.log_uniform(16, 4000));
    const std::int64_t n = std::clamp<std::int64_t>(std::llround(wanted), raw ? 256 : 2, 48000);
    Value x = warm(net, Shape{1, raw ? net.pick({1, 1, 2, 8}) : net.channels(8, 768), n});
    const auto layers = net.integer(2, 4);
    for (int k = 0; k < layers; ++k) {
      const std::int64_t length = x.dims[2];
      ConvSpec spec{.out = net.channels(8, 640)};
      spec.kernel = std::min<std::int64_t>(
          raw && k == 0 ? net.pick({7, 10, 16, 40, 80}) : net.pick({1, 1, 2, 3, 3, 5, 7, 9, 11, 15, 31, 33}), length);
      if (raw && k == 0)
        spec.stride = net.pick({2, 4, 5, 8, 16});
      else if (length > 8 && net.chance(0.3))
        spec.stride = 2;
      if (net.chance(0.2)) spec.dilation = net.pick({2, 4, 8, 16});
      if (net.chance(0.25)) {
        spec.groups = net.chance(0.6) ? x.dims[1] : divisor(x.dims[1], net.pick({2, 4, 16}));
        spec.out = net.chance(0.6) && x.dims[1] == spec.groups
                       ? spec.groups
                       : std::max<std::int64_t>(1, spec.out / spec.groups) * spec.groups;
      }
      spec.bias = net.chance(0.75);
      if ((spec.kernel.h - 1) * spec.dilation.h < length && net.chance(0.4)) spec.pads = Pads{};
      if ((spec.kernel.h - 1) * spec.dilation.h % 2 != 0 && length < 2) break;
      x = act(net, net.conv(x, spec),
              net.pick({Act::relu, Act::relu, Act::none, Act::gelu, Act::silu, Act::tanh, Act::prelu}));
      if (net.chance(0.2) && x.dims[2] >= 8) x = net.max_pool1d(x, net.pick({2, 3, 4}), net.pick({2, 4}));
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
