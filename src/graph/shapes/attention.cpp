// Attention and what transformers have around it.
#include <algorithm>

#include "graph/shapes/node_shapes.h"

namespace latcast::shapes {
namespace {

/// One projection of [q | k | v] from the same input: com.microsoft.Attention and its quantized form.
bool packed_attention(NodeShapes& n, std::size_t bias) {
  const Dims& x = n.dims(0);
  if (x.size() != 3) return false;
  std::int64_t hidden = n.has(bias) && n.rank(bias) == 1 ? n.dims(bias)[0] / 3 : 0;
  if (n.has(1) && n.rank(1) == 2) hidden = n.dims(1)[1] / 3;
  const Dims sizes = n.integers("qkv_hidden_sizes");
  if (sizes.size() == 3) hidden = sizes[2];
  const std::int64_t heads = std::max<std::int64_t>(n.integer("num_heads", 1), 1);
  const std::int64_t past = n.has(4) && n.rank(4) == 5 ? n.dims(4)[3] : 0;
  return hidden > 0 && n.give({x[0], x[1], hidden}) &&
         n.give(1, {2, x[0], heads, past + x[1], hidden / heads}, n.type());
}

bool attention(NodeShapes& n) { return packed_attention(n, 2); }
bool quantized_attention(NodeShapes& n) { return packed_attention(n, 2) && n.give(0, n.outputs()[0].dims, n.type(3)); }

struct AttentionDims {
  std::int64_t batch, heads, length, size;
};

/// [batch, heads, length, size], or [batch, length, heads * size].
std::optional<AttentionDims> by_head(const Dims& dims, std::int64_t heads) {
  if (dims.size() == 4) return AttentionDims{dims[0], dims[1], dims[2], dims[3]};
  if (dims.size() != 3 || heads <= 0) return std::nullopt;
  return AttentionDims{dims[0], heads, dims[1], dims[2] / heads};
}

/// Outputs `first` and the next: the cache of inputs `past` and the next, and what comes to it from k and v. A cache
/// that is written in place keeps its length.
bool give_present(NodeShapes& n, std::size_t first, std::size_t past, const AttentionDims& k, const AttentionDims& v) {
  const auto length = [&](std::size_t input, std::int64_t fresh) {
    return n.has(input) && n.rank(input) == 4 ? n.dims(input)[2] + fresh : fresh;
  };
  return n.give(first, {k.batch, k.heads, length(past, k.length), k.size}, n.type()) &&
         n.give(first + 1, {v.batch, v.heads, length(past + 1, v.length), v.size}, n.type());
}

/// q, k, v, bias, two masks, past key, past value -> y, present key, present value. k and v come as a head's own
/// where they are another sequence's, and q may have all three.
bool multi_head_attention(NodeShapes& n) {
  const Dims& q = n.dims(0);
  const std::int64_t heads = n.integer("num_heads", 0);
  if (q.size() == 5) return n.give({q[0], q[1], q[2] * q[4]}) && n.outputs().size() == 1;
  if (q.size() != 3 || !n.has(1) || !n.has(2)) return false;
  const auto k = by_head(n.dims(1), heads), v = by_head(n.dims(2), heads);
  return k && v && n.give({q[0], q[1], v->heads * v->size}) && give_present(n, 1, 6, *k, *v);
}

/// q, k, v (or all in q), past key, past value, lengths less one, total length -> y, present key, present value. The
/// total tells where the cache is a buffer of full length.
bool group_query_attention(NodeShapes& n) {
  const Dims& q = n.dims(0);
  const std::int64_t heads = n.integer("num_heads", 0);
  const std::int64_t kv_heads = n.integer("kv_num_heads", 0);
  if (q.size() != 3 || heads <= 0 || kv_heads <= 0) return false;
  const std::int64_t size = q[2] / (n.has(1) ? heads : heads + 2 * kv_heads);
  AttentionDims fresh{q[0], kv_heads, q[1], size};
  const auto total = n.ints(6);
  const std::int64_t past = n.has(3) && n.rank(3) == 4 ? n.dims(3)[2] : 0;
  if (total && total->size() == 1) fresh.length = std::max<std::int64_t>((*total)[0] - past, 0);
  return n.give({q[0], q[1], heads * size}) && give_present(n, 1, 3, fresh, fresh);
}

/// ai.onnx: q, k, v (3 or 4 axes), mask, past key, past value -> y, present key, present value, scores.
bool standard_attention(NodeShapes& n) {
  const auto q = by_head(n.dims(0), n.integer("q_num_heads", 0));
  const auto k = by_head(n.dims(1), n.integer("kv_num_heads", 0));
  const auto v = by_head(n.dims(2), n.integer("kv_num_heads", 0));
  if (!q || !k || !v) return false;
  const std::int64_t total = (n.has(4) && n.rank(4) == 4 ? n.dims(4)[2] : 0) + k->length;
  const Dims y =
      n.rank(0) == 3 ? Dims{q->batch, q->length, q->heads * v->size} : Dims{q->batch, q->heads, q->length, v->size};
  return n.give(y) && give_present(n, 1, 4, *k, *v) && n.give(3, {q->batch, q->heads, q->length, total}, n.type());
}

/// Ids, segment ids, word, position and segment tables -> embeddings, mask index.
bool embed_layer_normalization(NodeShapes& n) {
  const Dims& ids = n.dims(0);
  const Dims& words = n.dims(2);
  if (ids.size() != 2 || words.size() != 2) return false;
  const Dims embedded{ids[0], ids[1], words[1]};
  return n.give(0, embedded, n.type(2)) && n.give(1, {ids[0]}, DataType::int32) && n.give(2, embedded, n.type(2));
}

bool bias_split_gelu(NodeShapes& n) {
  Dims dims = n.dims(0);
  if (dims.empty()) return false;
  dims.back() /= 2;
  return n.give(std::move(dims));
}

bool relative_position_bias(NodeShapes& n) {
  const auto query = n.ints(1);
  const auto key = n.ints(2);
  if (!query || !key || query->size() != 1 || key->size() != 1 || n.rank(0) != 2) return false;
  return n.give({1, n.dims(0)[1], (*query)[0], (*key)[0]});
}

constexpr RuleRow kRules[] = {
    {"Attention", 3, standard_attention},
    {"Attention", 2, attention, kMicrosoft},
    {"QAttention", 5, quantized_attention, kMicrosoft},
    {"MultiHeadAttention", 1, multi_head_attention, kMicrosoft},
    {"GroupQueryAttention", 1, group_query_attention, kMicrosoft},
    {"EmbedLayerNormalization", 5, embed_layer_normalization, kMicrosoft},
    {"BiasSplitGelu", 2, bias_split_gelu, kMicrosoft},
    {"RotaryEmbedding", 3, same_as_first},
    {"RotaryEmbedding", 4, same_as_first, kMicrosoft},
    {"RelativePositionBias", 3, relative_position_bias, kMicrosoft},
};

}  // namespace

std::span<const RuleRow> attention_rules() { return kRules; }

}  // namespace latcast::shapes
