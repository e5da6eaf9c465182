// Attention in its usual spellings.
#include <algorithm>
#include <cmath>

#include "measure/carriers/net.h"

namespace latcast::carriers {

Value dot_attention(Net& net, const Value& q, const Value& k, const Value& v, bool k_transposed, Bias bias,
                    bool talking) {
  auto& b = net.b;
  const std::int64_t d = q.dim(-1);
  const std::int64_t heads = q.dims[1], n = q.dim(-2);
  const std::int64_t m = k_transposed ? k.dim(-1) : k.dim(-2);
  const float root = std::sqrt(static_cast<float>(d));
  Value kt = k_transposed ? k : b.transpose(k, {0, 1, 3, 2});
  Value scores;
  switch (net.rng.integer(0, 4)) {
    case 0:
      scores = b.matmul(b.mul(q, 1.0F / root), kt);
      break;
    case 1:
      scores = b.mul(b.matmul(q, kt), 1.0F / root);
      break;
    case 2:
      scores = b.div(b.matmul(q, kt), root);
      break;
    default:  // scaled_dot_product_attention
      scores = b.matmul(b.mul(q, std::sqrt(1.0F / root)), b.mul(kt, std::sqrt(1.0F / root)));
  }
  if (talking) {
    const Value mixed = linear(net, b.transpose(scores, {0, 2, 3, 1}), heads);
    scores = b.transpose(mixed, {0, 3, 1, 2});
  }
  if (bias == Bias::constant || bias == Bias::gathered || bias == Bias::windowed_mask)
    scores = b.add(scores, b.weight({1, heads, n, m}, 0.2F));
  if (bias == Bias::windowed_mask) {
    const std::int64_t windows = q.dims[0];
    const Value parts = b.add(b.reshape(scores, {1, windows, heads, n, m}), b.weight({1, windows, 1, n, m}, 0.2F));
    scores = b.reshape(parts, {windows, heads, n, m});
  }
  if (bias == Bias::causal_where || bias == Bias::causal_add)
    scores = mask_causal(net, scores, bias == Bias::causal_where);
  Value p = b.softmax(scores, net.rng.chance(0.7) ? -1 : scores.rank() - 1);
  if (talking) p = b.transpose(linear(net, b.transpose(p, {0, 2, 3, 1}), heads), {0, 3, 1, 2});
  return b.matmul(p, v);
}

Value mask_causal(Net& net, const Value& scores, bool select) {
  auto& b = net.b;
  const std::int64_t n = scores.dim(-2), m = scores.dim(-1);
  const Shape square{1, 1, n, m};
  Value keep;  // true where a place may be seen; the engine folds all this into one constant
  if (b.opset() >= 14) {
    keep = b.cast(b.node("Trilu", {b.filled(square, 1.0F)}, {attr("upper", 0)}, square), onnx::DataType::boolean);
  } else {
    Ints rows, columns;
    for (std::int64_t i = 0; i < n; ++i) rows.push_back(i);
    for (std::int64_t i = 0; i < m; ++i) columns.push_back(i);
    keep = b.compare("GreaterOrEqual", b.int_tensor(rows, {1, 1, n, 1}), b.int_tensor(columns, {1, 1, 1, m}));
  }
  if (select) return b.where(keep, scores, b.scalar(-10000.0F));
  return b.add(scores, b.where(keep, b.scalar(0.0F), b.scalar(-10000.0F)));
}

Value attention(Net& net, const Value& x, const AttentionSpec& s) {
  auto& b = net.b;
  const std::int64_t batch = x.dims[0], n = x.dims[1], c = x.dims[2];
  const std::int64_t h = s.heads;
  const std::int64_t d = s.head_dim > 0 ? s.head_dim : c / h;
  const std::int64_t dv = s.value_dim > 0 ? s.value_dim : d;
  const bool separate = s.source.has_value() || dv != d;
  std::int64_t form = s.form >= 0 ? s.form : net.rng.integer(0, batch == 1 ? 5 : 4);
  if (separate) form = 4;
  Value out;
  if (form == 5) {  // torch.nn.MultiheadAttention: [T,1,C]
    const Value y = b.reshape(linear(net, b.transpose(x, {1, 0, 2}), 3 * h * d, s.qkv_bias), {n, 1, 3, h * d});
    const Value split = b.squeeze(b.transpose(b.unsqueeze(y, {0}), {3, 1, 2, 0, 4}), {3});
    std::vector<Value> parts;
    for (int i = 0; i < 3; ++i) {
      const Value part = b.reshape(b.gather(split, 0, b.int_scalar(i)), {n, h, d});
      parts.push_back(b.reshape(b.transpose(part, {1, 0, 2}), {1, h, n, d}));
    }
    const Value y2 = dot_attention(net, parts[0], parts[1], parts[2], false, s.bias, s.talking);
    const Value flat = b.reshape(b.transpose(y2, {2, 0, 1, 3}), {n, h * d});
    if (!s.project) return b.reshape(flat, {1, n, h * d});
    return b.transpose(b.reshape(b.gemm(flat, c), {n, 1, c}), {1, 0, 2});
  }
  Value q, k, v;
  bool k_transposed = false;
  if (form <= 2) {  // one projection, [B,N,3,h,d] -> [3,B,h,N,d]
    const Value y = b.reshape(linear(net, x, 3 * h * d, s.qkv_bias), {batch, n, 3, h, d});
    const Value all = b.transpose(y, {2, 0, 3, 1, 4});
    if (form == 0) {
      q = b.gather(all, 0, b.int_scalar(0));
      k = b.gather(all, 0, b.int_scalar(1));
      v = b.gather(all, 0, b.int_scalar(2));
    } else if (form == 1) {
      const auto parts = b.split(all, 0, 3);
      q = b.squeeze(parts[0], {0});
      k = b.squeeze(parts[1], {0});
      v = b.squeeze(parts[2], {0});
    } else {
      q = b.squeeze(b.slice(all, 0, 0, 1), {0});
      k = b.squeeze(b.slice(all, 0, 1, 2), {0});
      v = b.squeeze(b.slice(all, 0, 2, 3), {0});
    }
  } else if (form == 3) {  // one projection, split on the last axis
    const auto parts = b.split(linear(net, x, 3 * h * d, s.qkv_bias), -1, 3);
    const auto to_heads = [&](const Value& t) { return b.transpose(b.reshape(t, {batch, n, h, d}), {0, 2, 1, 3}); };
    q = to_heads(parts[0]);
    k = to_heads(parts[1]);
    v = to_heads(parts[2]);
  } else {  // three projections
    const Value& source = s.source ? *s.source : x;
    const std::int64_t m = source.dims[1];
    q = b.transpose(b.reshape(linear(net, x, h * d, s.qkv_bias), {batch, n, h, d}), {0, 2, 1, 3});
    const Value kk = b.reshape(linear(net, source, h * d, s.qkv_bias), {batch, m, h, d});
    k_transposed = net.rng.chance(0.6);
    k = b.transpose(kk, k_transposed ? Ints{0, 2, 3, 1} : Ints{0, 2, 1, 3});
    v = b.transpose(b.reshape(linear(net, source, h * dv, s.qkv_bias), {batch, m, h, dv}), {0, 2, 1, 3});
  }
  const Value y = dot_attention(net, q, k, v, k_transposed, s.bias, s.talking);
  out = b.reshape(b.transpose(y, {0, 2, 1, 3}), {batch, n, h * dv});
  return s.project ? linear(net, out, c) : out;
}

Value transformer_block(Net& net, const Value& x, const AttentionSpec& s, double ratio, Act a, bool post_norm) {
  auto& b = net.b;
  const std::int64_t c = x.dim(-1);
  const auto hidden = std::max<std::int64_t>(4, std::llround(static_cast<double>(c) * ratio));
  if (post_norm) {
    const Value y = layer_norm(net, b.add(attention(net, x, s), x));
    return layer_norm(net, b.add(mlp(net, y, hidden, a), y));
  }
  Value y = attention(net, layer_norm(net, x), s);
  const bool scaled = net.rng.chance(0.15);
  if (scaled) y = layer_scale(net, y, {c});
  y = b.add(x, y);
  Value z = mlp(net, layer_norm(net, y), hidden, a);
  if (scaled) z = layer_scale(net, z, {c});
  return b.add(y, z);
}

}  // namespace latcast::carriers
