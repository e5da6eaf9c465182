// Probes: operators that move elements: transposes, joins and cuts, resampling.
#include <algorithm>
#include <array>
#include <cmath>
#include <string>

#include "measure/carriers/families.h"
#include "measure/carriers/warm_input.h"

namespace latcast::carriers {

namespace {

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

constexpr std::array kFamilies{
    Family{"transposes", FamilyKind::operators, 1.1, 0.12, transposes, kProbe},
    Family{"joins_and_cuts", FamilyKind::operators, 1.2, 0.12, joins_and_cuts, kProbe},
    Family{"resizes", FamilyKind::operators, 0.8, 0.15, resizes, kProbe},
};

}  // namespace

std::span<const Family> movement_probes() { return kFamilies; }

}  // namespace latcast::carriers
