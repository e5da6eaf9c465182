// What people take for an ONNX file.
#pragma once

#include <string_view>

namespace latcast::onnx {

/// What the file is, by what is at its beginning, and what to do; empty: nothing that is known.
[[nodiscard]] std::string_view other_kind(std::string_view bytes);

}  // namespace latcast::onnx
