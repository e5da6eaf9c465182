// Forecast time per module and per network, and loading a pack: with made-up models of the size that training exports.
#include <benchmark/benchmark.h>

#include <cstdlib>
#include <vector>

#include "core/sample_pack.h"
#include "latcast/predictor.h"

namespace latcast {
namespace {

/// 150 trees of depth 4 and 256 centres, as `train` makes them.
Pack realistic_pack(const PackContent& content) {
  auto pack = Pack::from_bytes(pack_bytes(content));
  if (!pack) std::abort();
  return *pack;
}

PackContent content_with_features() {
  PackContent content = test::sample_content(150, 256);
  KernelModel& trees = content.types[0].kernels[0];
  KernelModel& gp = content.types[0].kernels[1];
  for (KernelModel* kernel : {&trees, &gp}) {
    while (kernel->features.size() < 15) {
      kernel->features.push_back(kernel->features[kernel->features.size() % 3]);
      kernel->low.push_back(0);
      kernel->high.push_back(20);
    }
  }
  trees.form = product_form(test::linear_terms({0.5, 1000}), test::random_trees(150, 4, 15, 7));
  gp.form = product_form(test::linear_terms({0.5, 1000}), test::random_gp(256, 15, 9));
  return content;
}

void one_module(benchmark::State& state) {
  const Pack pack = realistic_pack(content_with_features());
  const Predictor predictor(pack, 0);
  const std::vector<double> parameters = {state.range(0) == 0 ? 8.0 : 64.0, 56};
  const ModuleQuery query{.type = 0, .parameters = parameters};
  for (auto _ : state) benchmark::DoNotOptimize(predictor.forecast_module(query));
  state.SetLabel(state.range(0) == 0 ? "base x trees" : "base x Gaussian process");
}
BENCHMARK(one_module)->Arg(0)->Arg(1);

/// 70 modules, as ResNet-50 has when executed; `range(0)` in ten of them use the Gaussian process.
void resnet50_like(benchmark::State& state) {
  const Pack pack = realistic_pack(content_with_features());
  const Predictor predictor(pack, 0);
  std::vector<std::vector<double>> parameters;
  std::vector<ModuleQuery> queries;
  for (int i = 0; i < 70; ++i) parameters.push_back({i % 10 < state.range(0) ? 64.0 : 8.0, 7.0 + i});
  for (const auto& p : parameters) queries.push_back({.type = 0, .parameters = p});
  std::vector<ModuleForecast> modules(queries.size());
  for (auto _ : state) benchmark::DoNotOptimize(predictor.forecast_network(queries, modules));
}
BENCHMARK(resnet50_like)->Arg(0)->Arg(5)->Arg(10)->Unit(benchmark::kMicrosecond);

void load_pack(benchmark::State& state) {
  PackContent content = content_with_features();
  for (int i = 0; i < 30; ++i) {
    content.types.push_back(content.types[0]);
    content.types.back().name += std::to_string(i);
  }
  const std::vector<std::uint8_t> bytes = pack_bytes(content);
  for (auto _ : state) benchmark::DoNotOptimize(Pack::from_bytes(bytes));
  state.SetLabel(std::to_string(bytes.size() / 1000) + " kB");
}
BENCHMARK(load_pack)->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace latcast

BENCHMARK_MAIN();
