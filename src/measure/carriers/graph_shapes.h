// Shapes of generated graphs.
#pragma once

#include <string_view>

#include "measure/carriers/graph_builder.h"

namespace latcast::carriers {

/// Throws std::logic_error naming `what` and the value where it does not fit.
void require(bool fits, std::string_view what, const Value& x);

/// A negative axis counts from the end.
inline int positive(int axis, int rank) { return axis < 0 ? axis + rank : axis; }

[[nodiscard]] Shape permuted(const Shape& shape, const Ints& perm);
[[nodiscard]] Shape broadcast(const Shape& a, const Shape& b);
[[nodiscard]] std::int64_t product(const Shape& shape);

}  // namespace latcast::carriers
