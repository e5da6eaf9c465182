// Operators that move, cut, join or repeat elements without looking at them.
#include <algorithm>
#include <set>

#include "graph/shapes/node_shapes.h"

namespace latcast::shapes {
namespace {

constexpr std::int64_t kNoDim = -1;

bool reshape(NodeShapes& n) {
  const auto target = n.attribute_or_input("shape", 1);
  if (!target) return false;
  const Dims& in = n.dims(0);
  Dims dims = *target;
  const bool keep_zero = n.integer("allowzero", 0) != 0;
  std::size_t free = dims.size();
  for (std::size_t i = 0; i < dims.size(); ++i) {
    if (dims[i] == 0 && !keep_zero) {
      if (i >= in.size()) return false;
      dims[i] = in[i];
    } else if (dims[i] == kNoDim) {
      if (free != dims.size()) return false;
      free = i;
    }
  }
  if (free != dims.size()) {
    dims[free] = 1;
    if (!acceptable(dims)) return false;
    const std::int64_t rest = product(dims);
    if (rest == 0) return false;
    if (product(in) % rest != 0) return n.refuse();
    dims[free] = product(in) / rest;
  }
  if (!acceptable(dims)) return false;
  return product(dims) == product(in) ? n.give(std::move(dims)) : n.refuse();
}

bool flatten(NodeShapes& n) {
  const Dims& in = n.dims(0);
  std::int64_t axis = n.integer("axis", 1);
  if (axis < 0) axis += static_cast<std::int64_t>(in.size());
  if (axis < 0 || axis > static_cast<std::int64_t>(in.size())) return false;
  const std::span all(in);
  return n.give(
      {product(all.first(static_cast<std::size_t>(axis))), product(all.subspan(static_cast<std::size_t>(axis)))});
}

bool transpose(NodeShapes& n) {
  const Dims& in = n.dims(0);
  Dims perm = n.integers("perm");
  if (perm.empty())
    for (std::size_t i = in.size(); i-- > 0;) perm.push_back(static_cast<std::int64_t>(i));
  if (perm.size() != in.size()) return n.refuse();
  Dims dims;
  for (const std::int64_t axis : perm) {
    const auto place = normal_axis(axis, in.size());
    if (!place) return false;
    dims.push_back(in[*place]);
  }
  return n.give(std::move(dims));
}

std::optional<std::set<std::size_t>> axis_set(const Dims& axes, std::size_t rank) {
  std::set<std::size_t> result;
  for (const std::int64_t axis : axes) {
    const auto place = normal_axis(axis, rank);
    if (!place || !result.insert(*place).second) return std::nullopt;
  }
  return result;
}

bool squeeze(NodeShapes& n) {
  const Dims& in = n.dims(0);
  const bool all = !n.given("axes", 1);
  const auto axes = all ? Dims{} : n.attribute_or_input("axes", 1);
  const auto drop = axes ? axis_set(*axes, in.size()) : std::nullopt;
  if (!drop) return false;
  Dims dims;
  for (std::size_t i = 0; i < in.size(); ++i) {
    const bool gone = all ? in[i] == 1 : drop->contains(i);
    if (gone && in[i] != 1) return n.refuse();
    if (!gone) dims.push_back(in[i]);
  }
  return n.give(std::move(dims));
}

bool unsqueeze(NodeShapes& n) {
  const auto axes = n.attribute_or_input("axes", 1);
  if (!axes) return false;
  const std::size_t rank = n.rank(0) + axes->size();
  const auto added = axis_set(*axes, rank);
  if (!added) return false;
  Dims dims;
  auto next = n.dims(0).begin();
  for (std::size_t i = 0; i < rank; ++i) dims.push_back(added->contains(i) ? 1 : *next++);
  return n.give(std::move(dims));
}

bool concat(NodeShapes& n) {
  Dims dims = n.dims(0);
  const auto axis = normal_axis(n.integer("axis", 1), dims.size());
  if (!axis) return false;
  for (std::size_t i = 1; i < n.input_count(); ++i) {
    if (!n.has(i)) return false;
    if (n.rank(i) != dims.size()) return n.refuse();
    for (std::size_t d = 0; d < dims.size(); ++d)
      if (d != *axis && n.dims(i)[d] != dims[d]) return n.refuse();
    dims[*axis] += n.dims(i)[*axis];
    if (dims[*axis] > kMaxDim) return false;
  }
  return n.give(std::move(dims));
}

/// Lengths of the pieces along the axis.
std::optional<Dims> split_sizes(const NodeShapes& n, std::int64_t length, std::size_t outputs) {
  if (n.given("split", 1)) return n.attribute_or_input("split", 1);
  const auto count = static_cast<std::int64_t>(outputs);
  if (count == 0) return std::nullopt;
  const std::int64_t piece = (length + count - 1) / count;
  Dims sizes(outputs, piece);
  sizes.back() = length - piece * (count - 1);
  return sizes;
}

bool split(NodeShapes& n) {
  const Dims& in = n.dims(0);
  const auto axis = normal_axis(n.integer("axis", 0), in.size());
  if (!axis) return false;
  const auto sizes = split_sizes(n, in[*axis], n.outputs().size());
  if (!sizes) return false;
  if (sizes->size() != n.outputs().size()) return n.refuse();
  std::int64_t total = 0;
  for (const std::int64_t size : *sizes) {
    if (size < 0 || size > in[*axis]) return n.refuse();
    total += size;
  }
  if (total != in[*axis]) return n.refuse();
  for (std::size_t i = 0; i < sizes->size(); ++i) {
    Dims dims = in;
    dims[*axis] = (*sizes)[i];
    if (!n.give(i, std::move(dims), n.type())) return false;
  }
  return true;
}

std::int64_t slice_length(std::int64_t dim, std::int64_t start, std::int64_t end, std::int64_t step) {
  if (start < 0) start += dim;
  if (end < 0) end += dim;
  if (step > 0) {
    start = std::clamp<std::int64_t>(start, 0, dim);
    end = std::clamp<std::int64_t>(end, 0, dim);
    return std::max<std::int64_t>(0, (end - start + step - 1) / step);
  }
  start = std::clamp<std::int64_t>(start, 0, std::max<std::int64_t>(dim - 1, 0));
  end = std::clamp<std::int64_t>(end, -1, dim);
  return dim == 0 ? 0 : std::max<std::int64_t>(0, (start - end - step - 1) / -step);
}

bool slice(NodeShapes& n) {
  Dims dims = n.dims(0);
  const auto starts = n.attribute_or_input("starts", 1);
  const auto ends = n.attribute_or_input("ends", 2);
  if (!starts || !ends || starts->size() != ends->size()) return false;
  Dims axes;
  for (std::size_t i = 0; i < starts->size(); ++i) axes.push_back(static_cast<std::int64_t>(i));
  Dims steps(starts->size(), 1);
  if (n.given("axes", 3)) {
    const auto given = n.attribute_or_input("axes", 3);
    if (!given || given->size() != starts->size()) return false;
    axes = *given;
  }
  if (n.has(4)) {
    const auto given = n.ints(4);
    if (!given || given->size() != starts->size()) return false;
    steps = *given;
  }
  for (std::size_t i = 0; i < axes.size(); ++i) {
    const auto axis = normal_axis(axes[i], dims.size());
    if (!axis || steps[i] == 0) return false;
    dims[*axis] = slice_length(dims[*axis], (*starts)[i], (*ends)[i], steps[i]);
  }
  return n.give(std::move(dims));
}

bool pad(NodeShapes& n) {
  Dims dims = n.dims(0);
  const auto pads = n.attribute_or_input(n.has_attribute("paddings") ? "paddings" : "pads", 1);
  if (!pads || pads->size() % 2 != 0) return false;
  Dims axes;
  for (std::size_t i = 0; i < pads->size() / 2; ++i) axes.push_back(static_cast<std::int64_t>(i));
  if (n.has(3)) {
    const auto given = n.ints(3);
    if (!given) return false;
    axes = *given;
  }
  if (2 * axes.size() != pads->size()) return false;
  for (std::size_t i = 0; i < axes.size(); ++i) {
    const auto axis = normal_axis(axes[i], dims.size());
    if (!axis) return false;
    dims[*axis] += (*pads)[i] + (*pads)[i + axes.size()];
  }
  return n.give(std::move(dims));
}

bool tile(NodeShapes& n) {
  Dims dims = n.dims(0);
  const auto repeats = n.ints(1);
  if (!repeats || !acceptable(*repeats)) return false;
  if (n.has(2)) {  // operator set 1: how often, and along which axis
    const auto axis = n.ints(2);
    const auto place = axis && axis->size() == 1 ? normal_axis((*axis)[0], dims.size()) : std::nullopt;
    if (!place || repeats->size() != 1) return false;
    dims[*place] *= (*repeats)[0];
    return n.give(std::move(dims));
  }
  if (repeats->size() != dims.size()) return false;
  for (std::size_t i = 0; i < dims.size(); ++i) dims[i] *= (*repeats)[i];
  return n.give(std::move(dims));
}

bool expand(NodeShapes& n) {
  const auto target = n.ints(1);
  if (!target) return false;
  auto dims = broadcast(n.dims(0), *target);
  return dims ? n.give(std::move(*dims)) : n.refuse();
}

bool depth_to_space(NodeShapes& n) {
  const Dims& in = n.dims(0);
  const std::int64_t block = n.integer("blocksize", 0);
  if (in.size() != 4 || block <= 0 || in[1] % (block * block) != 0) return false;
  return n.give({in[0], in[1] / (block * block), in[2] * block, in[3] * block});
}

bool space_to_depth(NodeShapes& n) {
  const Dims& in = n.dims(0);
  const std::int64_t block = n.integer("blocksize", 0);
  if (in.size() != 4 || block <= 0 || block > 32768) return false;
  return n.give({in[0], in[1] * block * block, in[2] / block, in[3] / block});
}

bool center_crop_pad(NodeShapes& n) {
  Dims dims = n.dims(0);
  const auto target = n.ints(1);
  if (!target) return false;
  Dims axes = n.integers("axes");
  if (axes.empty())
    for (std::size_t i = 0; i < target->size(); ++i) axes.push_back(static_cast<std::int64_t>(i));
  if (axes.size() != target->size()) return false;
  for (std::size_t i = 0; i < axes.size(); ++i) {
    const auto axis = normal_axis(axes[i], dims.size());
    if (!axis) return false;
    dims[*axis] = (*target)[i];
  }
  return n.give(std::move(dims));
}

constexpr RuleRow kRules[] = {
    {"Reshape", 1, reshape},
    {"Flatten", 1, flatten},
    {"Transpose", 1, transpose},
    {"Squeeze", 1, squeeze},
    {"Unsqueeze", 1, unsqueeze},
    {"Concat", 1, concat},
    {"Split", 1, split},
    {"Slice", 1, slice},
    {"Pad", 1, pad},
    {"Tile", 2, tile},
    {"Expand", 2, expand},
    {"DepthToSpace", 1, depth_to_space},
    {"SpaceToDepth", 1, space_to_depth},
    {"CenterCropPad", 2, center_crop_pad},
    {"Pad", 2, pad, kMicrosoft},
};

}  // namespace

std::span<const RuleRow> movement_rules() { return kRules; }

}  // namespace latcast::shapes
