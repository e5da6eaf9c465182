#include <gtest/gtest.h>

#include <deque>

#include "graph/net_builder.h"
#include "graph/node_reads.h"

namespace latcast {
namespace {

using namespace latcast::test;

/// A node whose tensors have the given shapes; inputs with values are constants.
class Node {
 public:
  explicit Node(std::string op, std::vector<onnx::Attribute> attributes = {}, std::int64_t opset = 17)
      : node_(node(std::move(op), {}, {"y"}, std::move(attributes))) {
    node_.name = "n12";
    view_.opset = opset;
  }
  Node(Node&&) = default;  // a copy would point into the original
  Node& in(Dims dims, bool constant = false) {
    return add(view_.inputs, {.dims = std::move(dims), .known = true, .constant = constant});
  }
  Node& values(std::vector<double> values) {
    return add(view_.inputs, {.type = onnx::DataType::int64,
                              .dims = {static_cast<std::int64_t>(values.size())},
                              .known = true,
                              .constant = true,
                              .values = values});
  }
  Node& absent() {
    view_.inputs.push_back(nullptr);
    return *this;
  }
  Node& unknown() { return add(view_.inputs, {}); }
  Node& out(Dims dims) { return add(view_.outputs, {.dims = std::move(dims), .known = true}); }

  [[nodiscard]] Result<double> read(const NodeRead& r) const {
    NodeView view = view_;
    view.node = &node_;
    return read_node(view, r);
  }
  [[nodiscard]] double view(const std::string& name) const {
    const auto value = read({.kind = NodeRead::Kind::view, .name = name, .text = {}, .fallback = {}});
    EXPECT_TRUE(value.has_value()) << name << ": " << (value ? "" : value.error().context);
    return value.value_or(-1);
  }

 private:
  Node& add(std::vector<const TensorInfo*>& list, TensorInfo info) {
    infos_.push_back(std::move(info));
    list.push_back(&infos_.back());
    return *this;
  }
  onnx::Node node_;
  std::deque<TensorInfo> infos_;
  NodeView view_;
};

TEST(Views, SizesAroundAnAxis) {
  const Node top = std::move(Node("TopK", {integer("axis", 1)}, 11).in({2, 3, 4, 5}).values({2}).out({2, 2, 4, 5}));
  EXPECT_EQ(top.view("axis.outer"), 2);
  EXPECT_EQ(top.view("axis.size"), 3);
  EXPECT_EQ(top.view("axis.inner"), 20);
  EXPECT_EQ(Node("TopK").in({2, 3}).values({2}).out({2, 2}).view("axis.size"), 3);
  EXPECT_EQ(Node("ArgMax").in({2, 3}).out({1, 3}).view("axis.inner"), 3);
  EXPECT_EQ(Node("CumSum").in({2, 3}).values({0}).out({2, 3}).view("axis.size"), 2);
}

TEST(Views, FourierTransforms) {
  const Node dft = std::move(Node("DFT", {integer("axis", 1)}).in({4, 100, 1}).out({4, 100, 2}));
  EXPECT_EQ(dft.view("dft.length"), 100);
  EXPECT_EQ(dft.view("dft.count"), 4);
  EXPECT_EQ(dft.view("dft.power"), 0);
  EXPECT_EQ(dft.view("dft.padded"), 256);
  EXPECT_EQ(Node("DFT", {}, 20).in({4, 100, 2}).values({128}).out({4, 128, 2}).view("dft.padded"), 128);
  const Node frames = std::move(Node("STFT").in({3, 1000, 1}).values({10}).in({100}).absent().out({3, 91, 51, 2}));
  EXPECT_EQ(frames.view("dft.length"), 100);
  EXPECT_EQ(frames.view("dft.count"), 273);
}

TEST(Views, Contractions) {
  struct Case {
    const char* equation;
    Dims a, b, out;
    double m, k, n, batch, pieces, swapped;
  };
  const std::vector<Case> cases = {
      {"bhmk,bhkn->bhmn", {2, 3, 4, 5}, {2, 3, 5, 6}, {2, 3, 4, 6}, 4, 5, 6, 6, 0, 0},
      {"bhmk,bhnk->bhmn", {2, 3, 4, 5}, {2, 3, 6, 5}, {2, 3, 4, 6}, 4, 5, 6, 6, 0, 180},
      {"bmhk,bnhk->bhmn", {2, 4, 3, 5}, {2, 6, 3, 5}, {2, 3, 4, 6}, 4, 5, 6, 6, 24, 180},
      {"...k,kn->...n", {7, 4, 5}, {5, 6}, {7, 4, 6}, 28, 5, 6, 1, 0, 0},
      {"...k,kn", {7, 4, 5}, {5, 6}, {7, 4, 6}, 28, 5, 6, 1, 0, 0},
      {"bmk,khn", {2, 4, 5}, {5, 3, 6}, {2, 3, 4, 6}, 8, 5, 18, 1, 24, 0},
      {"bmnk,bnk->bmn", {1, 4, 5, 6}, {1, 5, 6}, {1, 4, 5}, 4, 6, 1, 5, 140, 0},  // b goes behind all others
      {"i,i->", {5}, {5}, {}, 1, 5, 1, 1, 0, 0},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.equation);
    const Node n = std::move(Node("Einsum", {text("equation", c.equation)}).in(c.a).in(c.b).out(c.out));
    EXPECT_EQ(n.view("einsum.m"), c.m);
    EXPECT_EQ(n.view("einsum.k"), c.k);
    EXPECT_EQ(n.view("einsum.n"), c.n);
    EXPECT_EQ(n.view("einsum.batch"), c.batch);
    EXPECT_EQ(n.view("einsum.pieces"), c.pieces);
    EXPECT_EQ(n.view("einsum.swapped"), c.swapped);
  }
  const Node one = std::move(Node("Einsum", {text("equation", "ij->ji")}).in({2, 3}).out({3, 2}));
  EXPECT_EQ(one.view("einsum.swapped"), 6);
}

TEST(Views, ReductionPatterns) {
  struct Case {
    Dims dims, axes;
    double pattern, size, kept, inner;
  };
  const std::vector<Case> cases = {
      {{2, 3, 4}, {2}, 1, 4, 6, 4},    {{2, 3, 4}, {-3}, 2, 2, 12, 12},      {{2, 3, 4}, {1}, 3, 3, 8, 4},
      {{2, 3, 4}, {0, 2}, 4, 8, 3, 4}, {{2, 3, 4}, {}, 5, 24, 1, 24},        {{2, 3, 4, 5}, {1, 3}, 6, 15, 8, 5},
      {{1, 7, 1}, {0, 2}, 0, 1, 7, 7}, {{1, 8, 5, 5}, {2, 3}, 1, 25, 8, 25}, {{1, 1}, {0}, 0, 1, 1, 1}};
  for (const Case& c : cases) {
    const Node n = std::move(Node("ReduceMean", {ints("axes", c.axes)}).in(c.dims).out({1}));
    EXPECT_EQ(n.view("reduce.pattern"), c.pattern);
    EXPECT_EQ(n.view("reduce.size"), c.size);
    EXPECT_EQ(n.view("reduce.kept"), c.kept);
    EXPECT_EQ(n.view("reduce.inner"), c.inner);
  }
  EXPECT_EQ(Node("ReduceSum").in({2, 3}).values({1}).out({2, 1}).view("reduce.size"), 3);
  EXPECT_EQ(Node("ReduceSum", {integer("noop_with_empty_axes", 1)}).in({2, 3}).out({2, 3}).view("reduce.size"), 1);
  EXPECT_EQ(Node("ArgMax", {integer("axis", 1)}).in({2, 3}).out({2, 1}).view("reduce.size"), 3);
}

TEST(Views, SoftmaxFlattensBeforeOperatorSetThirteen) {
  const auto softmax = [](std::int64_t opset, std::vector<onnx::Attribute> attributes) {
    return std::move(Node("Softmax", std::move(attributes), opset).in({2, 3, 4}).out({2, 3, 4}));
  };
  EXPECT_EQ(softmax(13, {}).view("softmax.dim"), 4);
  EXPECT_EQ(softmax(13, {}).view("softmax.outer"), 6);
  EXPECT_EQ(softmax(13, {integer("axis", 1)}).view("softmax.dim"), 3);
  EXPECT_EQ(softmax(13, {integer("axis", 1)}).view("softmax.inner"), 4);
  EXPECT_EQ(softmax(12, {}).view("softmax.dim"), 12);
  EXPECT_EQ(softmax(12, {}).view("softmax.inner"), 1);
}

TEST(Views, Permutations) {
  struct Case {
    Dims dims, perm;
    double kind, inner, rank, last, stride;
  };
  const std::vector<Case> cases = {{{2, 3, 4}, {0, 1, 2}, 0, 24, 1, 24, 1},
                                   {{1, 3, 4}, {1, 0, 2}, 0, 12, 1, 12, 1},
                                   {{2, 3, 4}, {1, 0, 2}, 1, 4, 3, 4, 1},
                                   {{2, 8, 4, 16}, {0, 2, 1, 3}, 1, 16, 4, 16, 1},
                                   {{6, 5}, {1, 0}, 2, 1, 2, 6, 5},
                                   {{1, 3, 4, 4}, {0, 2, 3, 1}, 2, 1, 2, 3, 16},
                                   {{2, 3, 4, 4}, {0, 2, 3, 1}, 3, 1, 3, 3, 16},
                                   {{2, 3, 4}, {2, 1, 0}, 5, 1, 3, 2, 12},
                                   {{2, 3, 4, 5, 6}, {3, 2, 1, 0, 4}, 4, 6, 5, 6, 1}};
  for (const Case& c : cases) {
    const Node n = std::move(Node("Transpose", {ints("perm", c.perm)}).in(c.dims).out({1}));
    EXPECT_EQ(n.view("perm.kind"), c.kind) << c.dims.size() << c.perm[0];
    EXPECT_EQ(n.view("perm.inner"), c.inner);
    EXPECT_EQ(n.view("perm.rank"), c.rank);
    EXPECT_EQ(n.view("perm.last"), c.last);
    EXPECT_EQ(n.view("perm.stride"), c.stride);
  }
}

TEST(Views, Broadcasts) {
  struct Case {
    Dims a, b, out;
    double kind, span;
  };
  const std::vector<Case> cases = {{{2, 3}, {2, 3}, {2, 3}, 0, 6},
                                   {{2, 3}, {}, {2, 3}, 1, 6},
                                   {{5, 7, 3}, {3}, {5, 7, 3}, 2, 3},
                                   {{2, 8, 4, 4}, {1, 8, 1, 1}, {2, 8, 4, 4}, 3, 16},
                                   {{2, 8, 4, 4}, {2, 8, 1, 1}, {2, 8, 4, 4}, 3, 16},
                                   {{4, 1}, {1, 5}, {4, 5}, 4, 5},
                                   {{2, 3, 4, 5}, {2, 1, 4, 1}, {2, 3, 4, 5}, 4, 5}};
  for (const Case& c : cases) {
    const Node n = std::move(Node("Add").in(c.a).in(c.b).out(c.out));
    EXPECT_EQ(n.view("broadcast.kind"), c.kind) << c.a.size() << " " << c.b.size();
    EXPECT_EQ(n.view("broadcast.span"), c.span);
  }
  EXPECT_EQ(Node("Add").in({2, 3}).in({3}).out({2, 3}).view("broadcast.inputs"), 9);
  EXPECT_EQ(Node("Add").in({2, 3}).in({3}).out({2, 3}).view("broadcast.elements"), 6);
  EXPECT_EQ(Node("Where").in({2, 1}).in({2, 3}).in({}).out({2, 3}).view("broadcast.kind"), 3);
}

TEST(Views, MovedPieces) {
  EXPECT_EQ(Node("Concat", {integer("axis", 1)}).in({2, 3, 4}).in({2, 5, 4}).out({2, 8, 4}).view("concat.inner"), 16);
  EXPECT_EQ(Node("Concat", {integer("axis", -2)}).in({2, 3, 4}).in({2, 5, 4}).out({2, 8, 4}).view("concat.outer"), 2);
  EXPECT_EQ(Node("Concat", {integer("axis", 0)}).in({2}).in({2}).in({2}).out({6}).view("concat.inputs"), 3);
  EXPECT_EQ(Node("Split", {integer("axis", 1)}).in({2, 6, 4}).out({2, 3, 4}).out({2, 3, 4}).view("split.inner"), 12);
  EXPECT_EQ(Node("Split").in({6}).out({3}).out({3}).view("split.outputs"), 2);
  EXPECT_EQ(Node("Gather", {integer("axis", 1)}).in({5, 6, 7}).in({2, 3}).out({5, 2, 3, 7}).view("gather.inner"), 7);
  EXPECT_EQ(Node("Gather").in({5, 6}).in({2, 3}).out({2, 3, 6}).view("gather.indices"), 6);
  EXPECT_EQ(Node("Pad").in({2, 3, 4}).values({0, 1, 0, 0, 1, 0}).out({2, 5, 4}).view("pad.inner"), 12);
  EXPECT_EQ(Node("Pad").in({2, 3}).values({0, 1, 0, 1}).out({2, 5}).view("pad.amount"), 4);
  EXPECT_EQ(Node("Expand").in({1, 3, 4}).values({2, 3, 4}).out({2, 3, 4}).view("expand.inner"), 12);
  EXPECT_EQ(Node("Tile").in({3, 4}).values({2, 1}).out({6, 4}).view("tile.inner"), 12);
}

TEST(Views, Slices) {
  const auto slice = [](Dims in, Dims out, double axis, double step) {
    return std::move(
        Node("Slice").in(std::move(in)).values({0}).values({1}).values({axis}).values({step}).out(std::move(out)));
  };
  EXPECT_EQ(slice({8, 6, 4}, {8, 3, 4}, 1, 1).view("slice.inner"), 12);
  EXPECT_EQ(slice({8, 6, 4}, {8, 6, 2}, 2, 1).view("slice.inner"), 2);
  EXPECT_EQ(slice({8, 6, 4}, {8, 6, 2}, 2, 2).view("slice.inner"), 1);
  EXPECT_EQ(slice({8, 6, 4}, {8, 3, 4}, -2, 2).view("slice.inner"), 4);
  EXPECT_EQ(slice({8, 6, 4}, {8, 3, 4}, -2, 2).view("slice.step"), 2);
}

TEST(Views, Resizes) {
  const Node n = std::move(
      Node("Resize", {text("mode", "linear"), integer("antialias", 1)}).in({1, 3, 10, 20}).out({1, 3, 20, 30}));
  EXPECT_EQ(n.view("resize.mode"), 1);
  EXPECT_EQ(n.view("resize.scale_h"), 2);
  EXPECT_EQ(n.view("resize.scale_w"), 1.5);
  EXPECT_EQ(n.view("resize.axes"), 2);
  EXPECT_EQ(n.view("resize.antialias"), 1);
  EXPECT_EQ(n.view("resize.channels_last"), 0);
  const Node last = std::move(Node("Resize").in({1, 10, 20, 3}).out({1, 20, 60, 3}));
  EXPECT_EQ(last.view("resize.mode"), 0);
  EXPECT_EQ(last.view("resize.channels_last"), 1);
  EXPECT_EQ(last.view("resize.scale_h"), 2);
  EXPECT_EQ(last.view("resize.scale_w"), 3);
}

TEST(Views, MatrixProducts) {
  const Node plain = std::move(Node("MatMul").in({2, 8, 5, 3}).in({3, 7}).out({2, 8, 5, 7}));
  EXPECT_EQ(plain.view("matmul.m"), 5);
  EXPECT_EQ(plain.view("matmul.k"), 3);
  EXPECT_EQ(plain.view("matmul.n"), 7);
  EXPECT_EQ(plain.view("matmul.batch"), 16);
  EXPECT_EQ(plain.view("matmul.batch_b"), 1);
  const Node turned =
      std::move(Node("Gemm", {integer("transA", 1), integer("transB", 1)}).in({3, 5}).in({7, 3}).out({5, 7}));
  EXPECT_EQ(turned.view("matmul.m"), 5);
  EXPECT_EQ(turned.view("matmul.k"), 3);
  EXPECT_EQ(turned.view("matmul.n"), 7);
  EXPECT_EQ(turned.view("matmul.trans_a"), 1);
  EXPECT_EQ(turned.view("matmul.trans_b"), 1);
}

TEST(Views, VersionOfTheOperatorSet) {
  const Node n = std::move(Node("AveragePool", {}, 19).in({1, 4, 8, 8}).out({1, 4, 4, 4}));
  EXPECT_EQ(n.view("node.opset"), 19);
}

TEST(Views, ConvolutionsOfAnyRank) {
  const Node n = std::move(Node("Conv", {ints("strides", {1, 2, 1}), ints("pads", {0, 0, 0, 0, 0, 1})})
                               .in({1, 4, 8, 8, 8})
                               .in({6, 4, 3, 3, 1})
                               .out({1, 6, 6, 3, 9}));
  EXPECT_EQ(n.view("conv.spatial_rank"), 3);
  EXPECT_EQ(n.view("conv.kernel_elements"), 9);
  EXPECT_EQ(n.view("conv.in_positions"), 512);
  EXPECT_EQ(n.view("conv.out_positions"), 162);
  EXPECT_EQ(n.view("conv.stride"), 2);
  EXPECT_EQ(n.view("conv.dilation"), 1);
  EXPECT_EQ(n.view("conv.padded"), 1);
  EXPECT_EQ(Node("MaxPool", {ints("kernel_shape", {2})}).in({1, 4, 8}).out({1, 4, 7}).view("conv.kernel_elements"), 2);
}

NodeRead attribute(std::string name, std::optional<double> fallback = {}) {
  return {.kind = NodeRead::Kind::attribute, .name = std::move(name), .text = {}, .fallback = fallback};
}

NodeRead tensor(NodeRead::Kind kind, int index, int position = 0, std::optional<double> fallback = {}) {
  return {.kind = kind,
          .index = index,
          .position = position,
          .has_position = true,
          .name = {},
          .text = {},
          .fallback = fallback};
}

TEST(NodeReads, AnAbsentThingWithoutFallbackSaysWhereItIsMissing) {
  const Node n = std::move(Node("Softmax").in({2, 3}).out({2, 3}));
  EXPECT_EQ(n.read(attribute("axis")).error().context, "attr.axis is absent on Softmax 'n12'");
  EXPECT_EQ(*n.read(attribute("axis", -1)), -1);
  EXPECT_EQ(n.read(tensor(NodeRead::Kind::input_dim, 1, 0)).error().context, "in1 is absent on Softmax 'n12'");
  EXPECT_EQ(n.read(tensor(NodeRead::Kind::input_dim, 0, 2)).error().context, "in0[2] is absent on Softmax 'n12'");
  EXPECT_EQ(*n.read(tensor(NodeRead::Kind::input_dim, 0, 2, 9)), 9);
  EXPECT_EQ(*n.read(tensor(NodeRead::Kind::input_dim, 0, -1)), 3);
}

TEST(NodeReads, UnknownShapesAreNeverReplacedByAFallback) {
  const Node n = std::move(Node("Relu").unknown().out({2}));
  const auto dim = n.read(tensor(NodeRead::Kind::input_dim, 0, 0, 1.0));
  ASSERT_FALSE(dim.has_value());
  EXPECT_NE(dim.error().context.find("the shape of in0 is not known"), std::string::npos);
  EXPECT_FALSE(n.read(tensor(NodeRead::Kind::input_bytes, 0)).has_value());
}

TEST(NodeReads, QuantitiesTellWeightsFromActivations) {
  const Node n = std::move(Node("Conv", {ints("strides", {2, 3}), text("auto_pad", "VALID")})
                               .in({1, 3, 4, 4})
                               .in({8, 3, 1, 1}, true)
                               .absent()
                               .out({1, 8, 2, 2}));
  using Kind = NodeRead::Kind;
  EXPECT_EQ(*n.read(tensor(Kind::input_bytes, 0)), 192);
  EXPECT_EQ(*n.read(tensor(Kind::weight_bytes, 0)), 96);
  EXPECT_EQ(*n.read(tensor(Kind::weight_elements, 0)), 24);
  EXPECT_EQ(*n.read(tensor(Kind::output_bytes, 0)), 128);
  EXPECT_EQ(*n.read(tensor(Kind::input_rank, 0)), 4);
  EXPECT_EQ(*n.read(tensor(Kind::input_elements, 1)), 24);
  EXPECT_EQ(*n.read(tensor(Kind::input_element_size, 0)), 4);
  EXPECT_EQ(*n.read(tensor(Kind::input_constant, 1)), 1);
  EXPECT_EQ(*n.read(tensor(Kind::input_constant, 0)), 0);
  EXPECT_EQ(*n.read(tensor(Kind::input_present, 2)), 0);
  NodeRead second = attribute("strides");
  second.position = 1;
  second.has_position = true;
  EXPECT_EQ(*n.read(second), 3);
  EXPECT_EQ(*n.read({.kind = Kind::attribute_equals, .name = "auto_pad", .text = "VALID", .fallback = {}}), 1);
  EXPECT_EQ(*n.read({.kind = Kind::attribute_count, .name = "strides", .text = {}, .fallback = {}}), 2);
  EXPECT_EQ(*n.read({.kind = Kind::attribute_present, .name = "pads", .text = {}, .fallback = {}}), 0);
  EXPECT_EQ(*n.read({.kind = Kind::is_operator, .name = "Conv", .text = {}, .fallback = {}}), 1);
  EXPECT_EQ(*n.read({.kind = Kind::is_operator, .name = "com.microsoft:Conv", .text = {}, .fallback = {}}), 0);
}

TEST(NodeReads, ValuesOfConstants) {
  const Node n = std::move(Node("TopK").in({9}).values({5, 6}).out({5}));
  EXPECT_EQ(*n.read(tensor(NodeRead::Kind::input_value, 1, -1)), 6);
  EXPECT_FALSE(n.read(tensor(NodeRead::Kind::input_value, 0, 0)).has_value());
}

TEST(NodeReads, AViewThatDoesNotExistIsAnError) {
  const Node n = std::move(Node("Relu").in({2}).out({2}));
  const auto value = n.read({.kind = NodeRead::Kind::view, .name = "made.up", .text = {}, .fallback = {}});
  ASSERT_FALSE(value.has_value());
  EXPECT_NE(value.error().context.find("no view 'made.up'"), std::string::npos);
}

}  // namespace
}  // namespace latcast
