// What networks over tokens share: embeddings, masks, heads.
#include <algorithm>
#include <cmath>

#include "measure/carriers/net.h"

namespace latcast::carriers {

Value embed(Net& net, std::int64_t tokens, std::int64_t dim, bool positions) {
  const Value ids = net.input({1, tokens}, onnx::DataType::int64);
  const std::int64_t vocabulary = net.log_integer(64, 4000);
  Value x = net.gather(net.weight({vocabulary, dim}, 1.0F), 0, ids);
  if (positions) {
    if (net.chance(0.3))
      x = net.add(x, net.gather(net.weight({2, dim}, 0.3F), 0, net.input({1, tokens}, onnx::DataType::int64)));
    x = net.add(x, net.weight({1, tokens, dim}, 0.3F));
  }
  return x;
}

std::int64_t token_count(Net& net, std::int64_t low, std::int64_t high) {
  return std::max<std::int64_t>(1, net.side(low, high));
}

Value padding_mask(Net& net, std::int64_t tokens) {
  const Value given = net.input({1, tokens}, onnx::DataType::int64);
  const Value wide = net.cast(net.unsqueeze(given, {1, 2}), onnx::DataType::float32);
  return net.mul(net.sub(net.scalar(1.0F), wide), -10000.0F);
}

Value heads_of(Net& net, const Value& x, std::int64_t h, std::int64_t d) {
  return net.transpose(net.reshape(x, {x.dims[0], x.dims[1], h, d}), {0, 2, 1, 3});
}

Value merge_heads(Net& net, const Value& x) {
  return net.reshape(net.transpose(x, {0, 2, 1, 3}), {x.dims[0], x.dims[2], x.dims[1] * x.dims[3]});
}

void vocabulary_head(Net& net, const Value& x) {
  const std::int64_t words = net.chance(0.35) ? net.log_integer(4000, 32000) : net.log_integer(16, 4000);
  const std::int64_t c = x.dim(-1);
  switch (net.integer(0, 6)) {
    case 0: {  // pooler
      const Value first = net.gather(x, 1, 0);
      linear(net, net.node("Tanh", {linear(net, first, c)}), net.integer(2, 20));
      break;
    }
    case 1: {
      const Value y = linear(net, x, words, net.chance(0.5));
      if (net.chance(0.5)) net.softmax(y, -1, "LogSoftmax");
      break;
    }
    case 2: {
      const Value y = linear(net, x, 2);
      const auto parts = net.split(y, -1, 2);
      net.squeeze(parts[0], {-1});
      net.squeeze(parts[1], {-1});
      break;
    }
    case 3:
      classifier(net, net.mean(x, {1}, false));
      break;
    case 5:
      linear(net, net.mul(x, 1.0F / std::sqrt(static_cast<float>(c))), words, false);
      break;
    case 4: {
      const Value last = net.gather(x, 1, -1);
      linear(net, last, words, false);
      break;
    }
    default:
      break;
  }
}

}  // namespace latcast::carriers
