// From a file's bytes to modules with their parameters: of an engine's optimized graph, or of one that rules deduce.
#include <benchmark/benchmark.h>

#include <cstddef>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <span>
#include <string>

#include "catalogue/catalogue.h"
#include "graph/module_network.h"
#include "rules/executed_graph.h"

namespace latcast {
namespace {

std::string bytes_of(const std::string& file) {
  std::ifstream in(std::string(LATCAST_TEST_DATA) + "/graph/" + file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

onnx::Model model_of(const std::string& bytes) {
  auto model = onnx::read_model(std::as_bytes(std::span(bytes)));
  if (!model) std::abort();
  return std::move(*model);
}

void read_resnet50(benchmark::State& state) {
  const std::string bytes = bytes_of("resnet50.optimized.onnx");
  for (auto _ : state) benchmark::DoNotOptimize(model_of(bytes));
}
BENCHMARK(read_resnet50)->Unit(benchmark::kMicrosecond);

void match_resnet50(benchmark::State& state) {
  const auto catalogue = Catalogue::builtin();
  const onnx::Model model = model_of(bytes_of("resnet50.optimized.onnx"));
  if (!catalogue) std::abort();
  for (auto _ : state) {
    auto executed = executed_as_is(model, {{}, 1});
    if (!executed) std::abort();
    benchmark::DoNotOptimize(match_modules(*executed, *catalogue, nullptr));
  }
}
BENCHMARK(match_resnet50)->Unit(benchmark::kMicrosecond);

/// A file of 105 nodes, 40 executed ones: what rules take, and all from bytes to modules.
void deduce_squeezenet(benchmark::State& state) {
  const onnx::Model model = model_of(bytes_of("squeezenet.onnx"));
  for (auto _ : state) benchmark::DoNotOptimize(rules::executed_graph(model, {}, "onnxruntime", {1030, 16}));
}
BENCHMARK(deduce_squeezenet)->Unit(benchmark::kMicrosecond);

void import_squeezenet_by_rules(benchmark::State& state) {
  const std::string bytes = bytes_of("squeezenet.onnx");
  const auto catalogue = Catalogue::builtin();
  if (!catalogue) std::abort();
  for (auto _ : state) {
    const onnx::Model model = model_of(bytes);
    auto executed = rules::executed_graph(model, {}, "onnxruntime", {1030, 16});
    if (!executed) std::abort();
    benchmark::DoNotOptimize(match_modules(*executed, *catalogue, &model));
  }
}
BENCHMARK(import_squeezenet_by_rules)->Unit(benchmark::kMicrosecond);

void compile_catalogue(benchmark::State& state) {
  for (auto _ : state) benchmark::DoNotOptimize(Catalogue::builtin());
}
BENCHMARK(compile_catalogue)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace latcast
