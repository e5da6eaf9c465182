// Probes: conditions, indices, conversions.
#include <algorithm>
#include <array>

#include "measure/carriers/families.h"

namespace latcast::carriers {

namespace {

using onnx::DataType;

/// Positions of what is no padding, looked up in a table.
void embed_positions(Net& net) {
  const Value ids = net.input({1, net.log_integer(4, 512)}, DataType::int64);
  const Value mask = net.node("Not", {net.node("Equal", {ids, net.int_scalar(1)})});
  const Value ints = net.cast(mask, DataType::int64);
  const Value sums = net.node("CumSum", {ints, net.int_scalar(1)});
  const Value positions = net.mul(sums, ints);
  net.gather(net.weight({1024, net.channels(16, 512)}, 1.0F), 0, positions);
}

void overwrite_rows(Net& net, const Value& x) {
  if (x.dims[0] != 1 || x.dims[1] < 2) return;
  const std::int64_t rows = std::min<std::int64_t>(x.dims[1], 64);
  Ints places;
  for (std::int64_t r = 0; r < rows; ++r) places.push_back(0), places.push_back(r);
  Shape update(x.dims.begin() + 1, x.dims.end());
  update[0] = rows;
  net.node("ScatterND", {x, net.int_tensor(places, {rows, 2}), warm(net, update)});
}

/// Conditions, indices, conversions: the glue of exported graphs.
void logic(Net& net) {
  const int count = net.depth(12, 20);
  for (int i = 0; i < count; ++i) {
    const Value x = warm(net, 100, 3e5);
    const int axis = net.chance(0.6) ? x.rank() - 1 : 1;
    switch (net.integer(0, 12)) {
      case 0:
        net.where(net.node("Greater", {x, net.scalar(0.4F)}), x, net.scalar(-1.0F));
        break;
      case 1:
        net.where(net.node("Less", {x, net.scalar(0.4F)}), x, net.mul(x, 0.1F));
        break;
      case 2:
        net.cast(net.node("Not", {net.node("GreaterOrEqual", {x, net.scalar(0.2F)})}), DataType::float32);
        break;
      case 3:
        net.mul(net.cast(net.cast(net.mul(x, 10.0F), DataType::int64), DataType::float32), 0.1F);
        break;
      case 4:
        net.arg_max(x, axis, net.chance(0.5));
        break;
      case 5:
        net.nodes("TopK", {x, net.ints({std::min<std::int64_t>(x.dim(axis), net.pick({1, 5, 10, 100}))})},
                  {{"axis", axis}, {"largest", 1}, {"sorted", 1}}, 2);
        break;
      case 6:
        net.node("CumSum", {x, net.int_scalar(axis)});
        break;
      case 7:
        embed_positions(net);
        break;
      case 8: {
        const float below = static_cast<float>(x.dims.back()) * 0.99F;
        const Value index = net.cast(net.mul(net.node("Sigmoid", {x}), below), DataType::int64);
        net.node("GatherElements", {x, index}, {{"axis", x.rank() - 1}});
        break;
      }
      case 9: {
        const Value both = net.node(
            "And", {net.node("Greater", {x, net.scalar(0.1F)}), net.node("LessOrEqual", {x, net.scalar(0.9F)})});
        net.where(both, x, net.mul(x, 0.5F));
        break;
      }
      case 10:
        overwrite_rows(net, x);
        break;
      case 11: {
        if (net.opset() < 14) break;
        const Value y = warm(net, Shape{1, net.channels(8, 512), net.side(8, 200)});
        net.node("Trilu", {y}, {{"upper", 0}});
        break;
      }
      default:
        net.node("Mul", {x, net.cast(net.node("Greater", {x, net.scalar(0.3F)}), DataType::float32)});
    }
  }
}

constexpr std::array kFamilies{
    Family{"logic", FamilyKind::operators, 0.8, 0.08, logic, kProbe},
};

}  // namespace

std::span<const Family> logic_probes() { return kFamilies; }

}  // namespace latcast::carriers
