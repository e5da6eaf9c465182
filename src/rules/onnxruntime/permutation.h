// Orders of axes, as Transpose has them: axis i of the result is axis perm[i] of what is transposed.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "graph/inline_vector.h"

namespace latcast::rules::onnxruntime {

using Axes = Dims;

inline std::size_t at(std::int64_t axis) { return static_cast<std::size_t>(axis); }

[[nodiscard]] inline bool is_permutation(const Axes& perm) {
  std::vector<bool> seen(perm.size(), false);
  for (const std::int64_t axis : perm) {
    if (axis < 0 || at(axis) >= perm.size() || seen[at(axis)]) return false;
    seen[at(axis)] = true;
  }
  return true;
}

[[nodiscard]] inline Axes inverse(const Axes& perm) {
  Axes out(perm.size());
  for (std::size_t i = 0; i < perm.size(); ++i) out[at(perm[i])] = static_cast<std::int64_t>(i);
  return out;
}

/// First `first`, then `second`.
[[nodiscard]] inline Axes composed(const Axes& first, const Axes& second) {
  Axes out;
  for (const std::int64_t axis : second) out.push_back(first[at(axis)]);
  return out;
}

[[nodiscard]] inline bool is_identity(const Axes& perm) { return std::ranges::is_sorted(perm); }

template <class List>
[[nodiscard]] List permuted(const List& values, const Axes& perm) {
  List out;
  for (const std::int64_t axis : perm) out.push_back(values[at(axis)]);
  return out;
}

/// Where axes of the transposed value lie in the value itself.
[[nodiscard]] inline Axes axes_before(const Axes& axes, const Axes& perm) {
  Axes out;
  for (const std::int64_t axis : axes) out.push_back(perm[at(axis)]);
  return out;
}

/// The order that is left where `axes` (of the value itself) are dropped.
[[nodiscard]] inline Axes without(const Axes& perm, const Axes& axes) {
  std::vector<std::int64_t> place(perm.size(), -1);
  std::int64_t next = 0;
  for (std::size_t i = 0; i < perm.size(); ++i) {
    if (std::ranges::find(axes, static_cast<std::int64_t>(i)) == axes.end()) place[i] = next++;
  }
  Axes out;
  for (const std::int64_t axis : perm) {
    if (place[at(axis)] >= 0) out.push_back(place[at(axis)]);
  }
  return out;
}

/// The order with axes of one element put in, which stay where they are.
[[nodiscard]] inline Axes with(const Axes& perm, const Axes& axes) {
  const std::size_t rank = perm.size() + axes.size();
  const auto added = [&](std::size_t i) { return std::ranges::find(axes, static_cast<std::int64_t>(i)) != axes.end(); };
  Axes place;
  for (std::size_t i = 0; i < rank; ++i) {
    if (!added(i)) place.push_back(static_cast<std::int64_t>(i));
  }
  Axes out;
  std::size_t next = 0;
  for (std::size_t i = 0; i < rank; ++i) {
    out.push_back(added(i) ? static_cast<std::int64_t>(i) : place[at(perm[next++])]);
  }
  return out;
}

/// Negative axes counted from the end; false where one is out of range.
[[nodiscard]] inline bool normalise(Axes& axes, std::size_t rank) {
  for (std::int64_t& axis : axes) {
    if (axis < 0) axis += static_cast<std::int64_t>(rank);
    if (axis < 0 || at(axis) >= rank) return false;
  }
  return true;
}

}  // namespace latcast::rules::onnxruntime
