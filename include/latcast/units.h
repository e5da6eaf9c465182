// Time as a type: fractional nanoseconds. Every text border writes the unit out (`_ns`).
#pragma once

#include <chrono>
#include <concepts>

namespace latcast {

using Nanos = std::chrono::duration<double, std::nano>;
static_assert(!std::convertible_to<double, Nanos>);

}  // namespace latcast
