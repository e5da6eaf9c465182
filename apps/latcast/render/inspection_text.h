// What a store, a pack or an ONNX file holds, for people.
#pragma once

#include <string>

#include "session/inspection.h"

namespace latcast::cli {

[[nodiscard]] std::string inspection_text(const std::string& file, const session::Contents& contents);

}  // namespace latcast::cli
