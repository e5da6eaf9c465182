// One TOML text -> one ModuleType, everything compiled and checked.
#pragma once

#include <string>
#include <string_view>

#include "catalogue/catalogue.h"

namespace latcast {

/// `file` names the source in messages: errors read "FILE:LINE: what". `facts`: all that its expressions may read.
[[nodiscard]] Result<ModuleType> read_module_type(std::string_view text, const std::string& file,
                                                  const DeviceFacts& facts = {});

}  // namespace latcast
