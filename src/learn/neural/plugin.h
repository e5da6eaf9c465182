// What passes between latcast and its neural plugin, liblatcast_neural.so (src/neural): plain vectors, no LibTorch
// type.
//
// The plugin trains one encoder for modules of any class. Everything that it gets is standardised already, everything
// that it returns is per class: what of it classes share and what is their own, the first layer and the head, is
// folded.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace latcast::learn {

/// Of the plugin's interface below: a plugin of another number is refused.
inline constexpr int kNeuralVersion = 3;

struct NeuralSettings {
  std::uint64_t seed = 1;
  int width = 48;                       // of every layer
  int hidden = 1;                       // layers between a class's first layer and its head
  bool shared = true;                   // inputs of the same name and heads have a part that all classes share
  bool embedding = true;                // each class shifts the first layer
  double auxiliary = 0;                 // weight of the auxiliary tasks; 0: none
  int epochs = 0, batch = 0;            // more than zero when a plugin sees them
  double rate = 1.6e-2;                 // greatest learning rate
  double decay = 0.1, own_decay = 0.3;  // weight decay of what is shared, and of what is a class's own
  int threads = 1;
};

/// Training samples, those of a class one after another. A class's inputs are `width_in` numbers, zeros after its last.
struct NeuralSamples {
  std::size_t width_in = 0;
  std::vector<std::int32_t> kernel_class;  // per sample
  std::vector<float> inputs;               // samples x width_in
  std::vector<float> target, weight;       // per sample
};

struct NeuralClasses {
  std::vector<std::vector<std::int32_t>> input_names;  // per class, per input: index of its name
  std::vector<std::int32_t> kind;  // per class: those of a kind have the same inputs, and differ in the device
  std::size_t names = 0;
  std::vector<float> scale, centre;  // target = centre + scale x what the head says
};

/// Auxiliary targets: quantities that some classes have. Empty: only the inputs are reconstructed.
struct NeuralAuxiliary {
  std::size_t count = 0;
  std::vector<float> values;          // samples x count, standardised per class
  std::vector<std::uint8_t> present;  // classes x count
};

struct NeuralJob {
  NeuralSettings settings;
  NeuralSamples samples;
  NeuralClasses classes;
  NeuralAuxiliary auxiliary;
};

/// Weights are output x input, row by row.
struct NeuralResult {
  struct OwnLayers {
    std::vector<float> first, first_bias;  // width x inputs; width
    std::vector<float> head;               // width; gives the target itself
    float head_bias = 0;
  };
  std::vector<OwnLayers> classes;
  std::vector<float> trunk;       // per hidden layer: width x width weights, then width biases
  std::vector<float> prediction;  // of the target, per sample, by the plugin's own forward pass
};

/// What the plugin exports under these names; `latcast_neural_train` returns false with the reason in `error`.
extern "C" {
using NeuralVersionFunction = int (*)();
using NeuralTrainFunction = bool (*)(const NeuralJob& job, NeuralResult& result, std::string& error);
}

}  // namespace latcast::learn
