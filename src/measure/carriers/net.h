// A network under construction: a builder that draws, by the knobs, and the composite parts that many
// families share (activations, norms, linear layers, attention, squeeze-excite, stems, heads).
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "measure/carriers/graph_builder.h"
#include "measure/carriers/random.h"

namespace latcast::carriers {

/// Position of a carrier in its family's low-discrepancy sequence; each in [0, 1).
struct Knobs {
  double size = 0.5, width = 0.5, resolution = 0.5, depth = 0.5, kernel = 0.5, start = 0.5;
};

enum class Act : std::uint8_t {
  none,
  relu,
  relu6,
  leaky,
  silu,
  hswish,
  gelu,
  gelu_tanh,
  quick_gelu,
  elu,
  mish,
  prelu,
  tanh,
  sigmoid,
  softplus,
  hsigmoid,
  selu,
  celu,
  softsign,
};

/// How this carrier's exporter spells things.
struct Spelling {
  int opset = 17;
  bool dynamo = false;        // torch >= 2's newer exporter
  bool explicit_bn = false;   // BatchNormalization nodes kept in the file
  bool pool_by_mean = false;  // global pooling as ReduceMean
  double off_width = 0.25;    // share of channel counts that are no multiple of 8
  int align = 8;
  float epsilon = 1e-5F;
};

class Net : public Random, public GraphBuilder {
 public:
  Net(std::uint64_t seed, const Knobs& knobs, double width_scale, double spatial_scale);

  // --- draws that follow the knobs and the size fit
  /// Channels around a log-uniform draw in [low, high] led by the width knob, scaled to the carrier's size.
  std::int64_t width(std::int64_t low, std::int64_t high);
  /// The same, drawn freely (not led by the knob).
  std::int64_t channels(std::int64_t low, std::int64_t high);
  /// Rounds to the carrier's channel grid (or off it).
  std::int64_t grid(double channels);
  std::int64_t grid(std::int64_t channels, double factor = 1) { return grid(static_cast<double>(channels) * factor); }
  /// A map's side, led by the resolution knob, scaled to size.
  std::int64_t side(std::int64_t low, std::int64_t high);
  /// The same as a multiple of `unit`, at least `unit`.
  std::int64_t side_multiple(std::int64_t unit, std::int64_t low, std::int64_t high);
  /// Number of blocks, led by the depth knob.
  int depth(int low, int high);
  /// An odd kernel size, led by the kernel knob on the first call.
  std::int64_t kernel(std::initializer_list<std::int64_t> choices);
  /// Heads and their width, together around a draw in [low, high] led by the width knob.
  struct Heads {
    std::int64_t count = 1;
    std::int64_t width = 32;
    [[nodiscard]] std::int64_t dim() const { return count * width; }
  };
  Heads heads(std::int64_t low, std::int64_t high);
  /// A head count for a given dim.
  std::int64_t heads_of(std::int64_t dim);

  Knobs knobs;
  Spelling spelling;
  double width_scale;
  double spatial_scale;

 private:
  bool kernel_drawn_ = false;
};

// --- activations and norms
Value act(Net& net, const Value& x, Act kind);
Value silu(Net& net, const Value& x);
Value hard_swish(Net& net, const Value& x);
Value gelu(Net& net, const Value& x);
Value gelu_tanh(Net& net, const Value& x);
/// LayerNormalization over the last axis in the carrier's spelling.
Value layer_norm(Net& net, const Value& x);
/// Over the channel axis of [N,C,H,W]; by_axis: spelled with ReduceMean over axis 1, else through Transposes.
Value layer_norm_2d(Net& net, const Value& x, bool by_axis);
Value rms_norm(Net& net, const Value& x);
Value group_norm(Net& net, const Value& x, std::int64_t groups);
/// x / max(||x||_2, eps) along the axis, as F.normalize exports.
Value l2_normalize(Net& net, const Value& x, int axis);
/// x * v (one value per channel, shaped to broadcast)
Value layer_scale(Net& net, const Value& x, const Shape& shape);

// --- layers
Value conv(Net& net, const Value& x, ConvSpec spec, Act a = Act::none);
Value conv_bn(Net& net, const Value& x, ConvSpec spec, Act a = Act::none);
Value pointwise(Net& net, const Value& x, std::int64_t out, Act a = Act::none);
Value depthwise(Net& net, const Value& x, std::int64_t kernel, std::int64_t stride = 1, Act a = Act::none,
                std::int64_t dilation = 1);
/// Linear layer: Gemm on 2-D, MatMul + Add else.
Value linear(Net& net, const Value& x, std::int64_t out, bool bias = true);
Value mlp(Net& net, const Value& x, std::int64_t hidden, Act a, std::int64_t out = 0);
Value squeeze_excite(Net& net, const Value& x, std::int64_t reduced, Act inner, Act gate);
/// [N,C,1,1] by GlobalAveragePool or ReduceMean.
Value pool_1x1(Net& net, const Value& x);

// --- attention
enum class Bias : std::uint8_t { none, constant, gathered, windowed_mask, causal_where, causal_add };
struct AttentionSpec {
  std::int64_t heads = 1;
  std::int64_t head_dim = 0;   // 0: dim / heads
  std::int64_t value_dim = 0;  // 0: head_dim
  Bias bias = Bias::none;
  int form = -1;  // -1: drawn
  bool qkv_bias = true;
  std::optional<Value> source = std::nullopt;  // keys and values come from these tokens
  bool project = true;
  bool talking = false;
};
/// [B,N,C] -> [B,N,C]
Value attention(Net& net, const Value& x, const AttentionSpec& spec);
/// softmax(q k^T * scale + bias) v with q, k, v [B,h,N,d] in one of the usual spellings; k_transposed: k is [B,h,d,N].
Value dot_attention(Net& net, const Value& q, const Value& k, const Value& v, bool k_transposed, Bias bias,
                    bool talking = false);
/// scores [..,n,m] with the places after each query's own masked out; select: by Where instead of Add.
Value mask_causal(Net& net, const Value& scores, bool select);
/// norm, attention, residual, norm, MLP, residual
Value transformer_block(Net& net, const Value& x, const AttentionSpec& spec, double ratio, Act a,
                        bool post_norm = false);

Value tokens_of(Net& net, const Value& map);                                  // [N,C,H,W] -> [N,HW,C]
Value map_of(Net& net, const Value& tokens, std::int64_t h, std::int64_t w);  // and back
Value to_last(Net& net, const Value& map);                                    // [N,H,W,C]
Value to_first(Net& net, const Value& map);                                   // [N,C,H,W]
/// F.unfold as exported: two Gathers; [1,C,H,W] -> [1, C*k*k, places].
Value unfold(Net& net, const Value& map, std::int64_t kernel, std::int64_t stride);
Value channel_shuffle(Net& net, const Value& x, std::int64_t groups);

// --- of convolutional families
inline bool roomy(const Value& x, std::int64_t least) { return x.dims[2] >= least && x.dims[3] >= least; }
inline std::int64_t part(std::int64_t c, std::int64_t n, std::int64_t least = 1) { return std::max(least, c / n); }
/// A stride of 2 now and then, where the map is large enough.
std::int64_t maybe_stride(Net& net, const Value& x, double probability = 0.35);
/// What a residual block adds: x itself, or brought to `out` channels and the stride.
Value shortcut(Net& net, const Value& x, std::int64_t out, std::int64_t stride);
Value add_act(Net& net, const Value& a, const Value& b, Act kind);
/// Two convolutions and the residual; se: with squeeze-excite.
Value basic_block(Net& net, const Value& x, std::int64_t out, std::int64_t stride, std::int64_t kernel, Act a, bool se);

// --- of families over tokens
/// Token ids through an embedding table, with positions.
Value embed(Net& net, std::int64_t tokens, std::int64_t dim, bool positions);
std::int64_t token_count(Net& net, std::int64_t low, std::int64_t high);
/// The attention mask as exporters compute it from an int64 input: [1,1,1,T] of zeros and large negatives.
Value padding_mask(Net& net, std::int64_t tokens);
/// [B,T,h*d] -> [B,h,T,d]
Value heads_of(Net& net, const Value& x, std::int64_t h, std::int64_t d);
/// [B,h,T,d] -> [B,T,h*d]
Value merge_heads(Net& net, const Value& x);
void vocabulary_head(Net& net, const Value& x);

// --- of operators that stand alone
/// A graph input passed through a cheap operator, so that the next one finds it as in a network: just written.
Value warm(Net& net, const Shape& shape);
/// The same of a drawn shape: about [low, high] elements, scaled to the carrier's size.
Value warm(Net& net, double low = 100, double high = 1e6, std::int64_t least_rank = 2);

// --- ends
/// An image through a stem, or a feature map that starts in the middle of a network.
Value image_or_map(Net& net, std::int64_t channel_low, std::int64_t channel_high, double image_share = 0.55);
Value image_stem(Net& net, std::int64_t out, Act a);
Value feature_map(Net& net, std::int64_t channel_low, std::int64_t channel_high, std::int64_t side_low,
                  std::int64_t side_high, std::int64_t unit = 1);
/// [1,T,D], from patches of an image or as an input; T = side * side (+ class token).
Value token_input(Net& net, std::int64_t tokens, std::int64_t dim);
Value map_head(Net& net, const Value& x);
Value token_head(Net& net, const Value& x);
Value classifier(Net& net, const Value& flat);

Act modern_act(Net& net);                                   // what residual networks use today
std::int64_t divisor(std::int64_t n, std::int64_t wished);  // the divisor of n nearest below `wished` (>= 1)

}  // namespace latcast::carriers
