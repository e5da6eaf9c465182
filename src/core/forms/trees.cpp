// Sum of regression trees: x[feature] < threshold goes left.
// doubles = [base score]; ints = [trees, root of each tree, then (feature, left child) per node]; floats = [threshold
// or leaf value per node]. The right child follows the left one; a leaf has feature -1. Children have larger indices
// than their parent, so that every walk ends.
#include "core/forms/forms.h"

namespace latcast::forms {
namespace {

struct Layout {
  std::size_t trees, nodes;
  const std::int32_t* roots;
  const std::int32_t* links;
};

Layout layout(const FormNodeView& node) noexcept {
  const auto trees = static_cast<std::size_t>(node.ints[0]);
  return {trees, node.floats.size(), node.ints.data() + 1, node.ints.data() + 1 + trees};
}

bool valid_node(const Layout& at, std::size_t index, FormShape shape) {
  const std::int64_t feature = at.links[2 * index], left = at.links[2 * index + 1];
  if (feature < 0) return true;
  return feature < static_cast<std::int64_t>(shape.features) && left > static_cast<std::int64_t>(index) &&
         left + 1 < static_cast<std::int64_t>(at.nodes);
}

}  // namespace

Result<void> check_trees(const FormNodeView& node, FormShape shape) {
  if (node.doubles.size() != 1 || node.ints.empty()) return bad_form("a tree form lacks its head");
  if (node.ints[0] < 0 || static_cast<std::size_t>(node.ints[0]) >= node.ints.size()) {
    return bad_form("a tree form counts more trees than it has");
  }
  const Layout at = layout(node);
  if (node.ints.size() != 1 + at.trees + 2 * at.nodes) return bad_form("a tree form has sizes that do not match");
  for (std::size_t t = 0; t < at.trees; ++t) {
    if (at.roots[t] < 0 || static_cast<std::size_t>(at.roots[t]) >= at.nodes) return bad_form("a tree has no root");
  }
  for (std::size_t i = 0; i < at.nodes; ++i) {
    if (!valid_node(at, i, shape)) return bad_form("a tree node points nowhere");
  }
  return {};
}

double evaluate_trees(const FormNodeView& node, const FormInput& input, std::span<const double>) noexcept {
  const Layout at = layout(node);
  const float* x = input.features32.data();
  const float* numbers = node.floats.data();
  double sum = node.doubles[0];
  for (std::size_t t = 0; t < at.trees; ++t) {
    auto i = static_cast<std::size_t>(at.roots[t]);
    for (std::int32_t feature; (feature = at.links[2 * i]) >= 0;) {
      const bool right = !(x[feature] < numbers[i]);
      i = static_cast<std::size_t>(at.links[2 * i + 1]) + static_cast<std::size_t>(right);
    }
    sum += static_cast<double>(numbers[i]);
  }
  return sum;
}

}  // namespace latcast::forms
