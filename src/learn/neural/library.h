// The neural plugin, loaded when the first network is trained: forecasting needs no LibTorch.
#pragma once

#include "latcast/result.h"
#include "learn/neural/plugin.h"

namespace latcast::learn {

/// Looks for liblatcast_neural.so: the file that LATCAST_NEURAL names, else beside this program, in ../lib/latcast
/// from there, and where it was built. Errc::unsupported with the reason where there is none. Thread-safe.
[[nodiscard]] Result<NeuralResult> train_neural(const NeuralJob& job);

/// Whether train_neural can work here; the same error otherwise.
[[nodiscard]] Result<void> neural_available();

}  // namespace latcast::learn
