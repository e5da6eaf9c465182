// Writes the rules' probes as files into a folder, and what is executed of them: seeds for fuzzing.
#include <filesystem>
#include <fstream>

#include "rules/executed_graph.h"
#include "rules/probes.h"

int main(int count, char** arguments) {
  using namespace latcast;
  if (count != 2) return 2;
  int number = 0;
  for (const rules::Probe& probe : rules::onnxruntime_probes()) {
    const auto bytes = onnx::write_model(probe.model, onnx::Weights::skeleton);
    const auto executed = rules::executed_graph(probe.model, {}, "onnxruntime", {1030, 16});
    if (!bytes || !executed) return 1;
    const std::string file = std::filesystem::path(arguments[1]) / ("probe-" + std::to_string(number++));
    std::ofstream(file + ".onnx", std::ios::binary) << *bytes;
    std::ofstream(file + ".executed", std::ios::binary) << write_executed_graph(*executed);
  }
  return 0;
}
