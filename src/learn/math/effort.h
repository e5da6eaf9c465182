// How much work a fit may be.
#pragma once

#include <cstdint>

namespace latcast::learn {

/// A first look at how good a model could be, a fold of a cross-validation, or the model that is kept.
enum class Effort : std::uint8_t { look, fold, final };

}  // namespace latcast::learn
