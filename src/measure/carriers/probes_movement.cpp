// Probes: operators that move elements: transposes, joins and cuts, resampling.
#include <algorithm>
#include <array>
#include <cmath>
#include <string>

#include "measure/carriers/families.h"

namespace latcast::carriers {

namespace {

void transposes(Net& net) {
  const int count = net.depth(8, 14);
  for (int i = 0; i < count; ++i) {
    Value x = warm(net, 200, 1e6, 3);
    if (net.chance(0.45)) {  // more axes: windows, heads, patches
      const std::int64_t c = x.dims.back(), f = divisor(c, net.pick({2, 3, 4, 8, 16}));
      Shape shape(x.dims.begin(), x.dims.end() - 1);
      if (net.chance(0.5)) {
        shape.push_back(f);
        shape.push_back(c / f);
      } else {
        shape.push_back(c / f);
        shape.push_back(f);
      }
      const std::int64_t m = shape[1], g = divisor(m, net.pick({2, 4, 7, 8}));
      if (net.chance(0.4)) {
        shape[1] = g;
        shape.insert(shape.begin() + 2, m / g);
      }
      x = net.reshape(x, shape);
    }
    const int rank = x.rank();
    Ints perm;
    for (int k = 0; k < rank; ++k) perm.push_back(k);
    switch (net.integer(0, 4)) {
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
        net.shuffle(perm);
    }
    const Value y = net.transpose(x, perm);
    if (net.chance(0.4)) net.mul(y, 1.1F);
  }
}

/// With one to four others, which are longer or shorter along the axis.
void join(Net& net, const Value& x, int axis) {
  std::vector<Value> parts{x};
  const auto more = net.integer(1, 4);
  for (int k = 0; k < more; ++k) {
    Shape shape = x.dims;
    shape[static_cast<std::size_t>(axis)] =
        std::max<std::int64_t>(1, std::llround(static_cast<double>(x.dim(axis)) * net.log_uniform(0.1, 1.5)));
    parts.push_back(warm(net, shape));
  }
  net.concat(parts, axis);
}

/// One element along the axis becomes as many as x has.
void spread(Net& net, const Value& x, int axis) {
  Shape shape = x.dims;
  shape[static_cast<std::size_t>(axis)] = 1;
  const Value thin = warm(net, shape);
  if (net.chance(0.7)) {
    net.expand(thin, x.dims);
  } else {
    Ints repeats(x.dims.size(), 1);
    repeats[static_cast<std::size_t>(axis)] = std::min<std::int64_t>(x.dim(axis), 64);
    net.node("Tile", {thin, net.ints(repeats)});
  }
}

/// The four corners of a strided cut.
void join_corners(Net& net, const Value& x) {
  if (x.rank() != 4 || x.dims[1] < 2 || x.dims[2] < 2) return;
  const std::int64_t h = x.dims[1] / 2 * 2, w = x.dims[2] / 2 * 2;
  net.concat({net.slices(x, {1, 2}, {0, 0}, {h, w}, {2, 2}), net.slices(x, {1, 2}, {1, 0}, {h, w}, {2, 2}),
              net.slices(x, {1, 2}, {0, 1}, {h, w}, {2, 2}), net.slices(x, {1, 2}, {1, 1}, {h, w}, {2, 2})},
             3);
}

void joins_and_cuts(Net& net) {
  const int count = net.depth(10, 16);
  for (int i = 0; i < count; ++i) {
    const Value x = warm(net, 100, 5e5);
    const int axis = static_cast<int>(net.integer(1, x.rank() - 1));
    const std::int64_t n = x.dim(axis);
    switch (net.integer(0, 9)) {
      case 0:
      case 1:
        join(net, x, axis);
        break;
      case 2:
      case 3: {
        const std::int64_t ways = net.integer(2, 4);
        if (n < ways) break;
        Ints sizes(static_cast<std::size_t>(ways), n / ways);
        sizes.back() += n % ways;
        net.split(x, axis, sizes);
        break;
      }
      case 4:
        if (n >= 4) net.slice(x, axis, n / 4, n, net.pick({1, 1, 2}));
        break;
      case 5: {
        const std::int64_t p = net.integer(1, 3);
        if (x.rank() == 3) net.pad(x, {0, 0, 0, 0, p, net.integer(0, 2)});
        if (x.rank() != 4) break;
        if (x.dims[2] > 4 && x.dims[3] > 4)
          net.pad(x, {0, 0, p, p, 0, 0, p, p}, net.pick({"constant", "constant", "reflect", "edge"}));
        break;
      }
      case 6:
        spread(net, x, axis);
        break;
      case 7: {
        const std::int64_t k = std::min<std::int64_t>(256, part(n, 2));
        Ints indices;
        for (std::int64_t j = 0; j < k; ++j) indices.push_back(net.integer(0, n - 1));
        net.gather(x, axis, net.ints(indices));
        break;
      }
      case 8: {
        const std::int64_t side = std::max<std::int64_t>(2, net.side(4, 64) / 2 * 2), r = net.pick({2, 2, 4});
        if (net.chance(0.5))
          net.depth_to_space(warm(net, Shape{1, net.channels(4, 64) * r * r, side, side}), r, net.pick({"DCR", "CRD"}));
        else
          net.space_to_depth(warm(net, Shape{1, net.channels(3, 64), side * r, side * r}), r);
        break;
      }
      default:
        join_corners(net, x);
    }
  }
}

void resizes(Net& net) {
  const int count = net.depth(4, 8);
  for (int i = 0; i < count; ++i) {
    const bool image = net.chance(0.2);
    const std::int64_t side = image ? net.side(48, 256) : net.side(3, 40),
                       c = image ? net.pick({1, 3, 3}) : net.channels(1, 192);
    Value x = warm(net, Shape{1, c, side, net.chance(0.8) ? side : side + 3});
    if (!image && net.chance(0.35)) x = conv_bn(net, x, {.out = c, .kernel = 3}, Act::relu);
    ResizeSpec spec{.mode = net.pick({"nearest", "nearest", "linear", "linear", "cubic"})};
    spec.coordinates = spec.mode == "nearest" ? net.pick({"asymmetric", "asymmetric", "half_pixel"})
                                              : net.pick({"half_pixel", "align_corners", "pytorch_half_pixel"});
    if (!image && net.chance(0.6)) {
      const std::int64_t f = net.pick({2, 2, 2, 3, 4, 8});
      spec.size = {x.dims[2] * f, x.dims[3] * f};
      spec.by_scales = net.chance(0.6);
    } else {
      const double f = net.log_uniform(0.4, 4);
      spec.size = {std::max<std::int64_t>(1, std::llround(static_cast<double>(x.dims[2]) * f)),
                   std::max<std::int64_t>(1, std::llround(static_cast<double>(x.dims[3]) * f))};
    }
    const Value y = net.resize(x, spec);
    if (net.chance(0.4)) net.add(y, net.weight({y.dims[1], 1, 1}, 0.2F));
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
