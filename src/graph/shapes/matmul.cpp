// Matrix products.
#include <algorithm>
#include <cctype>
#include <map>
#include <string>

#include "graph/shapes/node_shapes.h"

namespace latcast::shapes {

namespace {

void swap_last(Dims& dims) {
  if (dims.size() >= 2) std::swap(dims[dims.size() - 1], dims[dims.size() - 2]);
}

/// numpy.matmul of dims: vectors are rows (left) or columns (right) that vanish from the result.
std::optional<Dims> product_dims(Dims a, Dims b) {
  if (a.empty() || b.empty()) return std::nullopt;
  const bool row = a.size() == 1;
  const bool column = b.size() == 1;
  if (row) a.insert(a.begin(), 1);
  if (column) b.push_back(1);
  const std::size_t ra = a.size();
  const std::size_t rb = b.size();
  if (a[ra - 1] != b[rb - 2]) return std::nullopt;
  auto dims = broadcast(Dims(a.begin(), a.end() - 2), Dims(b.begin(), b.end() - 2));
  if (!dims) return std::nullopt;
  if (!row) dims->push_back(a[ra - 2]);
  if (!column) dims->push_back(b[rb - 1]);
  return dims;
}

bool mat_mul(NodeShapes& n) { return matrix_product(n, 0, 1, n.type()) || n.refuse(); }
bool mat_mul_integer(NodeShapes& n) { return matrix_product(n, 0, 1, DataType::int32); }
bool qlinear_mat_mul(NodeShapes& n) { return matrix_product(n, 0, 3, n.type(7)); }

/// transBatchA: the batch axes stand between the two of the matrix: [m, batch..., k].
Dims move_front_to_row(const Dims& dims) {
  Dims moved(dims.begin() + 1, dims.end() - 1);
  moved.push_back(dims.front());
  moved.push_back(dims.back());
  return moved;
}

bool fused_mat_mul(NodeShapes& n) {
  Dims a = n.dims(0);
  Dims b = n.dims(1);
  if (n.integer("transBatchA", 0) != 0 && a.size() > 2) a = move_front_to_row(a);
  if (n.integer("transBatchB", 0) != 0 && b.size() > 2) b = move_front_to_row(b);
  if (n.integer("transA", 0) != 0) swap_last(a);
  if (n.integer("transB", 0) != 0) swap_last(b);
  auto dims = product_dims(std::move(a), std::move(b));
  return dims && n.give(std::move(*dims));
}

bool multiply_2d(NodeShapes& n, Dims a, Dims b, DataType type) {
  if (a.size() != 2 || b.size() != 2) return n.refuse();
  if (n.integer("transA", 0) != 0) swap_last(a);
  if (n.integer("transB", 0) != 0) swap_last(b);
  return a[1] == b[0] ? n.give(0, {a[0], b[1]}, type) : n.refuse();
}

bool gemm(NodeShapes& n) { return multiply_2d(n, n.dims(0), n.dims(1), n.type()); }

bool qgemm(NodeShapes& n) {  // a, scale, zero point, b, ..., with y's zero point at 8: quantized where that is there
  return multiply_2d(n, n.dims(0), n.dims(3), n.has(8) ? n.type(8) : DataType::float32);
}

bool mat_mul_float(NodeShapes& n) { return matrix_product(n, 0, 1, DataType::float32); }

bool block_quantized(NodeShapes& n) {  // MatMulNBits, MatMulFpQ4: weights are packed, the attributes tell
  Dims dims = n.dims(0);
  if (dims.empty() || n.integer("N", 0) <= 0 || dims.back() != n.integer("K", 0)) return false;
  dims.back() = n.integer("N", 0);
  return n.give(std::move(dims));
}

/// One operand's subscripts against its dims; "..." takes what is left over, right-aligned.
struct Einsum {
  std::map<char, std::int64_t> sizes;
  Dims ellipsis;

  bool bind(std::string_view subscripts, const Dims& dims);
  bool bind_label(char label, std::int64_t dim);
  [[nodiscard]] std::optional<Dims> output(std::string_view subscripts) const;
};

bool Einsum::bind_label(char label, std::int64_t dim) {
  auto [place, fresh] = sizes.emplace(label, dim);
  if (!fresh && place->second == 1) place->second = dim;
  return fresh || dim == 1 || place->second == dim;
}

bool Einsum::bind(std::string_view subscripts, const Dims& dims) {
  const std::size_t dots = subscripts.find("...");
  const std::size_t labels = subscripts.size() - (dots == std::string_view::npos ? 0 : 3);
  if (labels > dims.size() || (dots == std::string_view::npos && labels != dims.size())) return false;
  const std::size_t extra = dims.size() - labels;
  std::size_t axis = 0;
  for (std::size_t i = 0; i < subscripts.size(); ++i) {
    if (i == dots) {
      const auto begin = dims.begin() + static_cast<std::ptrdiff_t>(axis);
      auto merged = broadcast(ellipsis, Dims(begin, begin + static_cast<std::ptrdiff_t>(extra)));
      if (!merged) return false;
      ellipsis = std::move(*merged);
      axis += extra;
      i += 2;
    } else if (!bind_label(subscripts[i], dims[axis++])) {
      return false;
    }
  }
  return true;
}

std::optional<Dims> Einsum::output(std::string_view subscripts) const {
  Dims dims;
  for (std::size_t i = 0; i < subscripts.size(); ++i) {
    if (subscripts.substr(i).starts_with("...")) {
      dims.insert(dims.end(), ellipsis.begin(), ellipsis.end());
      i += 2;
      continue;
    }
    const auto found = sizes.find(subscripts[i]);
    if (found == sizes.end()) return std::nullopt;
    dims.push_back(found->second);
  }
  return dims;
}

/// Without "->": the labels that occur once, in alphabetic order, after the ellipsis.
std::string implicit_output(std::string_view operands) {
  std::map<char, int> counts;
  for (const char c : operands)
    if (std::isalpha(static_cast<unsigned char>(c)) != 0) ++counts[c];
  std::string result = operands.find("...") == std::string_view::npos ? "" : "...";
  for (const auto& [label, count] : counts)
    if (count == 1) result.push_back(label);
  return result;
}

bool einsum(NodeShapes& n) {
  std::string equation(n.text("equation"));
  std::erase(equation, ' ');
  const std::size_t arrow = equation.find("->");
  std::string_view operands = std::string_view(equation).substr(0, arrow);
  const std::string result = arrow == std::string::npos ? implicit_output(operands) : equation.substr(arrow + 2);
  Einsum state;
  for (std::size_t i = 0; i < n.input_count(); ++i) {
    const std::size_t comma = operands.find(',');
    if (!n.has(i) || !state.bind(operands.substr(0, comma), n.dims(i))) return false;
    if ((comma == std::string_view::npos) != (i + 1 == n.input_count())) return false;
    operands.remove_prefix(comma == std::string_view::npos ? operands.size() : comma + 1);
  }
  auto dims = state.output(result);
  return dims && n.give(std::move(*dims));
}

constexpr RuleRow kRules[] = {
    {"MatMul", 2, mat_mul},
    {"MatMulInteger", 2, mat_mul_integer},
    {"QLinearMatMul", 8, qlinear_mat_mul},
    {"Gemm", 2, gemm},
    {"Einsum", 1, einsum},
    {"FusedMatMul TransposeMatMul FusedMatMulActivation", 2, fused_mat_mul, kMicrosoft},
    {"FusedGemm GemmFloat8", 2, gemm, kMicrosoft},
    {"QGemm", 4, qgemm, kMicrosoft},
    {"DynamicQuantizeMatMul", 3, mat_mul_float, kMicrosoft},
    {"MatMulIntegerToFloat", 4, mat_mul_float, kMicrosoft},
    {"MatMulInteger16", 2, mat_mul_integer, kMicrosoft},
    {"MatMulNBits", 2, block_quantized, kMicrosoft},
};

}  // namespace

bool matrix_product(NodeShapes& n, std::size_t a, std::size_t b, DataType type) {
  if (!n.has(a) || !n.has(b)) return false;
  auto dims = product_dims(n.dims(a), n.dims(b));
  return dims && n.give(0, std::move(*dims), type);
}

std::span<const RuleRow> matmul_rules() { return kRules; }

}  // namespace latcast::shapes
