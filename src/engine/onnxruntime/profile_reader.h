// ONNX Runtime's profile file -> per-node times.
//
// The file has one event a line. It is scanned line by line instead of parsed as JSON: node names are written into it
// unescaped, so a whole-file parser would stop at the first odd name, and most of each line is not needed.
#pragma once

#include <cstddef>
#include <string_view>

#include "engine/engine.h"

namespace latcast::ort {

/// Mean per node over the fastest `share` (by summed node time) of the runs after the first `skip`. Times are whole
/// microseconds in the file; their truncation dithers, so means over several runs resolve less.
[[nodiscard]] Result<NodeTimes> read_profile(std::string_view text, std::size_t skip, double share);

}  // namespace latcast::ort
