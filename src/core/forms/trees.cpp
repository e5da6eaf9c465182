// Sum of regression trees: x[feature] < threshold goes left.
// doubles = [base score]; ints = [trees, root of each tree, then (feature, left child) per node]; floats = [threshold
// or leaf value per node]. The right child follows the left one; a leaf has feature -1. Children have larger indices
// than their parent, so that every walk ends.
#include <algorithm>
#include <cmath>
#include <limits>

#include "core/forms/forms.h"
#include "core/limits.h"

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

constexpr std::size_t kMostNodes = 1 << 24;  // what a TreeNode's link can point to

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
  if (at.nodes >= kMostNodes || shape.features > kMaxFeatures) return bad_form("a tree form is too large");
  if (node.ints.size() != 1 + at.trees + 2 * at.nodes) return bad_form("a tree form has sizes that do not match");
  for (std::size_t t = 0; t < at.trees; ++t) {
    if (at.roots[t] < 0 || static_cast<std::size_t>(at.roots[t]) >= at.nodes) return bad_form("a tree has no root");
  }
  for (std::size_t i = 0; i < at.nodes; ++i) {
    if (!valid_node(at, i, shape)) return bad_form("a tree node points nowhere");
  }
  return {};
}

namespace {

/// Steps from the root to the deepest leaf below each node, which lies after it.
std::vector<std::uint32_t> heights(const Layout& at) {
  std::vector<std::uint32_t> out(at.nodes);
  for (std::size_t i = at.nodes; i-- > 0;) {
    if (at.links[2 * i] < 0) continue;
    const auto left = static_cast<std::size_t>(at.links[2 * i + 1]);
    out[i] = 1 + std::max(out[left], out[left + 1]);
  }
  return out;
}

}  // namespace

void prepare_trees(PreparedNode& node, FormShape) {
  const Layout at = layout(node.view);
  node.features = true;
  node.tree_nodes.resize(at.nodes);
  for (std::size_t i = 0; i < at.nodes; ++i) {
    const bool leaf = at.links[2 * i] < 0;
    const std::uint32_t right =
        1U + (leaf ? static_cast<std::uint32_t>(i) : static_cast<std::uint32_t>(at.links[2 * i + 1]));
    node.tree_nodes[i] = {right << 8U | (leaf ? 0U : static_cast<std::uint32_t>(at.links[2 * i])),
                          leaf ? std::numeric_limits<float>::infinity() : node.view.floats[i]};
  }
  const std::vector<std::uint32_t> height = heights(at);
  node.tree_groups.resize(at.trees / simd::kTile);
  for (std::size_t t = 0; t < node.tree_groups.size() * simd::kTile; ++t) {
    simd::TreeGroup& group = node.tree_groups[t / simd::kTile];
    const auto root = static_cast<std::uint32_t>(at.roots[t]);
    group.roots[t % simd::kTile] = root;
    group.steps = std::max(group.steps, height[root]);
  }
}

double evaluate_trees(const PreparedNode& node, const FormInput& input, std::span<const double>) noexcept {
  const Layout at = layout(node.view);
  const float* x = input.features32.data();
  const simd::Trees trees{node.tree_nodes.data(), node.view.floats.data(), node.tree_groups.data(),
                          node.tree_groups.size()};
  double sum = simd::functions().trees(trees, x, node.view.doubles[0]);
  for (std::size_t t = node.tree_groups.size() * simd::kTile; t < at.trees; ++t) {  // fewer than a group
    auto i = static_cast<std::size_t>(at.roots[t]);
    for (std::int32_t feature; (feature = at.links[2 * i]) >= 0;) {
      const bool right = !(x[feature] < node.view.floats[i]);
      i = static_cast<std::size_t>(at.links[2 * i + 1]) + static_cast<std::size_t>(right);
    }
    sum += static_cast<double>(node.view.floats[i]);
  }
  return sum;
}

double cost_trees(const FormNodeView& node) {
  const double trees = node.ints[0], leaves = (static_cast<double>(node.floats.size()) + trees) / 2;
  return trees == 0 ? 1.0 : trees * (1.2 + 0.75 * std::log2(leaves / trees));
}

}  // namespace latcast::forms
