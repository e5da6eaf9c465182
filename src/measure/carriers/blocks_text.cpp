// Encoders and decoders over tokens.
#include <algorithm>
#include <array>
#include <cmath>

#include "measure/carriers/families.h"

namespace latcast::carriers {

namespace {

/// BERT and its relatives.
void bert(Net& net) {
  const auto h = net.heads(32, 768);
  const std::int64_t n = token_count(net, 8, 320), c = h.dim();
  Value x = layer_norm(net, embed(net, n, c, true));
  const bool masked = net.chance(0.5);
  const Value mask = masked ? padding_mask(net, n) : Value{};
  const int blocks = net.depth(1, 3);
  const Act a = net.pick({Act::gelu, Act::gelu, Act::gelu, Act::relu, Act::gelu_tanh, Act::quick_gelu});
  const bool post = net.chance(0.7);
  for (int i = 0; i < blocks; ++i) {
    if (!masked) {
      x = transformer_block(net, x, {.heads = h.count, .head_dim = h.width, .form = net.chance(0.7) ? 4 : -1},
                            net.pick({2.0, 4.0, 4.0}), a, post);
      continue;
    }
    const Value q = heads_of(net, linear(net, x, c), h.count, h.width);
    const Value k = net.transpose(net.reshape(linear(net, x, c), {1, n, h.count, h.width}), {0, 2, 3, 1});
    const Value v = heads_of(net, linear(net, x, c), h.count, h.width);
    Value s = net.matmul(q, k);
    s = net.chance(0.5) ? net.div(s, std::sqrt(static_cast<float>(h.width)))
                        : net.mul(s, 1.0F / std::sqrt(static_cast<float>(h.width)));
    s = net.chance(0.5) ? net.add(s, mask) : net.add(mask, s);
    Value y = merge_heads(net, net.matmul(net.softmax(s, -1), v));
    y = net.add(linear(net, y, c), x);
    y = layer_norm(net, y);
    x = layer_norm(net, net.add(mlp(net, y, c * net.pick({2, 4, 4}), a), y));
  }
  vocabulary_head(net, x);
}

void gpt(Net& net) {
  const auto h = net.heads(32, 768);
  const std::int64_t n = token_count(net, 4, 256), c = h.dim();
  Value x = embed(net, n, c, true);
  const int blocks = net.depth(1, 3);
  const Act a = net.pick({Act::gelu_tanh, Act::gelu_tanh, Act::gelu, Act::relu});
  const Bias causal = net.pick({Bias::causal_where, Bias::causal_add});
  for (int i = 0; i < blocks; ++i) {
    const Value u = layer_norm(net, x);
    if (net.chance(0.5)) {  // GPT-2's Conv1D: Gemm over flattened tokens
      const Value qkv = net.reshape(net.gemm(net.reshape(u, {-1, c}), 3 * c, true, false), {1, n, 3 * c});
      const auto parts = net.split(qkv, 2, 3);
      const Value y =
          dot_attention(net, heads_of(net, parts[0], h.count, h.width), heads_of(net, parts[1], h.count, h.width),
                        heads_of(net, parts[2], h.count, h.width), false, causal);
      const Value flat = net.reshape(net.transpose(y, {0, 2, 1, 3}), {-1, c});
      x = net.add(net.reshape(net.gemm(flat, c, true, false), {1, n, c}), x);
      Value z = net.gemm(net.reshape(layer_norm(net, x), {-1, c}), 4 * c, true, false);
      z = act(net, net.reshape(z, {1, n, 4 * c}), a);
      x = net.add(x, net.reshape(net.gemm(net.reshape(z, {-1, 4 * c}), c, true, false), {1, n, c}));
    } else {
      x = net.add(
          x, attention(net, u, {.heads = h.count, .head_dim = h.width, .bias = causal, .qkv_bias = net.chance(0.6)}));
      x = net.add(x, mlp(net, layer_norm(net, x), 4 * c, a));
    }
  }
  vocabulary_head(net, layer_norm(net, x));
}

/// RMS norms, rotary positions, gated feed-forward, grouped keys and values.
void llama(Net& net) {
  const auto h = net.heads(48, 768);
  const std::int64_t d = std::max<std::int64_t>(4, h.width / 4 * 4), c = h.count * d;
  const std::int64_t n = token_count(net, 1, 200);
  const std::int64_t kv_heads = divisor(h.count, net.pick({1, 2, 4, 64}));
  Value x = embed(net, n, c, false);
  const int blocks = net.depth(1, 3);
  const Value cos = net.weight({1, 1, n, d}, 0.7F), sin = net.weight({1, 1, n, d}, 0.7F);
  const auto rotary = [&](const Value& v) {
    Value rotated;
    if (net.chance(0.8)) {
      const Value left = net.slice(v, 3, 0, d / 2), right = net.slice(v, 3, d / 2, d);
      rotated = net.concat({net.node("Neg", {right}), left}, -1);
    } else {  // interleaved
      const Value even = net.slice(v, 3, 0, d, 2), odd = net.slice(v, 3, 1, d, 2);
      rotated =
          net.reshape(net.concat({net.unsqueeze(net.node("Neg", {odd}), {4}), net.unsqueeze(even, {4})}, 4), v.dims);
    }
    return net.add(net.mul(v, cos), net.mul(rotated, sin));
  };
  for (int i = 0; i < blocks; ++i) {
    const Value u = rms_norm(net, x);
    const Value q = rotary(heads_of(net, linear(net, u, c, false), h.count, d));
    Value k = rotary(heads_of(net, linear(net, u, kv_heads * d, false), kv_heads, d));
    Value v = heads_of(net, linear(net, u, kv_heads * d, false), kv_heads, d);
    if (kv_heads != h.count) {
      const std::int64_t r = h.count / kv_heads;
      const auto repeat = [&](const Value& t) {
        return net.reshape(net.expand(net.unsqueeze(t, {2}), {1, kv_heads, r, n, d}), {1, h.count, n, d});
      };
      k = repeat(k);
      v = repeat(v);
    }
    const Value y = dot_attention(net, q, k, v, false, n > 1 ? Bias::causal_add : Bias::none);
    x = net.add(x, linear(net, merge_heads(net, y), c, false));
    const Value w = rms_norm(net, x);
    const std::int64_t hidden = net.grid(c, net.pick({8.0 / 3.0, 3.5, 2.0}));
    const Act gate = net.pick({Act::silu, Act::silu, Act::gelu_tanh, Act::gelu});
    x = net.add(x, linear(net, net.mul(act(net, linear(net, w, hidden, false), gate), linear(net, w, hidden, false)), c,
                          false));
  }
  vocabulary_head(net, rms_norm(net, x));
}

void t5(Net& net) {
  const auto h = net.heads(32, 640);
  const std::int64_t c = std::max<std::int64_t>(8, net.grid(h.dim(), net.pick({1.0, 1.0, 1.5, 0.75})));
  const std::int64_t n = token_count(net, 4, 200);
  Value x = embed(net, n, c, false);
  const bool decoder = net.chance(0.4);
  const std::int64_t m = token_count(net, 4, 128);
  const Value memory = decoder ? net.input({1, m, c}) : Value{};
  const int blocks = net.depth(1, 3);
  const bool gated = net.chance(0.4);
  for (int i = 0; i < blocks; ++i) {
    const auto attend = [&](const Value& u, const Value& source, bool biased, bool causal) {
      const Value q = heads_of(net, linear(net, u, h.dim(), false), h.count, h.width);
      const Value k = net.transpose(
          net.reshape(linear(net, source, h.dim(), false), {1, source.dims[1], h.count, h.width}), {0, 2, 3, 1});
      const Value v = heads_of(net, linear(net, source, h.dim(), false), h.count, h.width);
      Value s = net.matmul(q, k);
      if (biased) s = net.add(s, net.weight({1, h.count, n, source.dims[1]}, 0.4F));
      if (causal) s = mask_causal(net, s, false);
      s = net.matmul(net.softmax(s, -1), v);
      return linear(net, merge_heads(net, s), c, false);
    };
    const Value u = rms_norm(net, x);
    x = net.add(x, attend(u, u, true, decoder));
    if (decoder) x = net.add(x, attend(rms_norm(net, x), memory, false, false));
    const Value w = rms_norm(net, x);
    const std::int64_t hidden = c * net.pick({2, 4, 4});
    if (gated)
      x = net.add(x, linear(net, net.mul(gelu_tanh(net, linear(net, w, hidden, false)), linear(net, w, hidden, false)),
                            c, false));
    else
      x = net.add(x, linear(net, net.node("Relu", {linear(net, w, hidden, false)}), c, false));
  }
  vocabulary_head(net, rms_norm(net, x));
}

/// Encoder and decoder with cross attention, as torch.nn.Transformer and translation models.
void encoder_decoder(Net& net) {
  const auto h = net.heads(32, 512);
  const std::int64_t c = h.dim(), n = token_count(net, 6, 160), m = token_count(net, 4, 96);
  Value x = embed(net, n, c, true);
  Value y = embed(net, m, c, true);
  const Act a = net.pick({Act::relu, Act::relu, Act::gelu, Act::silu});
  x = transformer_block(net, x, {.heads = h.count, .head_dim = h.width}, net.pick({2.0, 4.0}), a, net.chance(0.7));
  const auto blocks = net.integer(1, 2);
  for (int i = 0; i < blocks; ++i) {
    y = layer_norm(net,
                   net.add(y, attention(net, y, {.heads = h.count, .head_dim = h.width, .bias = Bias::causal_add})));
    y = layer_norm(net, net.add(y, attention(net, y, {.heads = h.count, .head_dim = h.width, .source = x})));
    y = layer_norm(net, net.add(y, mlp(net, y, c * net.pick({2, 4}), a)));
  }
  vocabulary_head(net, y);
}

/// softmax(q k^T + mask) v; k and v [1,h,t,d], t with the cache.
Value cached_attention(Net& net, const Value& q, const Value& k, const Value& v, const Value& mask) {
  const float root = std::sqrt(static_cast<float>(q.dim(-1)));
  Value scores = net.matmul(net.chance(0.5) ? net.mul(q, 1.0F / root) : q, net.transpose(k, {0, 1, 3, 2}));
  if (net.chance(0.5)) scores = net.div(scores, root);
  if (mask.rank() > 0) scores = net.add(scores, mask);
  return net.matmul(net.softmax(scores, -1), v);
}

/// One step of generation: a token, and the keys and values of those before it as inputs that come back longer.
void decoder_step(Net& net) {
  const auto h = net.heads(48, 1600);
  const std::int64_t d = std::max<std::int64_t>(4, h.width / 4 * 4), c = h.count * d;
  const std::int64_t past = net.chance(0.15) ? 0 : net.side(8, 2048), length = past + 1;
  const std::int64_t kv_heads = net.chance(0.6) ? h.count : divisor(h.count, net.pick({1, 2, 4}));
  const int blocks = net.depth(1, 4);
  const bool rms = net.chance(0.5), rotary = net.chance(0.4), gated = net.chance(0.4), bias = !rms;
  const bool masked = net.chance(0.5), repeated = net.chance(0.5);
  const double ratio = net.pick({2.0, 8.0 / 3.0, 4.0, 4.0});
  const Act a = net.pick({Act::gelu_tanh, Act::gelu, Act::silu, Act::relu});
  const auto norm = [&](const Value& v) { return rms ? rms_norm(net, v) : layer_norm(net, v); };
  const Value cos = net.weight({1, 1, 1, d}, 0.7F), sin = net.weight({1, 1, 1, d}, 0.7F);
  const auto rotate = [&](const Value& v) {
    if (!rotary) return v;
    const Value left = net.slice(v, 3, 0, d / 2), right = net.slice(v, 3, d / 2, d);
    return net.add(net.mul(v, cos), net.mul(net.concat({net.node("Neg", {right}), left}, -1), sin));
  };
  Value x = embed(net, 1, c, !rotary);
  const Value mask = masked ? padding_mask(net, length) : Value{};
  for (int i = 0; i < blocks; ++i) {
    const Value u = norm(x);
    Value q, k, v;
    if (kv_heads == h.count && net.chance(0.5)) {
      const auto parts = net.split(linear(net, u, 3 * c, bias), -1, 3);
      q = heads_of(net, parts[0], h.count, d);
      k = heads_of(net, parts[1], h.count, d);
      v = heads_of(net, parts[2], h.count, d);
    } else {
      q = heads_of(net, linear(net, u, c, bias), h.count, d);
      k = heads_of(net, linear(net, u, kv_heads * d, bias), kv_heads, d);
      v = heads_of(net, linear(net, u, kv_heads * d, bias), kv_heads, d);
    }
    q = rotate(q);
    k = rotate(k);
    if (past > 0) {
      k = net.concat({net.input({1, kv_heads, past, d}), k}, 2);
      v = net.concat({net.input({1, kv_heads, past, d}), v}, 2);
    }
    Value y;
    if (kv_heads == h.count) {
      y = cached_attention(net, q, k, v, mask);
    } else if (repeated) {
      const auto repeat = [&](const Value& t) {
        const std::int64_t r = h.count / kv_heads;
        return net.reshape(net.expand(net.unsqueeze(t, {2}), {1, kv_heads, r, length, d}), {1, h.count, length, d});
      };
      y = cached_attention(net, q, repeat(k), repeat(v), mask);
    } else {  // the queries of a group are rows of one product
      const Value grouped = net.reshape(q, {1, kv_heads, h.count / kv_heads, d});
      y = net.reshape(cached_attention(net, grouped, k, v, mask), {1, h.count, 1, d});
    }
    x = net.add(x, linear(net, merge_heads(net, y), c, bias));
    const Value w = norm(x);
    const std::int64_t hidden = net.grid(c, ratio);
    if (gated)
      x = net.add(
          x, linear(net, net.mul(act(net, linear(net, w, hidden, bias), a), linear(net, w, hidden, bias)), c, bias));
    else
      x = net.add(x, mlp(net, w, hidden, a));
  }
  linear(net, norm(x), net.log_integer(1000, 32000), false);
}

constexpr std::array kFamilies{
    Family{"bert", FamilyKind::sequence, 1.3, 0.8, bert},
    Family{"gpt", FamilyKind::sequence, 1.1, 0.8, gpt},
    Family{"llama", FamilyKind::sequence, 1.0, 0.7, llama},
    Family{"t5", FamilyKind::sequence, 0.9, 0.8, t5},
    Family{"encoder_decoder", FamilyKind::sequence, 0.7, 0.8, encoder_decoder},
    Family{"decoder_step", FamilyKind::sequence, 2.5, 0.8, decoder_step},
};

}  // namespace

std::span<const Family> text_families() { return kFamilies; }

}  // namespace latcast::carriers
