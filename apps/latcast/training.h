// Store -> pack content: shared by train and the quick start's checks.
#pragma once

#include <string>

#include "catalogue/catalogue.h"
#include "console.h"
#include "core/pack_content.h"
#include "store/store.h"

namespace latcast::cli {

/// The target whose name contains `name`; the only one where `name` is empty. The error lists the targets.
[[nodiscard]] Result<TargetRecord> choose_target(Store& store, const std::string& name);

struct Trained {
  PackContent content;
  std::string report;  // for people
};

[[nodiscard]] Result<Trained> train_target(Store& store, const TargetRecord& target, const Catalogue& catalogue,
                                           Console& console);

}  // namespace latcast::cli
