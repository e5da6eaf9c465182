#include "measure/carriers/sequence_parts.h"

#include <algorithm>
#include <cmath>

namespace latcast::carriers {

Value embed(Net& net, std::int64_t tokens, std::int64_t dim, bool positions) {
  auto& b = net.b;
  const Value ids = b.input({1, tokens}, onnx::DataType::int64);
  const std::int64_t vocabulary = net.rng.log_integer(64, 4000);
  Value x = b.gather(b.weight({vocabulary, dim}, 1.0F), 0, ids);
  if (positions) {
    if (net.rng.chance(0.3))
      x = b.add(x, b.gather(b.weight({2, dim}, 0.3F), 0, b.input({1, tokens}, onnx::DataType::int64)));
    x = b.add(x, b.weight({1, tokens, dim}, 0.3F));
  }
  return x;
}

std::int64_t token_count(Net& net, std::int64_t low, std::int64_t high) {
  return std::max<std::int64_t>(1, net.side(low, high));
}

Value padding_mask(Net& net, std::int64_t tokens) {
  auto& b = net.b;
  const Value given = b.input({1, tokens}, onnx::DataType::int64);
  const Value wide = b.cast(b.unsqueeze(given, {1, 2}), onnx::DataType::float32);
  return b.mul(b.sub(b.scalar(1.0F), wide), -10000.0F);
}

Value heads_of(Net& net, const Value& x, std::int64_t h, std::int64_t d) {
  return net.b.transpose(net.b.reshape(x, {1, x.dims[1], h, d}), {0, 2, 1, 3});
}

void vocabulary_head(Net& net, const Value& x) {
  auto& b = net.b;
  const std::int64_t words = net.rng.chance(0.35) ? net.rng.log_integer(4000, 32000) : net.rng.log_integer(16, 4000);
  const std::int64_t c = x.dim(-1);
  switch (net.rng.integer(0, 6)) {
    case 0: {  // pooler
      const Value first = b.gather(x, 1, b.int_scalar(0));
      linear(net, b.unary("Tanh", linear(net, first, c)), net.rng.integer(2, 20));
      break;
    }
    case 1: {
      const Value y = linear(net, x, words, net.rng.chance(0.5));
      if (net.rng.chance(0.5)) b.softmax(y, -1, "LogSoftmax");
      break;
    }
    case 2: {
      const Value y = linear(net, x, 2);
      const auto parts = b.split(y, -1, 2);
      b.squeeze(parts[0], {-1});
      b.squeeze(parts[1], {-1});
      break;
    }
    case 3:
      classifier(net, b.reduce("ReduceMean", x, {1}, false));
      break;
    case 5:
      linear(net, b.mul(x, 1.0F / std::sqrt(static_cast<float>(c))), words, false);
      break;
    case 4: {
      const Value last = b.gather(x, 1, b.int_scalar(-1));
      linear(net, last, words, false);
      break;
    }
    default:
      break;
  }
}

}  // namespace latcast::carriers
