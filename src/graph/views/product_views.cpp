// matmul.* and conv.*
#include <algorithm>

#include "graph/shapes/node_shapes.h"
#include "graph/views/node_views.h"

namespace latcast::views {
namespace {

struct MatrixProduct {
  double m = 1, k = 1, n = 1, batch = 1, batch_b = 1, trans_a = 0, trans_b = 0;
};

/// An operand as [batch..., rows, columns] before transposition.
struct Operand {
  Dims batch;
  std::int64_t rows = 1, columns = 1;
};

Operand operand(Dims dims, bool left, bool transposed, bool batch_inside) {
  if (dims.size() == 1) dims.insert(left ? dims.begin() : dims.end(), 1);
  if (batch_inside && dims.size() > 2) std::rotate(dims.begin(), dims.begin() + 1, dims.end() - 1);
  Operand result{Dims(dims.begin(), dims.end() - 2), dims[dims.size() - 2], dims.back()};
  if (transposed) std::swap(result.rows, result.columns);
  return result;
}

Result<MatrixProduct> packed_product(const NodeView& node) {  // MatMulNBits: B is packed, attributes tell
  MatrixProduct p{.k = static_cast<double>(node.node->integer("K", 0)),
                  .n = static_cast<double>(node.node->integer("N", 0))};
  if (p.k <= 0 || p.n <= 0) return not_applicable("K or N is absent");
  p.m = product(input_dims(node, 0)) / p.k;
  return p;
}

Result<MatrixProduct> matrix_product(const NodeView& node) {
  const std::string& op = node.node->op;
  if (op == "MatMulNBits") return packed_product(node);
  const std::size_t right = op == "QLinearMatMul" || op == "QGemm" ? 3 : 1;
  if (!node.has_input(right) || input_dims(node, 0).empty() || input_dims(node, right).empty())
    return not_applicable("an operand is absent or a scalar");
  const bool trans_a = node.node->integer("transA", 0) != 0;
  const bool trans_b = node.node->integer("transB", 0) != 0;
  const Operand a = operand(input_dims(node, 0), true, trans_a, node.node->integer("transBatchA", 0) != 0);
  const Operand b = operand(input_dims(node, right), false, trans_b, node.node->integer("transBatchB", 0) != 0);
  const auto batch = shapes::broadcast(a.batch, b.batch);
  if (!batch || a.columns != b.rows) return not_applicable("the operands do not fit");
  return MatrixProduct{.m = static_cast<double>(a.rows),
                       .k = static_cast<double>(a.columns),
                       .n = static_cast<double>(b.columns),
                       .batch = product(*batch),
                       .batch_b = product(b.batch),
                       .trans_a = trans_a ? 1.0 : 0.0,
                       .trans_b = trans_b ? 1.0 : 0.0};
}

Result<ViewFields> product_fields(const NodeView& node) {
  const auto found = matrix_product(node);
  if (!found) return tl::unexpected(found.error());
  const MatrixProduct& p = *found;
  return ViewFields{p.m, p.k, p.n, p.batch, p.batch_b, p.trans_a, p.trans_b};
}

bool is_channels_last(const NodeView& node) {
  return node.node->integer("channels_last", 0) != 0 || node.node->op.starts_with("Nhwc") ||
         node.node->domain == shapes::kInternalNhwc;
}

Dims spatial(const Dims& dims, bool channels_last) {
  if (dims.size() < 3) return {};
  return channels_last ? Dims(dims.begin() + 1, dims.end() - 1) : Dims(dims.begin() + 2, dims.end());
}

/// From the weights where there are any, else (pooling) from the attribute.
Dims kernel_of(const NodeView& node) {
  const std::size_t weights = node.node->op == "QLinearConv" ? 3 : 1;
  const bool pooling = node.node->op.find("Pool") != std::string::npos;
  if (!pooling && node.has_input(weights)) return spatial(input_dims(node, weights), false);
  return node.node->integers("kernel_shape");
}

Result<double> spatial_rank(const NodeView& node) {
  const Dims& in = input_dims(node, 0);
  if (in.size() < 3) return not_applicable("in0 has no spatial axes");
  return static_cast<double>(in.size() - 2);
}

Result<double> kernel_elements(const NodeView& node) {
  const Dims kernel = kernel_of(node);
  if (kernel.empty()) return not_applicable("the kernel's shape is absent");
  return product(kernel);
}

Result<double> out_positions(const NodeView& node) {
  return product(spatial(output_dims(node, 0), is_channels_last(node)));
}
Result<double> in_positions(const NodeView& node) {
  return product(spatial(input_dims(node, 0), is_channels_last(node)));
}

double largest(const Dims& values) { return values.empty() ? 1 : static_cast<double>(std::ranges::max(values)); }

Result<double> stride(const NodeView& node) { return largest(node.node->integers("strides")); }
Result<double> dilation(const NodeView& node) { return largest(node.node->integers("dilations")); }

Result<double> padded(const NodeView& node) {
  const std::string_view automatic = node.node->text("auto_pad");
  const Dims pads = node.node->integers("pads");
  const bool explicit_pads = std::ranges::any_of(pads, [](std::int64_t pad) { return pad != 0; });
  const bool window = std::ranges::any_of(kernel_of(node), [](std::int64_t k) { return k > 1; });
  return (automatic.starts_with("SAME") && window) || (automatic != "VALID" && explicit_pads) ? 1.0 : 0.0;
}

Result<double> opset(const NodeView& node) { return static_cast<double>(node.opset); }

constexpr Row kRows[] = {
    {"node.opset", opset},
    {"matmul.m", nullptr, product_fields, 0},
    {"matmul.k", nullptr, product_fields, 1},
    {"matmul.n", nullptr, product_fields, 2},
    {"matmul.batch", nullptr, product_fields, 3},
    {"matmul.batch_b", nullptr, product_fields, 4},
    {"matmul.trans_a", nullptr, product_fields, 5},
    {"matmul.trans_b", nullptr, product_fields, 6},
    {"conv.spatial_rank", spatial_rank},
    {"conv.kernel_elements", kernel_elements},
    {"conv.out_positions", out_positions},
    {"conv.in_positions", in_positions},
    {"conv.stride", stride},
    {"conv.dilation", dilation},
    {"conv.padded", padded},
};

}  // namespace

std::span<const Row> product_views() { return kRows; }

}  // namespace latcast::views
