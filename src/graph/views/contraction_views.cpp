// einsum.*: a contraction as products of matrices.
#include <algorithm>
#include <cctype>
#include <map>
#include <string>

#include "graph/views/node_views.h"

namespace latcast::views {
namespace {

struct Equation {
  std::vector<std::string> operands;  // labels; axes under "..." have labels of their own
  std::string result;
  std::map<char, double> sizes;
};

/// "...": axes counted from the last one, so that operands of different rank share them.
std::string spelled_out(std::string labels, std::size_t rank) {
  const std::size_t dots = labels.find("...");
  if (dots == std::string::npos) return labels;
  std::string axes;
  for (std::size_t left = rank + 3 - std::min(labels.size(), rank + 3); left > 0; --left)
    axes.push_back(static_cast<char>('0' + std::min<std::size_t>(left, 9)));
  return labels.replace(dots, 3, axes);
}

std::string implied_result(const Equation& equation) {
  std::map<char, int> times;
  for (const std::string& labels : equation.operands)
    for (const char label : labels) ++times[label];
  std::string axes, result;
  for (const auto& [label, count] : times) {
    if (std::isdigit(static_cast<unsigned char>(label)) != 0)
      axes.insert(axes.begin(), label);
    else if (count == 1)
      result.push_back(label);
  }
  return axes + result;
}

Result<Equation> read_equation(const NodeView& node) {
  std::string text(node.node->text("equation"));
  std::erase(text, ' ');
  const std::size_t arrow = text.find("->");
  Equation equation;
  std::string_view left = std::string_view(text).substr(0, arrow);
  for (std::size_t i = 0; i < node.inputs.size() && node.has_input(i); ++i) {
    const std::size_t comma = std::min(left.find(','), left.size());
    const Dims& dims = input_dims(node, i);
    const std::string labels = spelled_out(std::string(left.substr(0, comma)), dims.size());
    if (labels.size() != dims.size()) return not_applicable("the equation does not fit in" + std::to_string(i));
    for (std::size_t axis = 0; axis < dims.size(); ++axis) {
      double& size = equation.sizes.try_emplace(labels[axis], 1.0).first->second;
      size = std::max(size, static_cast<double>(dims[axis]));
    }
    equation.operands.push_back(labels);
    left.remove_prefix(std::min(comma + 1, left.size()));
  }
  equation.result = arrow == std::string::npos ? implied_result(equation)
                                               : spelled_out(text.substr(arrow + 2), output_dims(node, 0).size());
  return equation;
}

bool holds(std::string_view labels, char label) { return labels.find(label) != std::string_view::npos; }

/// How a tensor is brought into another order of its axes.
struct Move {
  double pieces = 0;   // that are copied one by one; none where axes of length 1 alone change places
  double swapped = 0;  // elements, where one axis moves and another becomes the last one: a matrix transposed
};

Move operator+(const Move& a, const Move& b) { return {a.pieces + b.pieces, a.swapped + b.swapped}; }

std::string without(std::string labels, auto left_out) {
  std::erase_if(labels, left_out);
  return labels;
}

/// From the order of `labels` to that of `order`, which may have others too.
Move move_of(const Equation& equation, const std::string& labels, const std::string& order) {
  const auto single = [&](char label) { return equation.sizes.at(label) == 1; };
  const std::string target = without(order, [&](char label) { return !holds(labels, label); });
  if (without(labels, single) == without(target, single) || labels.size() != target.size()) return {};
  double elements = 1, run = 1;
  for (const char label : labels) elements *= equation.sizes.at(label);
  for (std::size_t i = labels.size(); i > 0 && labels[i - 1] == target[i - 1]; --i)
    run *= equation.sizes.at(labels[i - 1]);
  const bool one_moves = std::ranges::any_of(labels, [&](char moved) {
    const auto is_moved = [&](char label) { return label == moved; };
    return without(labels, is_moved) == without(target, is_moved);
  });
  return one_moves && labels.back() != target.back() ? Move{.swapped = elements} : Move{.pieces = elements / run};
}

/// Labels as a product of two operands has them: a = [batch, m, k], b = [batch, k, n], result = [batch, m, n].
/// What has length 1 counts as n.
struct Product {
  std::string batch, m, k, n;
};

Product product_of(const Equation& equation, const std::string& all) {
  Product product;
  const std::string& a = equation.operands[0];
  for (const char label : all) {
    const bool in_a = holds(a, label), in_b = equation.operands.size() > 1 && holds(equation.operands[1], label);
    const bool long_a = in_a && equation.sizes.at(label) > 1;
    std::string& part = !holds(equation.result, label) ? product.k
                        : long_a && in_b               ? product.batch
                        : long_a                       ? product.m
                                                       : product.n;
    part.push_back(label);
  }
  return product;
}

/// m, k, n and batch of the product of the first two operands, and what is moved for it: the second operand goes
/// through the order in which labels first appear. One operand: k is what is summed, m what is kept.
Result<ViewFields> einsum_fields(const NodeView& node) {
  const auto equation = read_equation(node);
  if (!equation) return tl::unexpected(equation.error());
  if (equation->operands.empty()) return not_applicable("in0 is absent");
  std::string all;
  for (const std::string& labels : equation->operands)
    for (const char label : labels)
      if (!holds(all, label)) all.push_back(label);
  if (!std::ranges::all_of(equation->result, [&](char label) { return holds(all, label); }))
    return not_applicable("the result has a label that no operand has");
  const Product product = product_of(*equation, all);
  const auto size = [&](const std::string& labels) {
    double elements = 1;
    for (const char label : labels) elements *= equation->sizes.at(label);
    return elements;
  };
  const std::string result = product.batch + product.m + product.n;
  Move moved = move_of(*equation, equation->operands[0], product.batch + product.m + product.k + product.n) +
               move_of(*equation, result, equation->result);
  if (equation->operands.size() > 1) {
    const std::string b = without(all, [&](char label) { return !holds(equation->operands[1], label); });
    moved = moved + move_of(*equation, equation->operands[1], b) +
            move_of(*equation, b, product.batch + product.k + product.n + product.m);
  }
  return ViewFields{size(product.m),     size(product.k), size(product.n),
                    size(product.batch), moved.pieces,    moved.swapped};
}

constexpr Row kRows[] = {
    {"einsum.m", nullptr, einsum_fields, 0},      {"einsum.k", nullptr, einsum_fields, 1},
    {"einsum.n", nullptr, einsum_fields, 2},      {"einsum.batch", nullptr, einsum_fields, 3},
    {"einsum.pieces", nullptr, einsum_fields, 4}, {"einsum.swapped", nullptr, einsum_fields, 5},
};

}  // namespace

std::span<const Row> contraction_views() { return kRows; }

}  // namespace latcast::views
