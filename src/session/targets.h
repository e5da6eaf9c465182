// How the targets of a store are called where one is to be told from the others.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "store/store.h"

namespace latcast::session {

/// One for each: its name; `name|engine` where several have that name, `name|engine version` where several of them are
/// of that engine, with `#id` behind it where that is not enough.
[[nodiscard]] std::vector<std::string> target_names(std::span<const TargetRecord> targets);

/// The target that is meant: by its display name, by its plain name where only one has it, or by a part of its display
/// name that only one has. An empty name means the only one. The error lists the display names.
[[nodiscard]] Result<TargetRecord> choose_target(Store& store, const std::string& name);

}  // namespace latcast::session
