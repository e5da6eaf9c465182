#include "rules/probes.h"

#include <cmath>
#include <functional>
#include <initializer_list>
#include <string_view>
#include <utility>

namespace latcast::rules {
namespace {

onnx::Attribute whole(std::string_view name, std::int64_t value) {
  onnx::Attribute out;
  out.name = std::string(name);
  out.kind = onnx::Attribute::Kind::i;
  out.i = value;
  return out;
}

onnx::Attribute list(std::string_view name, Dims values) {
  onnx::Attribute out;
  out.name = std::string(name);
  out.kind = onnx::Attribute::Kind::ints;
  out.ints = std::move(values);
  return out;
}

onnx::Attribute real(std::string_view name, float value) {
  onnx::Attribute out;
  out.name = std::string(name);
  out.kind = onnx::Attribute::Kind::f;
  out.f = value;
  return out;
}

onnx::Attribute text(std::string_view name, std::string_view value) {
  onnx::Attribute out;
  out.name = std::string(name);
  out.kind = onnx::Attribute::Kind::s;
  out.s = std::string(value);
  return out;
}

/// A graph as it is written down, operator by operator.
class Sketch {
 public:
  Sketch() {
    model_.opsets[""] = 17;
    model_.producer = "latcast";
  }

  std::string input(const Dims& dims) {
    onnx::ValueInfo info;
    info.name = "input" + std::to_string(model_.graph.inputs.size());
    info.type = onnx::DataType::float32;
    info.shape.emplace();
    for (const std::int64_t dim : dims) info.shape->push_back({dim, ""});
    model_.graph.inputs.push_back(info);
    return info.name;
  }

  std::string weight(Dims dims) {
    onnx::Tensor tensor = named(onnx::DataType::float32, std::move(dims));
    tensor.fill = {onnx::Fill::Kind::normal, 0.1F};
    return keep(std::move(tensor));
  }

  /// Greater than zero, as a variance is.
  std::string positive(Dims dims) {
    onnx::Tensor tensor = named(onnx::DataType::float32, std::move(dims));
    tensor.fill = {onnx::Fill::Kind::constant, 1.5F};
    return keep(std::move(tensor));
  }

  std::string scalar(double value) {
    onnx::Tensor tensor = named(onnx::DataType::float32, {});
    tensor.floats = {value};
    return keep(std::move(tensor));
  }

  std::string ints(const Dims& values) {
    onnx::Tensor tensor = named(onnx::DataType::int64, {static_cast<std::int64_t>(values.size())});
    tensor.ints.assign(values.begin(), values.end());
    return keep(std::move(tensor));
  }

  std::string index(std::int64_t value) {
    onnx::Tensor tensor = named(onnx::DataType::int64, {});
    tensor.ints = {value};
    return keep(std::move(tensor));
  }

  std::vector<std::string> nodes(std::string_view op, std::vector<std::string> inputs, std::size_t outputs,
                                 std::vector<onnx::Attribute> attributes = {}) {
    onnx::Node node;
    node.op = std::string(op);
    node.name = node.op + std::to_string(model_.graph.nodes.size());
    node.inputs = std::move(inputs);
    node.attributes = std::move(attributes);
    for (std::size_t i = 0; i < outputs; ++i) node.outputs.push_back(node.name + "_" + std::to_string(i));
    model_.graph.nodes.push_back(node);
    return node.outputs;
  }

  std::string node(std::string_view op, std::vector<std::string> inputs, std::vector<onnx::Attribute> attributes = {}) {
    return nodes(op, std::move(inputs), 1, std::move(attributes)).front();
  }

  // ---- what several probes have

  std::string conv(const std::string& x, std::int64_t in, std::int64_t out, std::int64_t kernel,
                   std::int64_t groups = 1) {
    const std::int64_t pad = kernel / 2;
    return node("Conv", {x, weight({out, in / groups, kernel, kernel}), weight({out})},
                {list("kernel_shape", {kernel, kernel}), list("pads", {pad, pad, pad, pad}), whole("group", groups)});
  }

  std::string norm(const std::string& x, std::int64_t channels) {
    return node("BatchNormalization",
                {x, weight({channels}), weight({channels}), weight({channels}), positive({channels})},
                {real("epsilon", 1e-5F)});
  }

  std::string mean(const std::string& x) { return node("ReduceMean", {x}, {list("axes", {-1}), whole("keepdims", 1)}); }

  onnx::Model done(const std::vector<std::string>& outputs) {
    for (const std::string& name : outputs) {
      onnx::ValueInfo info;
      info.name = name;
      model_.graph.outputs.push_back(std::move(info));
    }
    return std::move(model_);
  }

 private:
  onnx::Tensor named(onnx::DataType type, Dims dims) {
    onnx::Tensor out;
    out.name = "w" + std::to_string(model_.graph.initializers.size());
    out.type = type;
    out.dims = std::move(dims);
    return out;
  }

  std::string keep(onnx::Tensor tensor) {
    model_.graph.initializers.push_back(std::move(tensor));
    return model_.graph.initializers.back().name;
  }

  onnx::Model model_;
};

using Draw = std::function<std::string(Sketch&)>;

void convolution_probes(std::vector<std::pair<std::string, Draw>>& out) {
  out.emplace_back("batch norm into convolution, with its activation",
                   [](Sketch& s) { return s.node("Relu", {s.norm(s.conv(s.input({1, 16, 12, 12}), 16, 32, 3), 32)}); });
  out.emplace_back("add into convolution", [](Sketch& s) {
    return s.node("Add", {s.conv(s.input({1, 16, 12, 12}), 16, 32, 1), s.weight({1, 32, 1, 1})});
  });
  out.emplace_back("add into convolution: not where the constant comes first", [](Sketch& s) {
    return s.node("Add", {s.weight({32, 1, 1}), s.conv(s.input({1, 16, 12, 12}), 16, 32, 1)});
  });
  out.emplace_back("multiply into convolution", [](Sketch& s) {
    return s.node("Mul", {s.conv(s.input({1, 16, 12, 12}), 16, 32, 1), s.weight({32, 1, 1})});
  });
  out.emplace_back("multiply into convolution: blocked where the constant comes first", [](Sketch& s) {
    return s.node("Mul", {s.weight({32, 1, 1}), s.conv(s.input({1, 16, 12, 12}), 16, 32, 1)});
  });
  out.emplace_back("pad into window", [](Sketch& s) {
    const std::string padded = s.node("Pad", {s.input({1, 16, 12, 12}), s.ints({0, 0, 1, 1, 0, 0, 1, 1})});
    return s.conv(padded, 16, 32, 3);
  });
  out.emplace_back("relu into clip", [](Sketch& s) {
    return s.node("Clip", {s.node("Relu", {s.input({1, 16, 12, 12})}), s.scalar(0), s.scalar(6)});
  });
  for (const char* op : {"Relu", "Sigmoid", "Tanh", "LeakyRelu", "HardSigmoid", "HardSwish", "Elu"}) {
    out.emplace_back(std::string("convolution and activation: ") + op,
                     [op](Sketch& s) { return s.node(op, {s.conv(s.input({1, 18, 12, 12}), 18, 18, 3)}); });
    out.emplace_back(std::string("convolution and activation, blocked: ") + op, [op](Sketch& s) {
      return s.conv(s.node(op, {s.conv(s.input({1, 32, 12, 12}), 32, 32, 3)}), 32, 32, 1);
    });
  }
  out.emplace_back("convolution and activation: Clip", [](Sketch& s) {
    return s.node("Clip", {s.conv(s.input({1, 18, 12, 12}), 18, 18, 3), s.scalar(0), s.scalar(6)});
  });
  out.emplace_back("convolution and add", [](Sketch& s) {
    const std::string x = s.input({1, 18, 12, 12});
    return s.node("Relu", {s.node("Add", {s.conv(x, 18, 18, 3), x})});
  });
  out.emplace_back("convolution and add: of two the first", [](Sketch& s) {
    const std::string x = s.input({1, 18, 12, 12});
    const std::string first = s.conv(x, 18, 18, 3), second = s.conv(x, 18, 18, 1);
    return s.node("Add", {second, first});
  });
}

void layout_probes(std::vector<std::pair<std::string, Draw>>& out) {
  out.emplace_back("blocked channels: sum and activation in the convolution", [](Sketch& s) {
    const std::string a = s.conv(s.input({1, 32, 12, 12}), 32, 32, 1);
    return s.node("Relu", {s.node("Add", {s.conv(a, 32, 32, 3), a})});
  });
  for (const std::int64_t channels : {3, 8, 12, 18, 24, 30, 40}) {
    out.emplace_back("blocked channels: " + std::to_string(channels), [channels](Sketch& s) {
      return s.conv(s.node("Relu", {s.conv(s.input({1, channels, 12, 12}), channels, channels, 3)}), channels, 32, 1);
    });
    out.emplace_back("blocked channels, depthwise: " + std::to_string(channels), [channels](Sketch& s) {
      return s.conv(s.input({1, channels, 12, 12}), channels, channels, 3, channels);
    });
  }
  out.emplace_back("blocked channels, grouped", [](Sketch& s) { return s.conv(s.input({1, 64, 8, 8}), 64, 64, 3, 2); });
  for (const char* op : {"MaxPool", "AveragePool"}) {
    out.emplace_back(std::string("blocked channels: ") + op, [op](Sketch& s) {
      return s.node(op, {s.conv(s.input({1, 32, 12, 12}), 32, 32, 3)},
                    {list("kernel_shape", {2, 2}), list("strides", {2, 2})});
    });
  }
  out.emplace_back("blocked channels: no pool that counts its padding and rounds up", [](Sketch& s) {
    return s.node(
        "AveragePool", {s.conv(s.input({1, 32, 12, 12}), 32, 32, 3)},
        {list("kernel_shape", {2, 2}), list("strides", {2, 2}), whole("ceil_mode", 1), whole("count_include_pad", 1)});
  });
  out.emplace_back("blocked channels: concatenation and global pool", [](Sketch& s) {
    const std::string x = s.input({1, 32, 12, 12});
    const std::string both = s.node("Concat", {s.conv(x, 32, 32, 3), s.conv(x, 32, 16, 1)}, {whole("axis", 1)});
    return s.node("GlobalAveragePool", {both});
  });
  out.emplace_back("blocked channels: batch norm that stays", [](Sketch& s) {
    const std::string x = s.conv(s.input({1, 32, 12, 12}), 32, 32, 3);
    return s.conv(s.node("Relu", {s.norm(s.node("Add", {x, s.conv(x, 32, 32, 1)}), 32)}), 32, 32, 1);
  });
  out.emplace_back("blocked channels: gelu", [](Sketch& s) {
    const std::string x = s.conv(s.input({1, 32, 12, 12}), 32, 32, 3);
    const std::string erf = s.node("Erf", {s.node("Div", {x, s.scalar(std::sqrt(2.0))})});
    const std::string wide = s.node("Mul", {x, s.node("Add", {erf, s.scalar(1.0)})});
    return s.conv(s.node("Mul", {wide, s.scalar(0.5)}), 32, 32, 1);
  });
  out.emplace_back("blocked channels: hard sigmoid", [](Sketch& s) {
    const std::string x = s.conv(s.input({1, 32, 12, 12}), 32, 32, 3);
    return s.conv(s.node("HardSigmoid", {s.node("Add", {x, s.conv(x, 32, 32, 1)})}), 32, 32, 1);
  });
  out.emplace_back("blocked channels: adds of unlike sizes", [](Sketch& s) {
    const std::string x = s.conv(s.input({1, 32, 12, 12}), 32, 32, 3);
    const std::string small = s.conv(s.node("GlobalAveragePool", {x}), 32, 32, 1);
    return s.conv(s.node("Add", {x, small}), 32, 32, 1);
  });
  out.emplace_back("blocked channels: resampling", [](Sketch& s) {
    const std::string x = s.conv(s.input({1, 32, 12, 12}), 32, 32, 3);
    const std::string larger = s.node(
        "Resize", {x, "", "", s.ints({1, 32, 24, 24})},
        {text("mode", "nearest"), text("coordinate_transformation_mode", "asymmetric"), text("nearest_mode", "floor")});
    return s.conv(larger, 32, 32, 1);
  });
  out.emplace_back("blocked channels: reordering with a transpose", [](Sketch& s) {
    const std::string x = s.node("Transpose", {s.input({1, 12, 12, 32})}, {list("perm", {0, 3, 1, 2})});
    return s.node("Transpose", {s.conv(x, 32, 32, 3)}, {list("perm", {0, 2, 3, 1})});
  });
}

void simplification_probes(std::vector<std::pair<std::string, Draw>>& out) {
  out.emplace_back("identities", [](Sketch& s) {
    const std::string x = s.node("Identity", {s.node("Relu", {s.input({2, 8})})});
    const std::string same = s.node("Cast", {s.node("Dropout", {x})}, {whole("to", 1)});
    return s.node("Sigmoid", {s.node("Add", {same, s.scalar(0)})});
  });
  out.emplace_back("constant folding: shapes", [](Sketch& s) {
    const std::string x = s.node("Relu", {s.input({2, 8, 6})});
    const std::string rows = s.node("Gather", {s.node("Shape", {x}), s.index(0)}, {whole("axis", 0)});
    const std::string first = s.node("Unsqueeze", {rows, s.ints({0})});
    return s.node("Reshape", {x, s.node("Concat", {first, s.ints({-1})}, {whole("axis", 0)})});
  });
  out.emplace_back("equal nodes", [](Sketch& s) {
    const std::string x = s.input({2, 8});
    return s.node("Add", {s.node("Tanh", {s.node("Relu", {x})}), s.node("Relu", {x})});
  });
  out.emplace_back("multiply by quotient", [](Sketch& s) {
    const std::string x = s.node("Relu", {s.input({2, 8})});
    return s.node("Mul", {x, s.node("Div", {s.scalar(1.0), s.node("Exp", {x})})});
  });
  out.emplace_back("reshapes in a row", [](Sketch& s) {
    const std::string x = s.node("Reshape", {s.node("Relu", {s.input({2, 8, 6})}), s.ints({16, 6})});
    return s.node("Relu", {s.node("Unsqueeze", {x, s.ints({0})})});
  });
  out.emplace_back("reshapes in a row: two", [](Sketch& s) {
    const std::string x = s.node("Reshape", {s.node("Relu", {s.input({2, 8, 6})}), s.ints({16, 6})});
    return s.node("Relu", {s.node("Reshape", {x, s.ints({4, 24})})});
  });
  out.emplace_back("parts to split", [](Sketch& s) {
    const std::string x = s.node("Relu", {s.input({3, 8, 6})});
    const std::string a = s.node("Gather", {x, s.index(0)}), b = s.node("Gather", {x, s.index(1)});
    return s.node("Add", {s.node("Mul", {a, b}), s.node("Gather", {x, s.index(2)})});
  });
  out.emplace_back("parts to split: slices beside another reader", [](Sketch& s) {
    const std::string x = s.node("Relu", {s.input({2, 8})});
    const std::string a = s.node("Slice", {x, s.ints({0}), s.ints({4}), s.ints({1})});
    const std::string b = s.node("Slice", {x, s.ints({4}), s.ints({8}), s.ints({1})});
    return s.node("Add", {s.node("Concat", {s.node("Neg", {b}), a}, {whole("axis", 1)}), x});
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
    const std::string k = s.node("Transpose", {s.node("Relu", {s.input({2, 5, 8})})}, {list("perm", {0, 2, 1})});
    return s.node("Div", {s.node("MatMul", {s.input({2, 5, 8}), k}), s.scalar(8)});
  });
  out.emplace_back("transpose in matmul: with the batch", [](Sketch& s) {
    const auto heads = [&] {
      return s.node("Transpose", {s.node("Relu", {s.input({5, 2, 3, 8})})}, {list("perm", {1, 2, 0, 3})});
    };
    const std::string q = heads(), k = heads();
    return s.node("MatMul", {q, s.node("Transpose", {k}, {list("perm", {0, 1, 3, 2})})});
  });
  out.emplace_back("transpose in matmul: no batch of one operand alone", [](Sketch& s) {
    const std::string x = s.node("Transpose", {s.node("Relu", {s.input({5, 2, 8})})}, {list("perm", {1, 0, 2})});
    return s.node("MatMul", {x, s.weight({8, 6})});
  });
}

std::string erf_gelu(Sketch& s, const std::string& x) {
  const std::string one = s.node("Add", {s.node("Erf", {s.node("Div", {x, s.scalar(std::sqrt(2.0))})}), s.scalar(1)});
  return s.node("Mul", {s.node("Mul", {x, one}), s.scalar(0.5)});
}

std::string tanh_gelu(Sketch& s, const std::string& x) {
  const std::string cube = s.node("Mul", {s.node("Pow", {x, s.scalar(3)}), s.scalar(0.044715)});
  const std::string inner = s.node("Mul", {s.node("Add", {x, cube}), s.scalar(std::sqrt(2.0 / M_PI))});
  const std::string one = s.node("Add", {s.node("Tanh", {inner}), s.scalar(1)});
  return s.node("Mul", {s.node("Mul", {x, s.scalar(0.5)}), one});
}

std::string silu(Sketch& s, const std::string& x) { return s.node("Mul", {x, s.node("Sigmoid", {x})}); }

std::string scaled_norm(Sketch& s, const std::string& x, std::int64_t width) {
  const std::string off = s.node("Sub", {x, s.mean(x)});
  const std::string variance = s.mean(s.node("Pow", {off, s.scalar(2)}));
  const std::string deviation = s.node("Sqrt", {s.node("Add", {variance, s.scalar(1e-5)})});
  return s.node("Mul", {s.node("Div", {off, deviation}), s.weight({width})});
}

std::string layer_norm(Sketch& s, const std::string& x, std::int64_t width) {
  return s.node("Add", {scaled_norm(s, x, width), s.weight({width})});
}

std::string root_mean_square_norm(Sketch& s, const std::string& x, std::int64_t width) {
  const std::string variance = s.mean(s.node("Pow", {x, s.scalar(2)}));
  const std::string deviation = s.node("Sqrt", {s.node("Add", {variance, s.scalar(1e-5)})});
  return s.node("Mul", {s.node("Mul", {x, s.node("Div", {s.scalar(1), deviation})}), s.weight({width})});
}

void pattern_probes(std::vector<std::pair<std::string, Draw>>& out) {
  out.emplace_back("gelu", [](Sketch& s) { return erf_gelu(s, s.node("Relu", {s.input({2, 8})})); });
  out.emplace_back("gelu: not of a product", [](Sketch& s) {
    const std::string x = s.input({2, 8});
    return erf_gelu(s, s.node("Mul", {x, s.node("Tanh", {x})}));
  });
  out.emplace_back("bias and gelu",
                   [](Sketch& s) { return erf_gelu(s, s.node("Add", {s.input({2, 8}), s.weight({8})})); });
  out.emplace_back("fast gelu",
                   [](Sketch& s) { return s.node("Relu", {tanh_gelu(s, s.node("Relu", {s.input({2, 8})}))}); });
  out.emplace_back("fast gelu: not at the end",
                   [](Sketch& s) { return tanh_gelu(s, s.node("Relu", {s.input({2, 8})})); });
  out.emplace_back("quick gelu", [](Sketch& s) { return silu(s, s.node("Relu", {s.input({2, 8})})); });
  out.emplace_back("quick gelu, blocked",
                   [](Sketch& s) { return s.conv(silu(s, s.conv(s.input({1, 40, 6, 6}), 40, 40, 1)), 40, 32, 1); });
  out.emplace_back("layer norm", [](Sketch& s) { return layer_norm(s, s.input({2, 5, 8}), 8); });
  out.emplace_back("layer norm: without a bias",
                   [](Sketch& s) { return s.node("Relu", {scaled_norm(s, s.input({2, 5, 8}), 8)}); });
  out.emplace_back("layer norm: the operator, without a bias", [](Sketch& s) {
    return s.node("LayerNormalization", {s.node("Add", {s.input({2, 5, 8}), s.input({2, 5, 8})}), s.weight({8})},
                  {whole("axis", -1)});
  });
  out.emplace_back("layer norm: skipped and read once more", [](Sketch& s) {
    const std::string sum = s.node("Add", {s.input({2, 5, 8}), s.input({2, 5, 8})});
    return s.node("Add", {layer_norm(s, sum, 8), sum});
  });
  out.emplace_back("simplified layer norm: skipped", [](Sketch& s) {
    return root_mean_square_norm(s, s.node("Add", {s.input({2, 5, 8}), s.input({2, 5, 8})}), 8);
  });
  out.emplace_back("quantized pairs stay", [](Sketch& s) {
    const std::string x = s.node("QuantizeLinear", {s.input({1, 16, 6, 6}), s.scalar(0.1)});
    return s.conv(s.node("DequantizeLinear", {x, s.scalar(0.1)}), 16, 16, 1);
  });
  out.emplace_back("simplified layer norm", [](Sketch& s) { return root_mean_square_norm(s, s.input({2, 5, 8}), 8); });
  out.emplace_back("skip and layer norm",
                   [](Sketch& s) { return layer_norm(s, s.node("Add", {s.input({2, 5, 8}), s.input({2, 5, 8})}), 8); });
  out.emplace_back("skip and layer norm: with a bias", [](Sketch& s) {
    const std::string biased = s.node("Add", {s.input({2, 5, 8}), s.weight({8})});
    return layer_norm(s, s.node("Add", {biased, s.input({2, 5, 8})}), 8);
  });
}

std::string channels_last(Sketch& s, const std::string& x) {
  return s.node("Transpose", {x}, {list("perm", {0, 2, 3, 1})});
}

std::string channels_first(Sketch& s, const std::string& x) {
  return s.node("Transpose", {x}, {list("perm", {0, 3, 1, 2})});
}

void transpose_probes(std::vector<std::pair<std::string, Draw>>& out) {
  out.emplace_back("transposes: two that cancel around elementwise operators", [](Sketch& s) {
    const std::string x = channels_last(s, s.node("Relu", {s.input({1, 5, 6, 7})}));
    return s.node("Relu", {channels_first(s, s.node("Sigmoid", {s.node("Add", {x, s.weight({5})})}))});
  });
  out.emplace_back("transposes: merged", [](Sketch& s) {
    const std::string x = s.node("Transpose", {s.node("Relu", {s.input({2, 5, 3, 8})})}, {list("perm", {0, 2, 1, 3})});
    return s.node("Softmax", {s.node("Transpose", {x}, {list("perm", {0, 1, 3, 2})})}, {whole("axis", -1)});
  });
  out.emplace_back("transposes: through means", [](Sketch& s) {
    const std::string x = channels_last(s, s.node("Relu", {s.input({1, 5, 6, 7})}));
    return s.node("ReduceMean", {x}, {list("axes", {1, 2}), whole("keepdims", 0)});
  });
  out.emplace_back("transposes: heads taken apart", [](Sketch& s) {
    const std::string x = s.node("Reshape", {s.input({2, 5, 48}), s.ints({2, 5, 3, 2, 8})});
    const std::string heads = s.node("Transpose", {x}, {list("perm", {2, 0, 3, 1, 4})});
    const std::string q = s.node("Gather", {heads, s.index(0)}), k = s.node("Gather", {heads, s.index(1)});
    const std::string scores = s.node("MatMul", {q, s.node("Transpose", {k}, {list("perm", {0, 1, 3, 2})})});
    return s.node("MatMul", {s.node("Softmax", {scores}), s.node("Gather", {heads, s.index(2)})});
  });
  out.emplace_back("transposes: tokens to an image", [](Sketch& s) {
    const std::string x = s.node("Transpose", {s.node("Relu", {s.input({1, 36, 9})})}, {list("perm", {0, 2, 1})});
    return s.conv(s.node("Reshape", {x, s.ints({1, 9, 6, 6})}), 9, 9, 3);
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
    const std::string result = draw(sketch);
    out.push_back({name, sketch.done({result})});
  }
  return out;
}

}  // namespace latcast::rules
