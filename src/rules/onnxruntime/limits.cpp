// What the CPU provider refuses: files newer than it, and operators that it has no kernel for. Kernels are those that
// 1.30 turned out to lack, asked for one node at a time.
#include <algorithm>
#include <array>
#include <string>

#include "rules/onnxruntime/stages.h"

namespace latcast::rules::onnxruntime {
namespace {

/// The newest that versions up to this one read.
struct Newest {
  int version;
  std::int64_t opset, ir;
};
constexpr std::array kNewest = {Newest{1020, 21, 10}, Newest{1021, 22, 10}, Newest{1022, 23, 11}, Newest{1023, 24, 12},
                                Newest{kAnyVersion, 26, 13}};

constexpr std::string_view kNotInDouble =
    "Acos Acosh Asin Asinh Atan Atanh AveragePool Conv ConvTranspose Cosh Det Erf Gelu GlobalAveragePool GlobalMaxPool "
    "GridSample Hardmax InstanceNormalization LRN LpPool Mean RNN Sinh Tan";

/// Operators whose kernels begin with a newer operator set than the operators.
struct Begins {
  std::int64_t opset;
  std::string_view operators;
};
constexpr std::array kBegins = {
    Begins{2, "Split"}, Begins{4, "Concat"},
    Begins{
        6,
        "Abs Ceil Clip Elu Exp Floor HardSigmoid InstanceNormalization LeakyRelu Log Max Mean Min Neg Reciprocal Relu "
        "Selu Sigmoid Sqrt Sum Tanh"},
    Begins{7, "Add AveragePool BatchNormalization Div Dropout GRU Gemm Greater LSTM Less Mul PRelu Pow RNN Sub"}};

std::string version_text(int version) { return std::to_string(version / 1000) + "." + std::to_string(version % 1000); }

Result<void> check_kernel(const Graph& graph, const Node& node) {
  const auto refuse = [&](const std::string& why) {
    return fail(Errc::unsupported,
                "node '" + node.name + "' (" + node.op + "): the engine has no kernel for it " + why);
  };
  for (const Begins& one : kBegins) {
    if (graph.opset() < one.opset && has_word(one.operators, node.op))
      return refuse("before operator set " + std::to_string(one.opset) + ", the file is of " +
                    std::to_string(graph.opset()) + "; convert it (onnx.version_converter)");
  }
  const ValueId input = node.input(0);
  const bool is_double = input != kNothing && graph.info(input).type == onnx::DataType::float64;
  if (is_double && has_word(kNotInDouble, node.op)) return refuse("in float64; convert the model to float32");
  return {};
}

}  // namespace

Result<void> check_file(const onnx::Model& file, const Graph& graph, const EngineTarget& target) {
  const Newest& newest =
      *std::ranges::find_if(kNewest, [&](const Newest& one) { return target.version <= one.version; });
  const std::string engine = " (onnxruntime " + version_text(target.version) + ") reads up to ";
  if (graph.opset() > newest.opset)
    return fail(Errc::unsupported,
                "the file is of operator set " + std::to_string(graph.opset()) + ", the engine" + engine +
                    std::to_string(newest.opset) +
                    "; write it for an older one (opset_version of the exporter, onnx.version_converter)");
  if (file.ir_version > newest.ir)
    return fail(Errc::unsupported, "the file is of IR version " + std::to_string(file.ir_version) + ", the engine" +
                                       engine + std::to_string(newest.ir) + "; lower the model's ir_version");
  for (NodeId id = 0; id < graph.nodes(); ++id) {
    const Node& node = graph.node(id);
    if (node.removed || !node.domain.empty()) continue;
    if (auto ok = check_kernel(graph, node); !ok) return ok;
  }
  return {};
}

}  // namespace latcast::rules::onnxruntime
