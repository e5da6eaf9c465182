// Forecast time per module, in batches and per network, and loading a pack: the catalogue's real expressions on the
// modules of a real ResNet-50, with made-up models of the size that training exports.
#include <benchmark/benchmark.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "core/form.h"
#include "forecast/made_up_models.h"
#include "graph/module_network.h"
#include "latcast/predictor.h"

namespace latcast {
namespace {

using bench::must;

const Catalogue& catalogue() {
  static const Catalogue one = must(Catalogue::builtin());
  return one;
}

const ModuleNetwork& resnet50() {
  static const ModuleNetwork network = [] {
    std::ifstream in(LATCAST_TEST_DATA "/graph/resnet50.optimized.onnx", std::ios::binary);
    const std::string bytes{std::istreambuf_iterator<char>(in), {}};
    auto executed = must(read_executed_graph(bytes));
    return match_modules(executed, catalogue(), nullptr);
  }();
  return network;
}

/// ResNet-50's matched modules, `count` of them, over and over where it has fewer.
std::vector<ModuleQuery> queries(std::size_t count) {
  std::vector<ModuleQuery> out;
  while (out.size() < count) {
    for (const Module& module : resnet50().modules) {
      if (module.match != ModuleMatch::matched || out.size() == count) continue;
      out.push_back({.type = static_cast<std::uint32_t>(module.type), .parameters = module.parameters});
    }
  }
  return out;
}

Pack pack_with(std::size_t form) {
  return must(Pack::from_bytes(pack_bytes(bench::pack_content(catalogue(), bench::named_forms()[form].make))));
}

/// The convolutions of ResNet-50: most of its modules, and the type with the longest expressions.
std::vector<ModuleQuery> convolutions() {
  const auto type = static_cast<std::uint32_t>(catalogue().find("conv2d") - catalogue().types().data());
  std::vector<ModuleQuery> out = queries(70);
  std::erase_if(out, [&](const ModuleQuery& query) { return query.type != type; });
  return out;
}

/// One convolution after another. `model_ns`: what form_cost_ns() says of the same mix.
void one_module(benchmark::State& state) {
  const auto form = static_cast<std::size_t>(state.range(0));
  const Pack pack = pack_with(form);
  const Predictor predictor(pack, 0);
  const std::vector<ModuleQuery> all = convolutions();
  double model_ns = 0;
  for (const ModuleQuery& query : all) {
    const auto kernel = must(predictor.forecast_module(query)).kernel;
    const Kernel& k = catalogue().types()[query.type].kernels[kernel];
    model_ns += form_cost_ns(bench::named_forms()[form].make({k.base.size(), k.features.size()}),
                             {k.base.size(), k.features.size()});
  }
  for (auto _ : state) {
    for (const ModuleQuery& query : all) benchmark::DoNotOptimize(predictor.forecast_module(query));
  }
  const auto count = static_cast<double>(all.size());
  state.counters["per_module"] =
      benchmark::Counter(count, benchmark::Counter::kIsIterationInvariantRate | benchmark::Counter::kInvert);
  state.counters["model_ns"] = model_ns / count;
  state.SetLabel(bench::named_forms()[form].name);
}
BENCHMARK(one_module)->DenseRange(0, 10);

/// 70 modules of ResNet-50.
void resnet50_like(benchmark::State& state) {
  const auto form = static_cast<std::size_t>(state.range(0));
  const Pack pack = pack_with(form);
  const Predictor predictor(pack, 0);
  const std::vector<ModuleQuery> all = queries(70);
  std::vector<ModuleForecast> modules(all.size());
  for (auto _ : state) benchmark::DoNotOptimize(predictor.forecast_network(all, modules));
  state.SetLabel(bench::named_forms()[form].name);
}
BENCHMARK(resnet50_like)->DenseRange(0, 10)->Unit(benchmark::kMicrosecond);

/// 4096 convolutions as rows.
void batch(benchmark::State& state) {
  const auto form = static_cast<std::size_t>(state.range(0));
  const Pack pack = pack_with(form);
  const Predictor predictor(pack, 0);
  const std::vector<ModuleQuery> some = convolutions();
  std::vector<double> rows;
  std::vector<ModuleForecast> out(4096);
  for (std::size_t i = 0; i < out.size(); ++i) {
    const auto parameters = some[i % some.size()].parameters;
    rows.insert(rows.end(), parameters.begin(), parameters.end());
  }
  for (auto _ : state) benchmark::DoNotOptimize(predictor.forecast_modules(some[0].type, rows, out));
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(out.size()));
  state.SetLabel(bench::named_forms()[form].name);
}
BENCHMARK(batch)->DenseRange(0, 10)->Unit(benchmark::kMicrosecond);

/// Opening a file: about what a campaign of ten minutes exports, or the file that LATCAST_BENCH_PACK names.
void load_pack(benchmark::State& state) {
  const char* given = std::getenv("LATCAST_BENCH_PACK");
  std::filesystem::path path = given == nullptr ? "" : given;
  if (given == nullptr) {
    path = std::filesystem::temp_directory_path() / "latcast_bench.latpack";
    int next = 0;  // a quarter of the classes each has trees, a Gaussian process, a ridge and the base alone
    const auto mixed = [&next](const bench::Sizes& sizes) {
      constexpr std::size_t kForms[] = {5, 7, 1, 0};
      return bench::named_forms()[kForms[next++ % 4]].make(sizes);
    };
    if (!write_pack(bench::pack_content(catalogue(), mixed), path)) std::abort();
  }
  for (auto _ : state) benchmark::DoNotOptimize(Pack::open(path));
  state.SetLabel(std::to_string(std::filesystem::file_size(path) / 1000) + " kB");
  if (given == nullptr) std::filesystem::remove(path);
}
BENCHMARK(load_pack)->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace latcast

BENCHMARK_MAIN();
