// Which of a family of networks is the largest that keeps to a latency? search_cpp host.latpack 5 (milliseconds)
#include <latcast/network_forecaster.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>

using latcast::Network;
using latcast::Tensor;

/// A stem, stages of inverted residuals of twice the width each, a classifier. No file, no weights.
Network candidate(std::int64_t width, int depth, std::int64_t resolution) {
  Network net;
  const auto unit = [&](Tensor x, std::int64_t in, std::int64_t out, std::int64_t kernel, std::int64_t stride,
                        std::int64_t groups) {
    const std::int64_t pad = kernel / 2;
    x = net.node("Conv", {x, net.weight({out, in / groups, kernel, kernel})},
                 {{"kernel_shape", {kernel, kernel}},
                  {"pads", {pad, pad, pad, pad}},
                  {"strides", {stride, stride}},
                  {"group", groups}});
    return net.node("BatchNormalization",
                    {x, net.weight({out}), net.weight({out}), net.weight({out}), net.weight({out})});
  };
  Tensor x = net.node("Relu", {unit(net.input({1, 3, resolution, resolution}), 3, width, 3, 2, 1)});
  std::int64_t in = width;
  for (int stage = 0; stage < 4; ++stage) {
    const std::int64_t out = width << stage;
    for (int block = 0; block < depth; ++block) {
      const std::int64_t stride = block == 0 && stage > 0 ? 2 : 1;
      Tensor y = net.node("Relu", {unit(x, in, 4 * in, 1, 1, 1)});
      y = net.node("Relu", {unit(y, 4 * in, 4 * in, 3, stride, 4 * in)});
      y = unit(y, 4 * in, out, 1, 1, 1);
      x = stride == 1 && in == out ? net.node("Add", {x, y}) : y;
      in = out;
    }
  }
  x = net.node("Flatten", {net.node("GlobalAveragePool", {x})}, {{"axis", 1}});
  net.output(net.node("Gemm", {x, net.weight({1000, in}), net.weight({1000})}, {{"transB", 1}}));
  return net;
}

int main(int argc, char** argv) {
  if (argc != 3) return std::fprintf(stderr, "usage: search_cpp PACK MILLISECONDS\n"), 2;
  const auto pack = latcast::Pack::open(argv[1]);
  if (!pack) return std::fprintf(stderr, "%s\n", pack.error().context.c_str()), 1;
  const auto forecaster = latcast::NetworkForecaster::open(*pack);
  if (!forecaster) return std::fprintf(stderr, "%s\n", forecaster.error().context.c_str()), 1;

  const double limit_ms = std::atof(argv[2]);
  double most_macs = 0;
  int candidates = 0;
  const auto start = std::chrono::steady_clock::now();
  for (std::int64_t width = 8; width <= 48; width += 4) {
    for (int depth = 1; depth <= 4; ++depth) {
      for (std::int64_t resolution = 96; resolution <= 224; resolution += 32, ++candidates) {
        const auto forecast = forecaster->forecast(candidate(width, depth, resolution));
        if (!forecast) return std::fprintf(stderr, "%s\n", forecast.error().context.c_str()), 1;
        if (forecast->upper.count() > limit_ms * 1e6 || forecast->macs <= most_macs) continue;
        most_macs = forecast->macs;
        std::printf("width %lld, depth %d, resolution %lld: %.2f ms (%.2f .. %.2f), %.0f M MACs\n",
                    static_cast<long long>(width), depth, static_cast<long long>(resolution),
                    forecast->quiet.count() / 1e6, forecast->lower.count() / 1e6, forecast->upper.count() / 1e6,
                    forecast->macs / 1e6);
      }
    }
  }
  const std::chrono::duration<double, std::micro> took = std::chrono::steady_clock::now() - start;
  std::printf("%d candidates, %.0f us each\n", candidates, took.count() / candidates);
}
