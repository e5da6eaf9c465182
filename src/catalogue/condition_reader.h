// One TOML text with [[condition]] tables -> the conditions that it defines.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "catalogue/catalogue.h"

namespace latcast {

/// Such a text defines conditions, not a module type.
[[nodiscard]] bool holds_conditions(std::string_view text);

/// `file` names the source in messages: errors read "FILE:LINE: what".
[[nodiscard]] Result<std::vector<ConditionType>> read_conditions(std::string_view text, const std::string& file);

}  // namespace latcast
