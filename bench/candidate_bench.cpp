// Candidates of a search: built through the API, deduced by rules, forecast. 100 operators each.
#include <benchmark/benchmark.h>

#include <cstdlib>
#include <vector>

#include "forecast/made_up_models.h"
#include "graph/network_access.h"
#include "latcast/network.h"
#include "latcast/network_forecaster.h"
#include "rules/executed_graph.h"

namespace latcast {
namespace {

/// Inverted residuals with batch norms, as trained networks are written: 100 operators.
Network convolutional() {
  Network net;
  std::int64_t channels = 16;
  const auto unit = [&](Tensor x, std::int64_t in, std::int64_t out, std::int64_t kernel, std::int64_t groups,
                        bool active) {
    const std::int64_t pad = kernel / 2;
    x = net.node("Conv", {x, net.weight({out, in / groups, kernel, kernel})},
                 {{"kernel_shape", {kernel, kernel}}, {"pads", {pad, pad, pad, pad}}, {"group", groups}});
    x = net.node("BatchNormalization", {x, net.weight({out}), net.weight({out}), net.weight({out}), net.weight({out})});
    return active ? net.node("Relu", {x}) : x;
  };
  Tensor x = unit(net.input({1, 3, 112, 112}), 3, channels, 3, 1, true);  // 3
  for (int block = 0; block < 10; ++block) {                              // 9 each
    Tensor y = unit(x, channels, 6 * channels, 1, 1, true);
    y = unit(y, 6 * channels, 6 * channels, 3, 6 * channels, true);
    y = unit(y, 6 * channels, channels, 1, 1, false);
    x = net.node("Add", {x, y});
  }
  x = unit(x, channels, 4 * channels, 1, 1, true);  // 3
  x = net.node("GlobalAveragePool", {x});
  x = net.node("Flatten", {x}, {{"axis", 1}});
  x = net.node("Gemm", {x, net.weight({1000, 4 * channels}), net.weight({1000})}, {{"transB", 1}});
  net.output(net.node("Softmax", {x}, {{"axis", 1}}));
  return net;
}

/// Attention and perceptrons with their norms and activations spelled out: 100 operators.
Network transformer() {
  Network net;
  constexpr std::int64_t kTokens = 64, kWidth = 192, kHeads = 3;
  const auto dense = [&](Tensor x, std::int64_t in, std::int64_t out) {
    return net.node("Add", {net.node("MatMul", {x, net.weight({in, out})}), net.weight({out})});
  };
  const auto norm = [&](Tensor x) {  // 9
    const Tensor centred = net.node("Sub", {x, net.node("ReduceMean", {x}, {{"axes", {-1}}})});
    const Tensor square = net.node("Pow", {centred, net.scalar(2)});
    const Tensor mean = net.node("ReduceMean", {square}, {{"axes", {-1}}});
    const Tensor deviation = net.node("Sqrt", {net.node("Add", {mean, net.scalar(1e-5)})});
    const Tensor scaled = net.node("Mul", {net.node("Div", {centred, deviation}), net.weight({kWidth})});
    return net.node("Add", {scaled, net.weight({kWidth})});
  };
  const auto heads = [&](Tensor x) {  // 4
    x = net.node("Reshape", {dense(x, kWidth, kWidth), net.integers({1, kTokens, kHeads, kWidth / kHeads})});
    return net.node("Transpose", {x}, {{"perm", {0, 2, 1, 3}}});
  };
  Tensor x = net.input({1, kTokens, kWidth});
  for (int block = 0; block < 2; ++block) {  // 49 each
    const Tensor y = norm(x);
    const Tensor keys = net.node("Transpose", {heads(y)}, {{"perm", {0, 1, 3, 2}}});
    Tensor scores = net.node("MatMul", {heads(y), keys});
    scores = net.node("Softmax", {net.node("Div", {scores, net.scalar(8)})}, {{"axis", -1}});
    Tensor mixed = net.node("Transpose", {net.node("MatMul", {scores, heads(y)})}, {{"perm", {0, 2, 1, 3}}});
    mixed = net.node("Reshape", {mixed, net.integers({1, kTokens, kWidth})});
    x = net.node("Add", {x, dense(mixed, kWidth, kWidth)});
    const Tensor wide = dense(norm(x), kWidth, 4 * kWidth);
    const Tensor erf = net.node("Erf", {net.node("Div", {wide, net.scalar(1.4142135)})});
    const Tensor gelu =
        net.node("Mul", {net.node("Mul", {wide, net.node("Add", {erf, net.scalar(1)})}), net.scalar(0.5)});
    x = net.node("Add", {x, dense(gelu, 4 * kWidth, kWidth)});
  }
  net.output(dense(x, kWidth, 1000));  // 2
  return net;
}

const NetworkForecaster& forecaster() {
  static const NetworkForecaster one =
      bench::must(NetworkForecaster::open(bench::must(Pack::from_bytes(pack_bytes(bench::network_pack_content()))), 0));
  return one;
}

template <Network (*build)()>
void built(benchmark::State& state) {
  for (auto _ : state) benchmark::DoNotOptimize(build());
}

template <Network (*build)()>
void deduced(benchmark::State& state) {
  const Network net = build();
  for (auto _ : state) {
    ir::Graph graph = NetworkAccess::graph(net);
    rules::deduce(graph, "onnxruntime", {1030, 16}, nullptr);
    benchmark::DoNotOptimize(graph);
  }
}

/// All of it: as a search does for every candidate.
template <Network (*build)()>
void candidate(benchmark::State& state) {
  std::vector<ExecutedModule> modules;
  const Network once = build();
  if (!forecaster().forecast(once, modules)) std::abort();
  for (auto _ : state) {
    const auto forecast = forecaster().forecast(build());
    if (!forecast) std::abort();
    benchmark::DoNotOptimize(*forecast);
  }
  state.SetLabel(std::to_string(once.size()) + " operators, " + std::to_string(modules.size()) + " executed");
}

BENCHMARK(built<convolutional>)->Unit(benchmark::kMicrosecond);
BENCHMARK(deduced<convolutional>)->Unit(benchmark::kMicrosecond);
BENCHMARK(candidate<convolutional>)->Unit(benchmark::kMicrosecond);
BENCHMARK(built<transformer>)->Unit(benchmark::kMicrosecond);
BENCHMARK(deduced<transformer>)->Unit(benchmark::kMicrosecond);
BENCHMARK(candidate<transformer>)->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace latcast
