// The files of catalogue/, compiled in (written by cmake/EmbedFiles.cmake).
#pragma once

#include <span>
#include <string_view>
#include <utility>

namespace latcast::detail {

/// File name and TOML text of every built-in module type.
std::span<const std::pair<std::string_view, std::string_view>> builtin_catalogue();

}  // namespace latcast::detail
