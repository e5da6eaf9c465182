// Attention in its usual spellings.
#include <algorithm>
#include <cmath>

#include "measure/carriers/net.h"

namespace latcast::carriers {

Value dot_attention(Net& net, const Value& q, const Value& k, const Value& v, bool k_transposed, Bias bias,
                    bool talking) {
  const std::int64_t d = q.dim(-1);
  const std::int64_t heads = q.dims[1], n = q.dim(-2);
  const std::int64_t m = k_transposed ? k.dim(-1) : k.dim(-2);
  const float root = std::sqrt(static_cast<float>(d));
  Value kt = k_transposed ? k : net.transpose(k, {0, 1, 3, 2});
  Value scores;
  switch (net.integer(0, 4)) {
    case 0:
      scores = net.matmul(net.mul(q, 1.0F / root), kt);
      break;
    case 1:
      scores = net.mul(net.matmul(q, kt), 1.0F / root);
      break;
    case 2:
      scores = net.div(net.matmul(q, kt), root);
      break;
    default:  // scaled_dot_product_attention
      scores = net.matmul(net.mul(q, std::sqrt(1.0F / root)), net.mul(kt, std::sqrt(1.0F / root)));
  }
  if (talking) {
    const Value mixed = linear(net, net.transpose(scores, {0, 2, 3, 1}), heads);
    scores = net.transpose(mixed, {0, 3, 1, 2});
  }
  if (bias == Bias::constant || bias == Bias::gathered || bias == Bias::windowed_mask)
    scores = net.add(scores, net.weight({1, heads, n, m}, 0.2F));
  if (bias == Bias::windowed_mask) {
    const std::int64_t windows = q.dims[0];
    const Value parts =
        net.add(net.reshape(scores, {1, windows, heads, n, m}), net.weight({1, windows, 1, n, m}, 0.2F));
    scores = net.reshape(parts, {windows, heads, n, m});
  }
  if (bias == Bias::causal_where || bias == Bias::causal_add)
    scores = mask_causal(net, scores, bias == Bias::causal_where);
  Value p = net.softmax(scores, net.chance(0.7) ? -1 : scores.rank() - 1);
  if (talking) p = net.transpose(linear(net, net.transpose(p, {0, 2, 3, 1}), heads), {0, 3, 1, 2});
  return net.matmul(p, v);
}

Value mask_causal(Net& net, const Value& scores, bool select) {
  const std::int64_t n = scores.dim(-2), m = scores.dim(-1);
  const Shape square{1, 1, n, m};
  Value keep;  // true where a place may be seen; the engine folds all this into one constant
  if (net.opset() >= 14) {
    keep = net.cast(net.node("Trilu", {net.filled(square, 1.0F)}, {{"upper", 0}}), onnx::DataType::boolean);
  } else {
    Ints rows, columns;
    for (std::int64_t i = 0; i < n; ++i) rows.push_back(i);
    for (std::int64_t i = 0; i < m; ++i) columns.push_back(i);
    const Value column = net.int_tensor(columns, {1, 1, 1, m});
    keep = net.node("GreaterOrEqual", {net.int_tensor(rows, {1, 1, n, 1}), column});
  }
  if (select) return net.where(keep, scores, net.scalar(-10000.0F));
  return net.add(scores, net.where(keep, net.scalar(0.0F), net.scalar(-10000.0F)));
}

namespace {

/// As torch.nn.MultiheadAttention is exported: [T,1,C].
Value attention_steps_first(Net& net, const Value& x, const AttentionSpec& s, std::int64_t d) {
  const std::int64_t n = x.dims[1], c = x.dims[2], h = s.heads;
  const Value y = net.reshape(linear(net, net.transpose(x, {1, 0, 2}), 3 * h * d, s.qkv_bias), {n, 1, 3, h * d});
  const Value split = net.squeeze(net.transpose(net.unsqueeze(y, {0}), {3, 1, 2, 0, 4}), {3});
  std::vector<Value> parts;
  for (int i = 0; i < 3; ++i) {
    const Value part = net.reshape(net.gather(split, 0, i), {n, h, d});
    parts.push_back(net.reshape(net.transpose(part, {1, 0, 2}), {1, h, n, d}));
  }
  const Value attended = dot_attention(net, parts[0], parts[1], parts[2], false, s.bias, s.talking);
  const Value flat = net.reshape(net.transpose(attended, {2, 0, 1, 3}), {n, h * d});
  if (!s.project) return net.reshape(flat, {1, n, h * d});
  return net.transpose(net.reshape(net.gemm(flat, c), {n, 1, c}), {1, 0, 2});
}

}  // namespace

Value attention(Net& net, const Value& x, const AttentionSpec& s) {
  const std::int64_t batch = x.dims[0], n = x.dims[1], c = x.dims[2], h = s.heads;
  const std::int64_t d = s.head_dim > 0 ? s.head_dim : c / h;
  const std::int64_t dv = s.value_dim > 0 ? s.value_dim : d;
  const bool separate = s.source.has_value() || dv != d;
  std::int64_t form = s.form >= 0 ? s.form : net.integer(0, batch == 1 ? 5 : 4);
  if (separate) form = 4;
  if (form == 5) return attention_steps_first(net, x, s, d);
  std::vector<Value> qkv;
  bool k_transposed = false;
  if (form <= 2) {  // one projection, [B,N,3,h,d] -> [3,B,h,N,d]
    const Value y = net.reshape(linear(net, x, 3 * h * d, s.qkv_bias), {batch, n, 3, h, d});
    const Value all = net.transpose(y, {2, 0, 3, 1, 4});
    const auto parts = form == 1 ? net.split(all, 0, 3) : std::vector<Value>();
    for (int i = 0; i < 3; ++i)
      qkv.push_back(form == 0 ? net.gather(all, 0, i)
                              : net.squeeze(form == 1 ? parts[i] : net.slice(all, 0, i, i + 1), {0}));
  } else if (form == 3) {  // one projection, split on the last axis
    for (const Value& part : net.split(linear(net, x, 3 * h * d, s.qkv_bias), -1, 3))
      qkv.push_back(heads_of(net, part, h, d));
  } else {  // three projections
    const Value& source = s.source ? *s.source : x;
    qkv.push_back(heads_of(net, linear(net, x, h * d, s.qkv_bias), h, d));
    const Value k = net.reshape(linear(net, source, h * d, s.qkv_bias), {batch, source.dims[1], h, d});
    k_transposed = net.chance(0.6);
    qkv.push_back(net.transpose(k, k_transposed ? Ints{0, 2, 3, 1} : Ints{0, 2, 1, 3}));
    qkv.push_back(heads_of(net, linear(net, source, h * dv, s.qkv_bias), h, dv));
  }
  const Value out = merge_heads(net, dot_attention(net, qkv[0], qkv[1], qkv[2], k_transposed, s.bias, s.talking));
  return s.project ? linear(net, out, c) : out;
}

Value transformer_block(Net& net, const Value& x, const AttentionSpec& s, double ratio, Act a, bool post_norm) {
  const std::int64_t c = x.dim(-1);
  const auto hidden = std::max<std::int64_t>(4, std::llround(static_cast<double>(c) * ratio));
  if (post_norm) {
    const Value y = layer_norm(net, net.add(attention(net, x, s), x));
    return layer_norm(net, net.add(mlp(net, y, hidden, a), y));
  }
  Value y = attention(net, layer_norm(net, x), s);
  const bool scaled = net.chance(0.15);
  if (scaled) y = layer_scale(net, y, {c});
  y = net.add(x, y);
  Value z = mlp(net, layer_norm(net, y), hidden, a);
  if (scaled) z = layer_scale(net, z, {c});
  return net.add(y, z);
}

}  // namespace latcast::carriers
