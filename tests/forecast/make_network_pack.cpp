// Writes the made-up pack of networks, and a model file to forecast, for examples.
#include <fstream>
#include <span>

#include "forecast/made_up_models.h"
#include "graph/net_builder.h"
#include "graph/onnx_model.h"

namespace {

using namespace latcast;

/// Convolution and activation, of any batch.
onnx::Model small_model() {
  onnx::Graph graph;
  graph.inputs = {test::value("x", {1, 3, 32, 32})};
  (*graph.inputs[0].shape)[0] = {-1, "n"};
  graph.initializers = {test::weight("w", {16, 3, 3, 3})};
  graph.nodes = {test::node("Conv", {"x", "w"}, {"c"}, {test::ints("kernel_shape", {3, 3})}),
                 test::node("Relu", {"c"}, {"y"})};
  graph.outputs = {test::value("y", {1, 16, 30, 30})};
  return test::model(std::move(graph));
}

bool write(const char* file, std::span<const char> bytes) {
  std::ofstream out(file, std::ios::binary);
  out.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  return static_cast<bool>(out);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  const auto pack = pack_bytes(bench::network_pack_content());
  const auto model = onnx::write_model(small_model(), onnx::Weights::materialize);
  const std::span<const char> bytes(reinterpret_cast<const char*>(pack.data()), pack.size());
  return model && write(argv[1], bytes) && write(argv[2], *model) ? 0 : 1;
}
