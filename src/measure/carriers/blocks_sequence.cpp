// Recurrent layers, one-dimensional convolutions, speech.
#include <algorithm>
#include <array>
#include <cmath>
#include <optional>

#include "measure/carriers/families.h"

namespace latcast::carriers {

namespace {

/// x [T,1,I] -> [T,1,D*H] as torch exports it.
Value recurrent_layer(Net& net, const Value& x, std::string_view op, std::int64_t hidden, bool both) {
  const bool from_zero = net.chance(0.6);
  const Value y = net.recurrent(op, x, hidden, both, from_zero, net.chance(0.6));
  if (!both) return net.squeeze(y, {1});
  return merge_heads(net, y);
}

void recurrent(Net& net) {
  const std::string op = net.pick({"LSTM", "LSTM", "GRU", "GRU", "RNN"});
  const std::int64_t hidden = net.width(16, 512), n = token_count(net, 2, 256);
  Value x;
  if (net.chance(0.6)) {
    x = embed(net, n, net.channels(16, 400), false);
  } else {
    x = net.input({1, n, net.channels(4, 400)});
  }
  x = net.transpose(x, {1, 0, 2});
  const int layers = net.depth(1, 3);
  const bool both = net.chance(0.5);
  for (int i = 0; i < layers; ++i) {
    const std::int64_t width = net.chance(0.6) ? hidden : net.grid(hidden, 0.7);
    x = recurrent_layer(net, x, op, width, both);
  }
  switch (net.integer(0, 3)) {
    case 0:
      classifier(net, net.gather(x, 0, -1));
      break;
    case 1:
      vocabulary_head(net, net.transpose(x, {1, 0, 2}));
      break;
    case 2:
      classifier(net, net.squeeze(net.slice(x, 0, n - 1, n), {0}));
      break;
    default: {  // additive attention over the steps
      const Value t = net.transpose(x, {1, 0, 2});
      const Value s = net.softmax(linear(net, net.node("Tanh", {linear(net, t, hidden)}), 1), 1);
      classifier(net, net.reduce("ReduceSum", net.mul(t, s), {1}, false));
    }
  }
}

Value conv1d_bn(Net& net, const Value& x, ConvSpec spec, Act a) {
  spec.bias = true;
  Value y = net.conv(x, spec);
  if (net.chance(0.3)) y = net.batch_norm(y);
  return act(net, y, a);
}

/// Embedded text [1,C,T] that filters of several lengths have read; nothing where they read it as an image.
std::optional<Value> convolved_words(Net& net, Act a) {
  const std::int64_t n = token_count(net, 16, 256);
  Value x = embed(net, n, net.width(16, 300), false);
  std::vector<Value> pooled;
  if (net.chance(0.4)) {  // as images of one channel
    const std::int64_t d = x.dims[2];
    const Value image = net.unsqueeze(x, {1});
    for (const std::int64_t k : {2, 3, 4, 5}) {
      if (k > n) break;
      const Value y = act(net, net.conv(image, {.out = net.channels(16, 128), .kernel = {k, d}, .pads = Pads{}}), a);
      const Value flat = net.squeeze(y, {3});
      pooled.push_back(net.squeeze(net.max_pool1d(flat, flat.dims[2], flat.dims[2]), {2}));
    }
    classifier(net, net.concat(pooled, 1));
    return std::nullopt;
  }
  x = net.transpose(x, {0, 2, 1});
  for (const std::int64_t k : {3, 4, 5}) {
    if (k > n) break;
    const Value y = conv1d_bn(net, x, {.out = net.channels(16, 200), .kernel = k, .pads = Pads{}}, a);
    pooled.push_back(net.chance(0.6) ? net.squeeze(net.max_pool1d(y, y.dims[2], y.dims[2]), {2})
                                     : net.reduce("ReduceMax", y, {2}, false));
  }
  classifier(net, net.concat(pooled, 1));
  return x;
}

/// A convolution, or a separable one.
Value signal_layer(Net& net, const Value& x, Act a) {
  const std::int64_t c = x.dims[1], n = x.dims[2];
  const std::int64_t k = std::min<std::int64_t>(net.kernel({3, 3, 5, 7, 9, 11, 15, 33}), n);
  if (net.chance(0.35)) {  // separable
    Value y = conv1d_bn(net, x, {.out = c, .kernel = k | 1, .groups = c}, Act::none);
    y = conv1d_bn(net, y, {.out = c}, a);
    return net.chance(0.5) && y.dims == x.dims ? net.add(x, y) : y;
  }
  ConvSpec spec{.out = net.chance(0.6) ? c : net.grid(c, net.log_uniform(0.7, 2)), .kernel = k};
  if (net.chance(0.25) && n > 8) spec.stride = 2;
  if (net.chance(0.15)) {
    spec.groups = divisor(c, net.pick({2, 4, 8}));
    spec.out = std::max<std::int64_t>(1, spec.out / spec.groups) * spec.groups;
  }
  return conv1d_bn(net, x, spec, a);
}

/// Convolutions over raw signals and over embedded text.
void conv1d(Net& net) {
  const Act a = net.pick({Act::relu, Act::relu, Act::relu, Act::silu, Act::gelu, Act::prelu, Act::elu});
  Value x;
  if (net.knobs.start < 0.45) {  // raw signal
    const std::int64_t samples = std::clamp<std::int64_t>(
        static_cast<std::int64_t>(net.spatial_scale * net.log_uniform(800, 16000)), 200, 32000);
    x = net.input({1, net.pick({1, 1, 2, 6}), samples});
    const std::int64_t k = net.pick({8, 16, 40, 80, 80, 7, 11}), s = net.pick({2, 4, 4, 8, 16});
    x = conv1d_bn(net, x, {.out = net.width(16, 256), .kernel = std::min(k, samples / 4), .stride = s}, a);
    if (net.chance(0.6)) x = net.max_pool1d(x, 4, 4);
  } else if (net.knobs.start < 0.7) {  // text
    const auto words = convolved_words(net, a);
    if (!words) return;
    x = *words;
  } else {
    x = net.input({1, net.width(16, 768), token_count(net, 16, 2000)});
  }
  const int blocks = net.depth(3, 8);
  for (int i = 0; i < blocks; ++i) {
    x = signal_layer(net, x, a);
    if (net.chance(0.15) && x.dims[2] >= 8)
      x = net.chance(0.6)
              ? net.max_pool1d(x, net.pick({2, 3, 4}), 2)
              : net.node("AveragePool", {x},
                         {{"count_include_pad", 1}, {"kernel_shape", {2}}, {"pads", {0, 0}}, {"strides", {2}}});
    if (net.chance(0.12)) {
      const std::int64_t r = part(x.dims[1], 8, 4);
      const Value s =
          net.conv(act(net, net.conv(net.node("GlobalAveragePool", {x}), {.out = r}), Act::relu), {.out = x.dims[1]});
      x = net.mul(x, net.node("Sigmoid", {s}));
    }
  }
  if (net.chance(0.7))
    classifier(net, net.flatten(net.chance(0.6) ? net.node("GlobalAveragePool", {x}) : net.mean(x, {2})));
  else
    net.softmax(net.transpose(net.conv(x, {.out = net.log_integer(8, 128)}), {0, 2, 1}), 2, "LogSoftmax");
}

/// Dilated causal convolutions, gated or residual; overlapping windows put together again.
void tcn(Net& net) {
  const std::int64_t c = net.width(16, 384), n = token_count(net, 32, 2000);
  Value x = net.input({1, net.pick({1, 8, 32, 64}), n});
  x = net.conv(x, {.out = c});
  const int blocks = net.depth(3, 6);
  const bool gated = net.chance(0.4), normed = net.chance(0.3);
  Value skips;
  for (int i = 0; i < blocks; ++i) {
    const std::int64_t dilation = std::int64_t{1} << net.integer(0, 5);
    const std::int64_t k = net.kernel({2, 3, 3, 5, 7});
    const std::int64_t reach = (k - 1) * dilation;
    Value y;
    if (net.chance(0.5)) {  // padded on both sides, then chomped
      y = net.conv(x, {.out = gated ? 2 * c : c, .kernel = k, .dilation = dilation, .pads = Pads{reach, 0, reach, 0}});
      y = net.slice(y, 2, 0, n);
    } else {
      y = net.conv(net.pad(x, {0, 0, reach, 0, 0, 0}),
                   {.out = gated ? 2 * c : c, .kernel = k, .dilation = dilation, .pads = Pads{}});
    }
    if (gated) {
      if (net.chance(0.5)) {
        const auto halves = net.split(y, 1, 2);
        y = net.mul(net.node("Tanh", {halves[0]}), net.node("Sigmoid", {halves[1]}));
      } else {
        y = net.mul(net.node("Tanh", {net.slice(y, 1, 0, c)}), net.node("Sigmoid", {net.slice(y, 1, c, 2 * c)}));
      }
      const Value s = net.conv(y, {.out = c});
      skips = skips.none() ? s : net.add(skips, s);
      x = net.add(x, net.conv(y, {.out = c}));
    } else {
      y = act(net, y, net.pick({Act::relu, Act::relu, Act::prelu}));
      if (normed) y = group_norm(net, y, 1);
      if (net.chance(0.4)) y = net.conv(y, {.out = c, .kernel = 3, .groups = c});
      y = net.conv(y, {.out = c});
      x = act(net, net.add(x, y), Act::relu);
    }
  }
  const Value last = skips.none() ? x : net.node("Relu", {skips});
  if (net.chance(0.3)) {
    net.conv_transpose(last, {.out = net.pick({1, 1, 16}), .kernel = 16, .stride = 8});
  } else {
    net.conv(last, {.out = net.log_integer(1, 256)});
  }
}

/// Strided convolutions over a waveform, a grouped positional convolution, an encoder.
void wav2vec(Net& net) {
  const std::int64_t c = net.width(32, 384);
  const std::int64_t samples =
      std::clamp<std::int64_t>(static_cast<std::int64_t>(net.spatial_scale * net.log_uniform(1600, 16000)), 800, 32000);
  Value x = net.input({1, 1, samples});
  const bool layered = net.chance(0.4);
  const int layers = net.depth(3, 6);
  for (int i = 0; i < layers && x.dims[2] > 16; ++i) {
    const std::int64_t k = i == 0 ? 10 : (i < 4 ? 3 : 2);
    x = net.conv(x, {.out = c, .kernel = k, .stride = i == 0 ? 5 : 2, .bias = net.chance(0.5), .pads = Pads{}});
    if (layered)
      x = net.transpose(layer_norm(net, net.transpose(x, {0, 2, 1})), {0, 2, 1});
    else if (i == 0)
      x = group_norm(net, x, c);
    x = act(net, x, Act::gelu);
  }
  const auto h = net.heads(48, 768);
  Value t = linear(net, layer_norm(net, net.transpose(x, {0, 2, 1})), h.dim());
  if (t.dims[1] > 700) t = net.slice(t, 1, 0, 700);
  const std::int64_t n = t.dims[1], k = net.pick({15, 31, 64, 128}), groups = divisor(h.dim(), 16);
  Value p = net.conv(net.transpose(t, {0, 2, 1}),
                     {.out = h.dim(), .kernel = k, .groups = groups, .pads = Pads{k / 2, 0, k / 2, 0}});
  if (p.dims[2] != n) p = net.slice(p, 2, 0, n);
  t = layer_norm(net, net.add(t, net.transpose(act(net, p, Act::gelu), {0, 2, 1})));
  const auto blocks = net.integer(1, 2);
  for (int i = 0; i < blocks; ++i)
    t = transformer_block(net, t, {.heads = h.count, .head_dim = h.width, .form = 4}, net.pick({2.0, 4.0}), Act::gelu,
                          net.chance(0.6));
  vocabulary_head(net, t);
}

void conformer(Net& net) {
  const auto h = net.heads(32, 384);
  const std::int64_t c = h.dim(), n = token_count(net, 16, 300);
  Value x = net.input({1, n, c});
  const int blocks = net.depth(1, 2);
  for (int i = 0; i < blocks; ++i) {
    const auto half_step = [&](const Value& v) {
      return net.add(v, net.mul(mlp(net, layer_norm(net, v), 4 * c, Act::silu), 0.5F));
    };
    x = half_step(x);
    x = net.add(x, attention(net, layer_norm(net, x),
                             {.heads = h.count, .head_dim = h.width, .bias = net.pick({Bias::none, Bias::constant})}));
    Value y = net.transpose(layer_norm(net, x), {0, 2, 1});
    const auto halves = net.split(net.conv(y, {.out = 2 * c}), 1, 2);
    y = net.mul(halves[0], net.node("Sigmoid", {halves[1]}));
    y = net.conv(y, {.out = c, .kernel = net.kernel({31, 15, 7, 17, 33}), .groups = c});
    if (net.chance(0.5)) y = net.batch_norm(y);
    y = net.conv(silu(net, y), {.out = c});
    x = net.add(x, net.transpose(y, {0, 2, 1}));
    x = layer_norm(net, half_step(x));
  }
  vocabulary_head(net, x);
}

/// A spectrogram or a text line through 2-D convolutions, then recurrent layers.
void crnn(Net& net) {
  const std::int64_t height = net.pick({16, 32, 40, 64, 80});
  const std::int64_t width = std::max<std::int64_t>(16, token_count(net, 32, 300));
  Value x = net.input({1, 1, height, width});
  std::int64_t c = net.width(12, 96);
  const Act a = net.pick({Act::relu, Act::relu, Act::leaky});
  while (x.dims[2] > 2) {
    x = conv_bn(net, x, {.out = net.grid(c), .kernel = 3}, a);
    if (x.dims[3] > 24 && net.chance(0.6))
      x = net.max_pool(x, {.kernel = 2, .stride = 2});
    else
      x = net.max_pool(x, {.kernel = {2, 1}, .stride = {2, 1}});
    c = std::min<std::int64_t>(c * 2, 512);
  }
  const std::int64_t n = x.dims[3];
  Value t = x.dims[2] == 1 ? net.squeeze(x, {2}) : net.reshape(x, {1, x.dims[1] * x.dims[2], n});
  t = net.transpose(t, {2, 0, 1});
  const std::string op = net.pick({"LSTM", "GRU"});
  const auto layers = net.integer(1, 2);
  for (int i = 0; i < layers; ++i) t = recurrent_layer(net, t, op, net.channels(32, 256), net.chance(0.7));
  const Value y = linear(net, t, net.log_integer(20, 100));
  if (net.chance(0.6)) net.softmax(y, 2, "LogSoftmax");
}

/// Speech and audio transformers: strided convolutions over time or patches of a spectrogram.
void audio_transformer(Net& net) {
  const auto h = net.heads(48, 512);
  const std::int64_t c = h.dim();
  Value x;
  if (net.chance(0.5)) {
    x = net.input({1, net.pick({40, 80}), token_count(net, 60, 600)});
    x = act(net, net.conv(x, {.out = c, .kernel = 3}), Act::gelu);
    x = act(net, net.conv(x, {.out = c, .kernel = 3, .stride = 2}), Act::gelu);
    x = net.transpose(x, {0, 2, 1});
  } else {
    const Value map = net.input({1, 1, 128, std::max<std::int64_t>(24, token_count(net, 40, 300))});
    x = tokens_of(net, net.conv(map, {.out = c, .kernel = 16, .stride = 10, .pads = Pads{}}));
  }
  x = net.add(x, net.weight({x.dims[1], c}, 0.3F));
  const int blocks = net.depth(1, 2);
  for (int i = 0; i < blocks; ++i) {
    const double ratio = net.pick({3.0, 4.0});
    x = transformer_block(net, x, {.heads = h.count, .head_dim = h.width}, ratio, Act::gelu);
  }
  vocabulary_head(net, layer_norm(net, x));
}

/// Tables and time series: small dense networks.
void dense(Net& net) {
  const std::int64_t rows = net.chance(0.7) ? 1 : net.log_integer(2, 256);
  Value x = net.input({rows, net.channels(8, 2000)});
  const int layers = net.depth(3, 9);
  for (int i = 0; i < layers; ++i) {
    const std::int64_t out = net.channels(8, 2048);
    Value y = net.chance(0.7) ? net.gemm(x, out) : linear(net, x, out);
    if (net.chance(0.25)) y = net.batch_norm(y);
    y = act(net, y,
            net.pick({Act::relu, Act::relu, Act::gelu, Act::silu, Act::tanh, Act::sigmoid, Act::leaky, Act::selu}));
    if (net.chance(0.2)) y = layer_norm(net, y);
    x = y.dims == x.dims && net.chance(0.4) ? net.add(x, y) : y;
  }
  classifier(net, x);
}

constexpr std::array kFamilies{
    Family{"recurrent", FamilyKind::sequence, 2.4, 0.2, recurrent},
    Family{"conv1d", FamilyKind::sequence, 1.7, 0.6, conv1d},
    Family{"tcn", FamilyKind::sequence, 0.8, 0.5, tcn},
    Family{"wav2vec", FamilyKind::sequence, 1.0, 1.0, wav2vec},
    Family{"conformer", FamilyKind::sequence, 0.8, 0.6, conformer},
    Family{"crnn", FamilyKind::sequence, 0.9, 0.3, crnn},
    Family{"audio_transformer", FamilyKind::sequence, 0.6, 0.8, audio_transformer},
    Family{"dense", FamilyKind::sequence, 0.7, 0.3, dense},
};

}  // namespace

std::span<const Family> sequence_families() { return kFamilies; }

}  // namespace latcast::carriers
