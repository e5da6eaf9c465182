// Sum of regression trees: x[feature] < threshold goes left.
// doubles = [base score]; ints = [trees, root of each tree, then (feature, left child) per node]; floats = [threshold
// or leaf value per node]. The right child follows the left one; a leaf has feature -1. Children have larger indices
// than their parent, so that every walk ends.
//
// Complete trees, as packs store forests of at most kMaxTreeDepth: doubles = [base score]; ints = [trees, a multiple of
// 8; depth; then bytes: the feature of each inner node]; floats = [thresholds, then leaf values]; each tree has 2^depth
// of all three, its inner nodes from 1 on, the children of i at 2 i and 2 i + 1.
#include <algorithm>
#include <array>
#include <limits>
#include <optional>
#include <utility>

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
  if (shape.features > kMaxFeatures) return bad_form("a tree form is too large");
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

/// Steps to the deepest leaf of a forest.
std::uint32_t depth_of(const Layout& at) {
  std::vector<std::uint32_t> below(at.nodes);
  for (std::size_t i = at.nodes; i-- > 0;) {  // children lie behind their parent
    if (at.links[2 * i] < 0) continue;
    const auto left = static_cast<std::size_t>(at.links[2 * i + 1]);
    below[i] = 1 + std::max(below[left], below[left + 1]);
  }
  std::uint32_t out = 0;
  for (std::size_t t = 0; t < at.trees; ++t) out = std::max(out, below[static_cast<std::size_t>(at.roots[t])]);
  return out;
}

/// Head of a node of complete trees.
struct Complete {
  std::size_t trees, size;  // size: 2^depth
  std::uint32_t depth;
  const std::uint8_t* features;
};

Complete complete_layout(const FormNodeView& node) noexcept {
  const auto depth = static_cast<std::uint32_t>(node.ints[1]);
  return {static_cast<std::size_t>(node.ints[0]), std::size_t{1} << depth, depth,
          reinterpret_cast<const std::uint8_t*>(node.ints.data() + 2)};
}

simd::CompleteTrees trees_of(const FormNodeView& node) noexcept {
  const Complete at = complete_layout(node);
  const float* thresholds = node.floats.data();
  return {at.features, thresholds, thresholds + at.trees * at.size, at.trees / simd::kTile, at.depth};
}

double walk(const FormNodeView& node, const FormInput& input) noexcept {
  return simd::functions().trees(trees_of(node), input.features32.data(), node.doubles[0]);
}

void walk_rows(const FormNodeView& node, const FormRows& input, double* out) noexcept {
  std::fill_n(out, input.rows, node.doubles[0]);
  simd::functions().trees_rows(trees_of(node), input.features32, input.rows, out);
}

double walk_deep(const FormNodeView& node, const float* x, std::size_t stride) noexcept {
  const Layout at = layout(node);
  double sum = node.doubles[0];
  for (std::size_t t = 0; t < at.trees; ++t) {
    auto i = static_cast<std::size_t>(at.roots[t]);
    for (std::int32_t feature; (feature = at.links[2 * i]) >= 0;) {
      const bool right = !(x[static_cast<std::size_t>(feature) * stride] < node.floats[i]);
      i = static_cast<std::size_t>(at.links[2 * i + 1]) + static_cast<std::size_t>(right);
    }
    sum += static_cast<double>(node.floats[i]);
  }
  return sum;
}

std::size_t feature_words(std::size_t trees, std::size_t size) { return (trees * size + 3) / 4; }

/// One tree as a complete one: below a leaf that is not deep enough, everything goes left, to its value.
void complete(const Layout& at, std::size_t root, std::span<const float> floats, std::span<std::uint8_t> features,
              float* thresholds, float* leaves) {
  const std::size_t size = features.size();
  std::array<std::size_t, std::size_t{2} << simd::kMaxTreeDepth> source;
  source[1] = root;
  for (std::size_t i = 1; i < size; ++i) {
    const std::size_t node = source[i];
    const bool leaf = at.links[2 * node] < 0;
    features[i] = leaf ? std::uint8_t{0} : static_cast<std::uint8_t>(at.links[2 * node]);
    thresholds[i] = leaf ? std::numeric_limits<float>::max() : floats[node];
    source[2 * i] = leaf ? node : static_cast<std::size_t>(at.links[2 * node + 1]);
    source[2 * i + 1] = leaf ? node : source[2 * i] + 1;
  }
  for (std::size_t i = 0; i < size; ++i) leaves[i] = floats[source[size + i]];
}

}  // namespace

std::optional<FormNode> complete_trees(const FormNodeView& node) {
  const Layout at = layout(node);
  const std::uint32_t depth = depth_of(at);
  if (depth > simd::kMaxTreeDepth) return std::nullopt;
  const std::size_t trees = simd::padded(at.trees, simd::kTile), size = std::size_t{1} << depth;
  FormNode out;
  out.kind = FormKind::complete_trees;
  out.doubles.assign(node.doubles.begin(), node.doubles.end());
  out.ints.assign(2 + feature_words(trees, size), 0);
  out.ints[0] = static_cast<std::int32_t>(trees);
  out.ints[1] = static_cast<std::int32_t>(depth);
  out.floats.assign(2 * trees * size, 0.0F);
  auto* features = reinterpret_cast<std::uint8_t*>(out.ints.data() + 2);
  for (std::size_t t = 0; t < at.trees; ++t) {
    complete(at, static_cast<std::size_t>(at.roots[t]), node.floats, {features + t * size, size},
             out.floats.data() + t * size, out.floats.data() + (trees + t) * size);
  }
  return out;
}

void prepare_trees(PreparedNode& node, FormShape) {
  const Layout at = layout(node.view);
  for (std::size_t i = 0; i < at.nodes; ++i) {
    if (at.links[2 * i] >= 0) node.features |= std::uint64_t{1} << static_cast<std::uint32_t>(at.links[2 * i]);
  }
  node.features |= 1;  // tested where complete trees are filled up
  auto complete = complete_trees(node.view);
  if (complete) node.complete = std::move(*complete);
}

double evaluate_trees(const PreparedNode& node, const FormInput& input, std::span<const double>) noexcept {
  if (!node.complete.ints.empty()) return walk(node.complete.view(), input);
  return walk_deep(node.view, input.features32.data(), 1);
}

void evaluate_rows_trees(const PreparedNode& node, const FormRows& input, const double*, double* out) noexcept {
  if (!node.complete.ints.empty()) return walk_rows(node.complete.view(), input, out);
  std::fill_n(out, input.rows, 0.0);
  for (std::size_t row = 0; row < input.count; ++row) {
    out[row] = walk_deep(node.view, input.features32 + row, input.rows);
  }
}

namespace {

double walk_cost(double trees, std::uint32_t depth) { return 6.0 + trees * std::max(0.9 * depth - 0.55, 0.4); }

}  // namespace

double cost_trees(const FormNodeView& node) {
  const std::uint32_t depth = depth_of(layout(node));
  return depth > simd::kMaxTreeDepth ? 6.0 + 3.4 * depth * node.ints[0] : walk_cost(node.ints[0], depth);
}

Result<void> check_complete_trees(const FormNodeView& node, FormShape shape) {
  if (node.doubles.size() != 1 || node.ints.size() < 2 || node.ints[0] < 0 || node.ints[0] % 8 != 0 ||
      node.ints[1] < 0 || node.ints[1] > static_cast<std::int32_t>(simd::kMaxTreeDepth)) {
    return bad_form("a form of complete trees lacks its head");
  }
  const Complete at = complete_layout(node);
  if (node.ints.size() != 2 + feature_words(at.trees, at.size) || node.floats.size() != 2 * at.trees * at.size) {
    return bad_form("a form of complete trees has sizes that do not match");
  }
  std::uint8_t most = 0;
  for (std::size_t i = 0; i < at.trees * at.size; ++i) most = std::max(most, at.features[i]);
  if (at.trees > 0 && most >= std::max<std::size_t>(shape.features, 1)) {
    return bad_form("a tree tests a feature that is not there");
  }
  return {};
}

void prepare_complete_trees(PreparedNode& node, FormShape) {
  const Complete at = complete_layout(node.view);
  for (std::size_t i = 0; i < at.trees * at.size; ++i) node.features |= std::uint64_t{1} << at.features[i];
}

double evaluate_complete_trees(const PreparedNode& node, const FormInput& input, std::span<const double>) noexcept {
  return walk(node.view, input);
}

void evaluate_rows_complete_trees(const PreparedNode& node, const FormRows& input, const double*,
                                  double* out) noexcept {
  walk_rows(node.view, input, out);
}

double cost_complete_trees(const FormNodeView& node) {
  return walk_cost(node.ints[0], static_cast<std::uint32_t>(node.ints[1]));
}

}  // namespace latcast::forms
