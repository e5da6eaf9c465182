// One TOML text with [[condition]] or [[device_fact]] tables -> what it defines.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "catalogue/catalogue.h"

namespace latcast {

struct Definitions {
  std::vector<ConditionType> conditions;
  std::vector<DeviceFact> facts;
};

/// Such a text is not a module type.
[[nodiscard]] bool holds_definitions(std::string_view text);

/// `file` names the source in messages: errors read "FILE:LINE: what".
[[nodiscard]] Result<Definitions> read_definitions(std::string_view text, const std::string& file);

}  // namespace latcast
