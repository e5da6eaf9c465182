// Output shapes for operators that only the catalogue knows: a user's own module type may say them.
#pragma once

#include "graph/shapes/node_shapes.h"

namespace latcast {

/// True where a covering module type gives a shape for every output.
[[nodiscard]] bool catalogue_shapes(const Catalogue& catalogue, shapes::NodeShapes& n);

}  // namespace latcast
