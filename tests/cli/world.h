// What most tests of the command start from: a campaign on the fake engine, the pack trained on it, and small models.
// Made once per build of the command, by whichever test comes first.
#pragma once

#include <sys/file.h>

#include <stdexcept>

#include "command.h"
#include "graph/net_builder.h"
#include "measure/carriers/carrier.h"
#include "must.h"

namespace latcast::test {

/// Where a test is not about the models themselves.
inline constexpr const char* kQuickModels = "base_ridge,base_gp_small,lasso";
/// A limit that no model meets or misses by how busy the machine is.
inline constexpr const char* kAnyTime = "1s";

struct World {
  fs::path folder;
  std::string db, pack;
};

inline void run_or_throw(const fs::path& folder, const std::vector<std::string>& arguments) {
  const Outcome outcome = Command(folder, arguments).wait();
  if (outcome.code != 0) throw std::runtime_error(outcome.err);
}

inline const World& world() {
  static const World made = [] {
    const fs::path folder = LATCAST_TEST_SCRATCH;
    fs::create_directories(folder);
    const World result{folder, (folder / "world.db").string(), (folder / "world.latpack").string()};
    const int lock = open((folder / "lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    flock(lock, LOCK_EX);
    if (!fs::exists(result.pack) || fs::last_write_time(result.pack) < fs::last_write_time(LATCAST_BINARY)) {
      for (const char* end : {"", "-wal", "-shm"}) fs::remove(result.db + end);
      write_text(folder / "campaign.toml", "max_macs = 1e8\n");
      run_or_throw(folder, {"profile", "--engine", "fake", "--db", result.db, "--budget", "40s", "--seed", "1",
                            "--config", (folder / "campaign.toml").string()});
      run_or_throw(folder, {"train", "--rms", kQuickModels, "--max-module-time", kAnyTime, "--db", result.db, "--out",
                            result.pack});
    }
    close(lock);
    return result;
  }();
  return made;
}

inline void save(const onnx::Model& model, const std::string& file) {
  write_text(file, must(onnx::write_model(model, onnx::Weights::materialize)));
}

inline onnx::ValueInfo free_value(std::string name, std::vector<onnx::Dim> dims) {
  onnx::ValueInfo info = value(std::move(name), {});
  info.shape = std::move(dims);
  return info;
}

/// Convolution, activation, pooling, classifier.
inline onnx::Model small_cnn(std::int64_t channels = 16) {
  onnx::Graph graph;
  graph.inputs = {value("x", {1, 3, 32, 32})};
  graph.initializers = {weight("w1", {channels, 3, 3, 3}), weight("w2", {2 * channels, channels, 3, 3}),
                        weight("w3", {10, 2 * channels}), weight("b3", {10})};
  graph.nodes = {node("Conv", {"x", "w1"}, {"c1"}, {ints("pads", {1, 1, 1, 1}), ints("kernel_shape", {3, 3})}),
                 node("Relu", {"c1"}, {"r1"}),
                 node("Conv", {"r1", "w2"}, {"c2"},
                      {ints("strides", {2, 2}), ints("pads", {1, 1, 1, 1}), ints("kernel_shape", {3, 3})}),
                 node("Sigmoid", {"c2"}, {"s2"}),
                 node("GlobalAveragePool", {"s2"}, {"p"}),
                 node("Flatten", {"p"}, {"f"}, {integer("axis", 1)}),
                 node("Gemm", {"f", "w3", "b3"}, {"y"}, {integer("transB", 1)})};
  graph.outputs = {value("y", {1, 10})};
  return model(std::move(graph));
}

}  // namespace latcast::test
