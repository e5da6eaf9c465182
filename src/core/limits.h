// Sizes that every pack keeps to, so that forecasts work on fixed arrays. Checked on load and in training.
#pragma once

#include <cstddef>

namespace latcast {

inline constexpr std::size_t kMaxSlots = 256;      // parameters, conditions and derived values of a module type
inline constexpr std::size_t kMaxConditions = 32;  // of a pack
inline constexpr std::size_t kMaxTerms = 32;       // base terms of a kernel class
inline constexpr std::size_t kMaxFeatures = 64;    // features of a kernel class
inline constexpr std::size_t kMaxShares = 32;      // kernel classes whose shares a network correction reads
inline constexpr std::size_t kMaxRegisters = 512;  // values that a kernel class's expressions keep at a time
inline constexpr std::size_t kMostRows = 32;       // modules that are forecast together
inline constexpr int kMaxNeighbours = 16;          // that a nearest-neighbours form averages
inline constexpr int kMaxDenseWidth = 256;         // of a layer of a neural network

}  // namespace latcast
