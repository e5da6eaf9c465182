#include "rules/probes.h"

#include <cmath>
#include <functional>
#include <string_view>
#include <utility>

#include "graph/model_builder.h"

namespace latcast::rules {
namespace {

using onnx::Value;

/// A graph as it is written down, operator by operator.
class Sketch : public onnx::ModelBuilder {
 public:
  Sketch() : ModelBuilder(17) {}

  Value weight(const Dims& dims) { return ModelBuilder::weight(dims, 0.1F); }

  Value conv(const Value& x, std::int64_t out, std::int64_t kernel, std::int64_t groups = 1) {
    const std::int64_t pad = kernel / 2;
    return node("Conv", {x, weight({out, x.dim(1) / groups, kernel, kernel}), weight({out})},
                {{"kernel_shape", {kernel, kernel}}, {"pads", {pad, pad, pad, pad}}, {"group", groups}});
  }

  Value norm(const Value& x) {
    const Dims c{x.dim(1)};
    return node("BatchNormalization", {x, weight(c), weight(c), weight(c), filled(c, 1.5F)}, {{"epsilon", 1e-5F}});
  }

  Value mean(const Value& x) { return node("ReduceMean", {x}, {{"axes", {-1}}, {"keepdims", 1}}); }
  Value transpose(const Value& x, const Dims& perm) { return node("Transpose", {x}, {{"perm", perm}}); }
};

using Draw = std::function<void(Sketch&)>;

void convolution_probes(std::vector<std::pair<std::string, Draw>>& out) {
  out.emplace_back("batch norm into convolution, with its activation",
                   [](Sketch& s) { return s.node("Relu", {s.norm(s.conv(s.input({1, 16, 12, 12}), 32, 3))}); });
  out.emplace_back("add into convolution", [](Sketch& s) {
    return s.node("Add", {s.conv(s.input({1, 16, 12, 12}), 32, 1), s.weight({1, 32, 1, 1})});
  });
  out.emplace_back("add into convolution: not where the constant comes first", [](Sketch& s) {
    return s.node("Add", {s.weight({32, 1, 1}), s.conv(s.input({1, 16, 12, 12}), 32, 1)});
  });
  out.emplace_back("multiply into convolution", [](Sketch& s) {
    return s.node("Mul", {s.conv(s.input({1, 16, 12, 12}), 32, 1), s.weight({32, 1, 1})});
  });
  out.emplace_back("multiply into convolution: blocked where the constant comes first", [](Sketch& s) {
    return s.node("Mul", {s.weight({32, 1, 1}), s.conv(s.input({1, 16, 12, 12}), 32, 1)});
  });
  out.emplace_back("pad into window", [](Sketch& s) {
    const Value padded = s.node("Pad", {s.input({1, 16, 12, 12}), s.ints({0, 0, 1, 1, 0, 0, 1, 1})});
    return s.conv(padded, 32, 3);
  });
  for (const char* op : {"MaxPool", "AveragePool"}) {
    for (const auto& [what, own] : {std::pair{"none of its own", 0}, std::pair{"some of its own", 1}}) {
      out.emplace_back(std::string("pad into window: ") + op + " with " + what, [op, own](Sketch& s) {
        const Value padded = s.node("Pad", {s.input({1, 24, 12, 12}), s.ints({0, 0, 0, 0, 0, 0, 1, 1})});
        const Value x = own != 0 ? s.node(op, {padded}, {{"kernel_shape", {3, 3}}, {"pads", {1, 1, 1, 1}}})
                                 : s.node(op, {padded}, {{"kernel_shape", {3, 3}}});
        return s.node("Relu", {x});
      });
    }
  }
  out.emplace_back("relu into clip", [](Sketch& s) {
    return s.node("Clip", {s.node("Relu", {s.input({1, 16, 12, 12})}), s.scalar(0), s.scalar(6)});
  });
  for (const char* op : {"Relu", "Sigmoid", "Tanh", "LeakyRelu", "HardSigmoid", "HardSwish", "Elu"}) {
    out.emplace_back(std::string("convolution and activation: ") + op,
                     [op](Sketch& s) { return s.node(op, {s.conv(s.input({1, 18, 12, 12}), 18, 3)}); });
    out.emplace_back(std::string("convolution and activation, blocked: ") + op,
                     [op](Sketch& s) { return s.conv(s.node(op, {s.conv(s.input({1, 32, 12, 12}), 32, 3)}), 32, 1); });
  }
  out.emplace_back("convolution and activation: Clip", [](Sketch& s) {
    return s.node("Clip", {s.conv(s.input({1, 18, 12, 12}), 18, 3), s.scalar(0), s.scalar(6)});
  });
  out.emplace_back("convolution and add", [](Sketch& s) {
    const Value x = s.input({1, 18, 12, 12});
    return s.node("Relu", {s.node("Add", {s.conv(x, 18, 3), x})});
  });
  out.emplace_back("convolution and add: of two the first", [](Sketch& s) {
    const Value x = s.input({1, 18, 12, 12});
    const Value first = s.conv(x, 18, 3), second = s.conv(x, 18, 1);
    return s.node("Add", {second, first});
  });
}

void layout_probes(std::vector<std::pair<std::string, Draw>>& out) {
  out.emplace_back("blocked channels: sum and activation in the convolution", [](Sketch& s) {
    const Value a = s.conv(s.input({1, 32, 12, 12}), 32, 1);
    return s.node("Relu", {s.node("Add", {s.conv(a, 32, 3), a})});
  });
  for (const std::int64_t channels : {3, 8, 12, 18, 24, 30, 40}) {
    out.emplace_back("blocked channels: " + std::to_string(channels), [channels](Sketch& s) {
      return s.conv(s.node("Relu", {s.conv(s.input({1, channels, 12, 12}), channels, 3)}), 32, 1);
    });
    out.emplace_back("blocked channels, depthwise: " + std::to_string(channels),
                     [channels](Sketch& s) { return s.conv(s.input({1, channels, 12, 12}), channels, 3, channels); });
  }
  for (const std::int64_t channels : {24, 36}) {
    out.emplace_back("blocked channels: concatenation and pool of " + std::to_string(channels), [channels](Sketch& s) {
      const Value x = s.node("MaxPool", {s.node("Relu", {s.input({1, channels, 12, 12})})}, {{"kernel_shape", {2, 2}}});
      return s.node("Concat", {x, s.conv(x, channels, 1), s.conv(x, 16, 1)}, {{"axis", 1}});
    });
    out.emplace_back("blocked channels, grouped: " + std::to_string(channels),
                     [channels](Sketch& s) { return s.conv(s.input({1, 2 * channels, 8, 8}), 2 * channels, 3, 2); });
  }
  out.emplace_back("blocked channels, grouped", [](Sketch& s) { return s.conv(s.input({1, 64, 8, 8}), 64, 3, 2); });
  for (const char* op : {"MaxPool", "AveragePool"}) {
    out.emplace_back(std::string("blocked channels: ") + op, [op](Sketch& s) {
      return s.node(op, {s.conv(s.input({1, 32, 12, 12}), 32, 3)}, {{"kernel_shape", {2, 2}}, {"strides", {2, 2}}});
    });
  }
  out.emplace_back("blocked channels: no pool that counts its padding and rounds up", [](Sketch& s) {
    return s.node("AveragePool", {s.conv(s.input({1, 32, 12, 12}), 32, 3)},
                  {{"kernel_shape", {2, 2}}, {"strides", {2, 2}}, {"ceil_mode", 1}, {"count_include_pad", 1}});
  });
  out.emplace_back("blocked channels: concatenation and global pool", [](Sketch& s) {
    const Value x = s.input({1, 32, 12, 12});
    const Value both = s.node("Concat", {s.conv(x, 32, 3), s.conv(x, 16, 1)}, {{"axis", 1}});
    return s.node("GlobalAveragePool", {both});
  });
  out.emplace_back("blocked channels: batch norm that stays", [](Sketch& s) {
    const Value x = s.conv(s.input({1, 32, 12, 12}), 32, 3);
    return s.conv(s.node("Relu", {s.norm(s.node("Add", {x, s.conv(x, 32, 1)}))}), 32, 1);
  });
  out.emplace_back("blocked channels: gelu", [](Sketch& s) {
    const Value x = s.conv(s.input({1, 32, 12, 12}), 32, 3);
    const Value erf = s.node("Erf", {s.node("Div", {x, s.scalar(std::sqrt(2.0))})});
    const Value wide = s.node("Mul", {x, s.node("Add", {erf, s.scalar(1.0)})});
    return s.conv(s.node("Mul", {wide, s.scalar(0.5)}), 32, 1);
  });
  out.emplace_back("blocked channels: hard sigmoid", [](Sketch& s) {
    const Value x = s.conv(s.input({1, 32, 12, 12}), 32, 3);
    return s.conv(s.node("HardSigmoid", {s.node("Add", {x, s.conv(x, 32, 1)})}), 32, 1);
  });
  out.emplace_back("blocked channels: adds of unlike sizes", [](Sketch& s) {
    const Value x = s.conv(s.input({1, 32, 12, 12}), 32, 3);
    const Value small = s.conv(s.node("GlobalAveragePool", {x}), 32, 1);
    return s.conv(s.node("Add", {x, small}), 32, 1);
  });
  out.emplace_back("blocked channels: resampling", [](Sketch& s) {
    const Value x = s.conv(s.input({1, 32, 12, 12}), 32, 3);
    const Value larger =
        s.node("Resize", {x, {}, {}, s.ints({1, 32, 24, 24})},
               {{"mode", "nearest"}, {"coordinate_transformation_mode", "asymmetric"}, {"nearest_mode", "floor"}});
    return s.conv(larger, 32, 1);
  });
  out.emplace_back("blocked channels: reordering with a transpose", [](Sketch& s) {
    const Value x = s.transpose(s.input({1, 12, 12, 32}), {0, 3, 1, 2});
    return s.transpose(s.conv(x, 32, 3), {0, 2, 3, 1});
  });
}

void simplification_probes(std::vector<std::pair<std::string, Draw>>& out) {
  out.emplace_back("identities", [](Sketch& s) {
    const Value x = s.node("Identity", {s.node("Relu", {s.input({2, 8})})});
    const Value same = s.node("Cast", {s.node("Dropout", {x})}, {{"to", 1}});
    return s.node("Sigmoid", {s.node("Add", {same, s.scalar(0)})});
  });
  out.emplace_back("identities: what gives the graph's output stays",
                   [](Sketch& s) { return s.node("Add", {s.node("Relu", {s.input({2, 8})}), s.scalar(0)}); });
  out.emplace_back("constant folding: unread nodes stay, those that only a shape needed go", [](Sketch& s) {
    const Value x = s.node("Relu", {s.input({2, 8})});
    s.node("Neg", {s.node("Tanh", {x})});
    const Value shape = s.node("Shape", {s.node("Exp", {x})});
    return s.node("Expand", {s.node("Sigmoid", {s.input({1, 8})}), shape});
  });
  out.emplace_back("constant folding: shapes", [](Sketch& s) {
    const Value x = s.node("Relu", {s.input({2, 8, 6})});
    const Value rows = s.node("Gather", {s.node("Shape", {x}), s.int_scalar(0)}, {{"axis", 0}});
    const Value first = s.node("Unsqueeze", {rows, s.ints({0})});
    return s.node("Reshape", {x, s.node("Concat", {first, s.ints({-1})}, {{"axis", 0}})});
  });
  out.emplace_back("equal nodes", [](Sketch& s) {
    const Value x = s.input({2, 8});
    return s.node("Add", {s.node("Tanh", {s.node("Relu", {x})}), s.node("Relu", {x})});
  });
  out.emplace_back("multiply by quotient", [](Sketch& s) {
    const Value x = s.node("Relu", {s.input({2, 8})});
    return s.node("Mul", {x, s.node("Div", {s.scalar(1.0), s.node("Exp", {x})})});
  });
  out.emplace_back("reshapes in a row", [](Sketch& s) {
    const Value x = s.node("Reshape", {s.node("Relu", {s.input({2, 8, 6})}), s.ints({16, 6})});
    return s.node("Relu", {s.node("Unsqueeze", {x, s.ints({0})})});
  });
  out.emplace_back("reshapes in a row: two", [](Sketch& s) {
    const Value x = s.node("Reshape", {s.node("Relu", {s.input({2, 8, 6})}), s.ints({16, 6})});
    return s.node("Relu", {s.node("Reshape", {x, s.ints({4, 24})})});
  });
  out.emplace_back("parts to split", [](Sketch& s) {
    const Value x = s.node("Relu", {s.input({3, 8, 6})});
    const Value a = s.node("Gather", {x, s.int_scalar(0)}), b = s.node("Gather", {x, s.int_scalar(1)});
    return s.node("Add", {s.node("Mul", {a, b}), s.node("Gather", {x, s.int_scalar(2)})});
  });
  out.emplace_back("parts to split: slices beside another reader", [](Sketch& s) {
    const Value x = s.node("Relu", {s.input({2, 8})});
    const Value a = s.node("Slice", {x, s.ints({0}), s.ints({4}), s.ints({1})});
    const Value b = s.node("Slice", {x, s.ints({4}), s.ints({8}), s.ints({1})});
    return s.node("Add", {s.node("Concat", {s.node("Neg", {b}), a}, {{"axis", 1}}), x});
  });
}

void product_probes(std::vector<std::pair<std::string, Draw>>& out) {
  out.emplace_back("matmul and add", [](Sketch& s) {
    return s.node("Add", {s.node("MatMul", {s.input({5, 8}), s.weight({8, 6})}), s.weight({6})});
  });
  out.emplace_back("matmul and add: of three axes", [](Sketch& s) {
    return s.node("Add", {s.node("MatMul", {s.input({2, 5, 8}), s.weight({8, 6})}), s.weight({6})});
  });
  for (const char* op : {"Relu", "Sigmoid", "Tanh", "Elu", "Softplus"}) {
    out.emplace_back(std::string("gemm and activation: ") + op, [op](Sketch& s) {
      return s.node(op, {s.node("Gemm", {s.input({5, 8}), s.weight({8, 6}), s.weight({6})})});
    });
  }
  out.emplace_back("transpose and scale in matmul", [](Sketch& s) {
    const Value k = s.transpose(s.node("Relu", {s.input({2, 5, 8})}), {0, 2, 1});
    return s.node("Div", {s.node("MatMul", {s.input({2, 5, 8}), k}), s.scalar(8)});
  });
  out.emplace_back("transpose in matmul: with the batch", [](Sketch& s) {
    const auto heads = [&] { return s.transpose(s.node("Relu", {s.input({5, 2, 3, 8})}), {1, 2, 0, 3}); };
    const Value q = heads(), k = heads();
    return s.node("MatMul", {q, s.transpose(k, {0, 1, 3, 2})});
  });
  out.emplace_back("transpose in matmul: no batch of one operand alone", [](Sketch& s) {
    const Value x = s.transpose(s.node("Relu", {s.input({5, 2, 8})}), {1, 0, 2});
    return s.node("MatMul", {x, s.weight({8, 6})});
  });
}

Value erf_gelu(Sketch& s, const Value& x) {
  const Value one = s.node("Add", {s.node("Erf", {s.node("Div", {x, s.scalar(std::sqrt(2.0))})}), s.scalar(1)});
  return s.node("Mul", {s.node("Mul", {x, one}), s.scalar(0.5)});
}

/// Sqrt(2 / pi) times a cubic in x, by powers or by products.
Value tanh_gelu(Sketch& s, const Value& x, bool products = false) {
  const Value scale = s.scalar(std::sqrt(2.0 / M_PI)), cubic = s.scalar(0.044715);
  Value inner;
  if (products) {
    const Value square = s.node("Mul", {s.node("Mul", {x, cubic}), x});
    inner = s.node("Mul", {s.node("Mul", {x, scale}), s.node("Add", {square, s.scalar(1)})});
  } else {
    inner = s.node("Mul", {s.node("Add", {x, s.node("Mul", {s.node("Pow", {x, s.scalar(3)}), cubic})}), scale});
  }
  const Value one = s.node("Add", {s.node("Tanh", {inner}), s.scalar(1)});
  return s.node("Mul", {s.node("Mul", {x, s.scalar(0.5)}), one});
}

Value silu(Sketch& s, const Value& x) { return s.node("Mul", {x, s.node("Sigmoid", {x})}); }

Value scaled_norm(Sketch& s, const Value& x) {
  const Value off = s.node("Sub", {x, s.mean(x)});
  const Value variance = s.mean(s.node("Pow", {off, s.scalar(2)}));
  const Value deviation = s.node("Sqrt", {s.node("Add", {variance, s.scalar(1e-5)})});
  return s.node("Mul", {s.node("Div", {off, deviation}), s.weight({x.dim(-1)})});
}

Value layer_norm(Sketch& s, const Value& x) { return s.node("Add", {scaled_norm(s, x), s.weight({x.dim(-1)})}); }

Value root_mean_square_norm(Sketch& s, const Value& x) {
  const Value variance = s.mean(s.node("Pow", {x, s.scalar(2)}));
  const Value deviation = s.node("Sqrt", {s.node("Add", {variance, s.scalar(1e-5)})});
  return s.node("Mul", {s.node("Mul", {x, s.node("Div", {s.scalar(1), deviation})}), s.weight({x.dim(-1)})});
}

void pattern_probes(std::vector<std::pair<std::string, Draw>>& out) {
  out.emplace_back("gelu", [](Sketch& s) { return erf_gelu(s, s.node("Relu", {s.input({2, 8})})); });
  out.emplace_back("gelu: not of a product", [](Sketch& s) {
    const Value x = s.input({2, 8});
    return erf_gelu(s, s.node("Mul", {x, s.node("Tanh", {x})}));
  });
  out.emplace_back("gelu: of a product, half of it first", [](Sketch& s) {
    const Value x = s.node("Mul", {s.input({2, 8}), s.weight({8})});
    const Value one = s.node("Add", {s.node("Erf", {s.node("Div", {x, s.scalar(std::sqrt(2.0))})}), s.scalar(1)});
    return s.node("Mul", {s.node("Mul", {x, s.scalar(0.5)}), one});
  });
  for (const double root : {1.4142, 1.414}) {
    out.emplace_back("gelu: a root of " + std::to_string(root).substr(0, 6), [root](Sketch& s) {
      const Value x = s.node("Relu", {s.input({2, 8})});
      const Value one = s.node("Add", {s.node("Erf", {s.node("Div", {x, s.scalar(root)})}), s.scalar(1)});
      return s.node("Mul", {s.node("Mul", {x, one}), s.scalar(0.5)});
    });
  }
  out.emplace_back("gelu: not where the root is multiplied", [](Sketch& s) {
    const Value x = s.node("Relu", {s.input({2, 8})});
    const Value one = s.node("Add", {s.node("Erf", {s.node("Mul", {x, s.scalar(std::sqrt(0.5))})}), s.scalar(1)});
    return s.node("Mul", {s.node("Mul", {x, one}), s.scalar(0.5)});
  });
  out.emplace_back("bias and gelu",
                   [](Sketch& s) { return erf_gelu(s, s.node("Add", {s.input({2, 8}), s.weight({8})})); });
  out.emplace_back("fast gelu",
                   [](Sketch& s) { return s.node("Relu", {tanh_gelu(s, s.node("Relu", {s.input({2, 8})}))}); });
  out.emplace_back("fast gelu: not at the end",
                   [](Sketch& s) { return tanh_gelu(s, s.node("Relu", {s.input({2, 8})})); });
  out.emplace_back("fast gelu: of products",
                   [](Sketch& s) { return s.node("Relu", {tanh_gelu(s, s.node("Relu", {s.input({2, 8})}), true)}); });
  out.emplace_back("quick gelu", [](Sketch& s) { return silu(s, s.node("Relu", {s.input({2, 8})})); });
  out.emplace_back("quick gelu, blocked",
                   [](Sketch& s) { return s.conv(silu(s, s.conv(s.input({1, 40, 6, 6}), 40, 1)), 32, 1); });
  out.emplace_back("layer norm", [](Sketch& s) { return layer_norm(s, s.input({2, 5, 8})); });
  out.emplace_back("layer norm: without a bias",
                   [](Sketch& s) { return s.node("Relu", {scaled_norm(s, s.input({2, 5, 8}))}); });
  out.emplace_back("layer norm: the operator, without a bias", [](Sketch& s) {
    return s.node("LayerNormalization", {s.node("Add", {s.input({2, 5, 8}), s.input({2, 5, 8})}), s.weight({8})},
                  {{"axis", -1}});
  });
  out.emplace_back("layer norm: skipped and read once more", [](Sketch& s) {
    const Value sum = s.node("Add", {s.input({2, 5, 8}), s.input({2, 5, 8})});
    return s.node("Add", {layer_norm(s, sum), sum});
  });
  out.emplace_back("simplified layer norm: skipped", [](Sketch& s) {
    return root_mean_square_norm(s, s.node("Add", {s.input({2, 5, 8}), s.input({2, 5, 8})}));
  });
  out.emplace_back("quantized pairs stay", [](Sketch& s) {
    const Value x = s.node("QuantizeLinear", {s.input({1, 16, 6, 6}), s.scalar(0.1)});
    return s.conv(s.node("DequantizeLinear", {x, s.scalar(0.1)}), 16, 1);
  });
  out.emplace_back("simplified layer norm", [](Sketch& s) { return root_mean_square_norm(s, s.input({2, 5, 8})); });
  out.emplace_back("skip and layer norm",
                   [](Sketch& s) { return layer_norm(s, s.node("Add", {s.input({2, 5, 8}), s.input({2, 5, 8})})); });
  out.emplace_back("skip and layer norm: with a bias", [](Sketch& s) {
    const Value biased = s.node("Add", {s.input({2, 5, 8}), s.weight({8})});
    return layer_norm(s, s.node("Add", {biased, s.input({2, 5, 8})}));
  });
}

Value channels_last(Sketch& s, const Value& x) { return s.transpose(x, {0, 2, 3, 1}); }

Value channels_first(Sketch& s, const Value& x) { return s.transpose(x, {0, 3, 1, 2}); }

void transpose_probes(std::vector<std::pair<std::string, Draw>>& out) {
  out.emplace_back("transposes: two that cancel around elementwise operators", [](Sketch& s) {
    const Value x = channels_last(s, s.node("Relu", {s.input({1, 5, 6, 7})}));
    return s.node("Relu", {channels_first(s, s.node("Sigmoid", {s.node("Add", {x, s.weight({5})})}))});
  });
  out.emplace_back("transposes: merged", [](Sketch& s) {
    const Value x = s.transpose(s.node("Relu", {s.input({2, 5, 3, 8})}), {0, 2, 1, 3});
    return s.node("Softmax", {s.transpose(x, {0, 1, 3, 2})}, {{"axis", -1}});
  });
  for (const char* op : {"Elu", "Softplus"}) {
    out.emplace_back(std::string("transposes: through ") + op, [op](Sketch& s) {
      return s.node("Relu",
                    {channels_first(s, s.node(op, {channels_last(s, s.node("Relu", {s.input({1, 5, 6, 7})}))}))});
    });
  }
  out.emplace_back("transposes: not through a gather of a list", [](Sketch& s) {
    const Value x = channels_last(s, s.node("Relu", {s.input({1, 5, 6, 7})}));
    return channels_first(s, s.node("Gather", {x, s.ints({1, 3})}, {{"axis", 3}}));
  });
  out.emplace_back("transposes: behind a resampling and before axes are split", [](Sketch& s) {
    const Value x = channels_first(s, s.node("Relu", {s.input({1, 4, 4, 6})}));
    const Value larger = s.node("Resize", {x, {}, {}, s.ints({1, 6, 8, 8})}, {{"mode", "linear"}});
    const Value y = s.node("Sigmoid", {channels_last(s, larger)});
    return s.transpose(s.node("Reshape", {y, s.ints({1, 2, 4, 2, 4, 6})}), {0, 1, 3, 2, 4, 5});
  });
  out.emplace_back("transposes: through means", [](Sketch& s) {
    const Value x = channels_last(s, s.node("Relu", {s.input({1, 5, 6, 7})}));
    return s.node("ReduceMean", {x}, {{"axes", {1, 2}}, {"keepdims", 0}});
  });
  out.emplace_back("transposes: heads taken apart", [](Sketch& s) {
    const Value x = s.node("Reshape", {s.input({2, 5, 48}), s.ints({2, 5, 3, 2, 8})});
    const Value heads = s.transpose(x, {2, 0, 3, 1, 4});
    const Value q = s.node("Gather", {heads, s.int_scalar(0)}), k = s.node("Gather", {heads, s.int_scalar(1)});
    const Value scores = s.node("MatMul", {q, s.transpose(k, {0, 1, 3, 2})});
    return s.node("MatMul", {s.node("Softmax", {scores}), s.node("Gather", {heads, s.int_scalar(2)})});
  });
  out.emplace_back("transposes: tokens to an image", [](Sketch& s) {
    const Value x = s.transpose(s.node("Relu", {s.input({1, 36, 9})}), {0, 2, 1});
    return s.conv(s.node("Reshape", {x, s.ints({1, 9, 6, 6})}), 9, 3);
  });
}

}  // namespace

std::vector<Probe> onnxruntime_probes() {
  std::vector<std::pair<std::string, Draw>> draws;
  convolution_probes(draws);
  layout_probes(draws);
  simplification_probes(draws);
  product_probes(draws);
  pattern_probes(draws);
  transpose_probes(draws);
  std::vector<Probe> out;
  for (const auto& [name, draw] : draws) {
    Sketch sketch;
    draw(sketch);
    out.push_back({name, sketch.finish(name)});
  }
  return out;
}

}  // namespace latcast::rules
