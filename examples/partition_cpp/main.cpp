// Where can a network be cut in two, for two devices or two stages? What every cut costs on each side, and what has to
// be sent. partition_cpp host.latpack [BATCH]
#include <latcast/network_forecaster.h>

#include <cstdio>
#include <cstdlib>

using latcast::Network;
using latcast::Tensor;

/// A small residual network. Network::read("model.onnx") gives one from a file.
Network residual_network() {
  Network net;
  const auto conv = [&](Tensor x, std::int64_t in, std::int64_t out, std::int64_t stride) {
    return net.node("Conv", {x, net.weight({out, in, 3, 3}), net.weight({out})},
                    {{"kernel_shape", {3, 3}}, {"pads", {1, 1, 1, 1}}, {"strides", {stride, stride}}});
  };
  Tensor x = net.node("Relu", {conv(net.input({1, 3, 64, 64}), 3, 16, 2)});
  for (int block = 0; block < 2; ++block) {
    const Tensor y = conv(net.node("Relu", {conv(x, 16, 16, 1)}), 16, 16, 1);
    x = net.node("Relu", {net.node("Add", {x, y})});
  }
  x = net.node("Reshape", {net.node("GlobalAveragePool", {x}), net.integers({1, 16})});
  net.output(net.node("Gemm", {x, net.weight({16, 10}), net.weight({10})}));
  return net;
}

int main(int argc, char** argv) {
  if (argc < 2) return std::fprintf(stderr, "usage: partition_cpp PACK [BATCH]\n"), 2;
  const auto fail = [](const latcast::Error& error) { return std::fprintf(stderr, "%s\n", error.context.c_str()), 1; };
  const auto pack = latcast::Pack::open(argv[1]);
  if (!pack) return fail(pack.error());
  const auto forecaster = latcast::NetworkForecaster::open(*pack);
  if (!forecaster) return fail(forecaster.error());
  const auto whole = residual_network().with_batch(argc > 2 ? std::atoll(argv[2]) : 1);
  if (!whole) return fail(whole.error());
  const auto all = forecaster->forecast(*whole);
  if (!all) return fail(all.error());
  std::printf("%zu operators, %.0f us\n", whole->size(), all->quiet.count() / 1e3);

  for (const latcast::Operator& one : whole->operators()) {
    const auto cut = whole->cut({one.outputs[0]});
    if (!cut) continue;  // the last one: there is nothing behind it
    const auto before = forecaster->forecast(cut->before), after = forecaster->forecast(cut->after);
    if (!before || !after) return fail(before ? after.error() : before.error());
    std::uint64_t bytes = 0;
    for (const latcast::TensorDescription& tensor : cut->crossing) bytes += tensor.bytes.value_or(0);
    std::printf("behind %s: %.0f us + %.0f us, %zu tensors of %llu bytes cross\n", one.op.c_str(),
                before->quiet.count() / 1e3, after->quiet.count() / 1e3, cut->crossing.size(),
                static_cast<unsigned long long>(bytes));
  }
}
