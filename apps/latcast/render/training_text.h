// What a training learnt, for people.
#pragma once

#include <string>

#include "session/training.h"

namespace latcast::cli {

/// What was learnt, how good it is, what it lacks and what to do about it; `verbose`: and how it came about.
[[nodiscard]] std::string training_text(const session::Trained& trained, bool verbose);

}  // namespace latcast::cli
