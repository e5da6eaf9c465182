// Writes the rules' probes as files into a folder: seeds for fuzzing.
#include <filesystem>
#include <fstream>

#include "rules/probes.h"

int main(int count, char** arguments) {
  if (count != 2) return 2;
  int number = 0;
  for (const latcast::rules::Probe& probe : latcast::rules::onnxruntime_probes()) {
    const auto bytes = latcast::onnx::write_model(probe.model, latcast::onnx::Weights::skeleton);
    if (!bytes) return 1;
    const auto file = std::filesystem::path(arguments[1]) / ("probe-" + std::to_string(number++) + ".onnx");
    std::ofstream(file, std::ios::binary) << *bytes;
  }
  return 0;
}
