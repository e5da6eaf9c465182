// A model file: reading, writing back, shapes, the network of its modules, its parts, and what rules make of it. And
// executed graphs as stores and workers have them.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>
#include <vector>

#include "catalogue/catalogue.h"
#include "graph/link.h"
#include "graph/module_matcher.h"
#include "graph/module_network.h"
#include "graph/network_access.h"
#include "graph/onnx_model.h"
#include "rules/executed_graph.h"

using namespace latcast;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const auto catalogue = Catalogue::builtin();
  if (!catalogue) std::abort();
  if (auto stored = read_executed_graph({reinterpret_cast<const char*>(data), size})) {
    (void)match_modules(*stored, *catalogue, nullptr);
    if (!read_executed_graph(write_executed_graph(*stored))) std::abort();
  }
  const auto model = onnx::read_model(std::as_bytes(std::span(data, size)));
  if (!model) return 0;
  const auto written = onnx::write_model(*model, onnx::Weights::skeleton);
  // What was read and can be written must be readable again.
  if (written && !onnx::read_model(std::as_bytes(std::span(*written)))) std::abort();
  if (auto as_is = executed_as_is(*model, {{}, 1})) (void)match_modules(*as_is, *catalogue, &*model);
  // Every version has its turn, and both blocks.
  const rules::EngineTarget target{static_cast<int>(1019 + size % 13), size % 2 == 0 ? 16 : 8};
  auto executed = rules::executed_graph(*model, {{}, 1}, "onnxruntime", target);
  if (!executed) return 0;
  // Modules are read from the graph by number too, as candidates' are.
  auto graph = link(*model, {{}, 1}, &*catalogue);
  if (!graph) return 0;  // what only the catalogue knows does not fit
  rules::deduce(*graph, "onnxruntime", target, nullptr);
  static const ModuleMatcher matcher(*catalogue);
  const auto order = graph->order();
  if (match_modules(*graph, order, matcher).modules.size() > order.size()) std::abort();
  // In memory it can be cut anywhere, and given another batch.
  const Network network = NetworkAccess::make(*link(*model, {{}, 1}, nullptr));
  const std::vector<Operator> operators = network.operators();
  if (!operators.empty()) (void)network.cut(operators[size % operators.size()].outputs);
  (void)network.with_batch(static_cast<std::int64_t>(2 + size % 7));
  (void)match_modules(*executed, *catalogue, &*model);
  const auto deduced = onnx::write_model(to_model(*executed, *model), onnx::Weights::skeleton);
  if (deduced && !executed->order.empty() && !onnx::read_model(std::as_bytes(std::span(*deduced)))) std::abort();
  return 0;
}
