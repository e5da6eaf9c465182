// Inputs of operators that stand alone, of all sizes and axes.
#pragma once

#include "measure/carriers/net.h"

namespace latcast::carriers {

/// A graph input passed through a cheap operator, so that the next one finds it as in a network: just written.
Value warm(Net& net, const Shape& shape);

/// The same of a drawn shape: about [low, high] elements, scaled to the carrier's size.
Value warm(Net& net, double low = 100, double high = 1e6, std::int64_t least_rank = 2);

}  // namespace latcast::carriers
