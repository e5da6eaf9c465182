// Probes: conditions, indices, conversions.
#include <algorithm>
#include <array>

#include "measure/carriers/families.h"
#include "measure/carriers/warm_input.h"

namespace latcast::carriers {

namespace {

using onnx::DataType;

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

constexpr std::array kFamilies{
    Family{"logic", FamilyKind::operators, 0.8, 0.08, logic, kProbe},
};

}  // namespace

std::span<const Family> logic_probes() { return kFamilies; }

}  // namespace latcast::carriers
