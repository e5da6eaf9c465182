// What convolutional families share: strides, residuals.
#include "measure/carriers/net.h"

namespace latcast::carriers {

std::int64_t maybe_stride(Net& net, const Value& x, double probability) {
  return roomy(x, 8) && net.chance(probability) ? 2 : 1;
}

Value shortcut(Net& net, const Value& x, std::int64_t out, std::int64_t stride) {
  if (x.dims[1] == out && stride == 1) return x;
  if (stride > 1 && net.chance(0.25)) {  // ResNet-D
    const Value y = net.avg_pool(
        x,
        {.kernel = 2, .stride = 2, .ceil_mode = x.dims[2] % 2 != 0 || x.dims[3] % 2 != 0, .count_include_pad = false});
    return pointwise(net, y, out);
  }
  return conv_bn(net, x, {.out = out, .stride = stride});
}

Value add_act(Net& net, const Value& a, const Value& b, Act kind) {
  return act(net, net.chance(0.8) ? net.add(a, b) : net.add(b, a), kind);
}

Value basic_block(Net& net, const Value& x, std::int64_t out, std::int64_t stride, std::int64_t kernel, Act a,
                  bool se) {
  Value y = conv_bn(net, x, {.out = out, .kernel = kernel, .stride = stride}, a);
  y = conv_bn(net, y, {.out = out, .kernel = kernel});
  if (se) y = squeeze_excite(net, y, part(out, 16), Act::relu, Act::sigmoid);
  return add_act(net, y, shortcut(net, x, out, stride), a);
}

}  // namespace latcast::carriers
