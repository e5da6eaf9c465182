// Files that are written whole or not at all.
#pragma once

#include <cstddef>
#include <filesystem>
#include <span>

#include "latcast/result.h"

namespace latcast {

/// A plain file is written beside its place and then renamed, so that readers find the old one or the new one; the mode
/// of the old one is kept, and without its permission to write it is not replaced. Links are followed. What is no plain
/// file (a device, a FIFO, a descriptor of this process such as /dev/stdout) is written to as it is.
[[nodiscard]] Result<void> write_file(const std::filesystem::path& path, std::span<const std::byte> bytes);

/// Whether that could be done, before there is anything to write.
[[nodiscard]] Result<void> check_writable(const std::filesystem::path& path);

/// Removes what write_file() has begun; for signal handlers that end the process.
void remove_unfinished() noexcept;

}  // namespace latcast
