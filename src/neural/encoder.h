// The encoder-decoder network as LibTorch tensors: parameters, forward pass, what is exported of it.
#pragma once

#include <ATen/core/Tensor.h>

#include <random>
#include <vector>

#include "learn/neural/plugin.h"

namespace latcast::neural {

using learn::NeuralJob;
using learn::NeuralResult;
using learn::NeuralSettings;

[[nodiscard]] at::Tensor floats(const std::vector<float>& values, at::IntArrayRef shape, at::Device device);
[[nodiscard]] at::Tensor integers(const std::vector<std::int64_t>& values, at::IntArrayRef shape, at::Device device);

/// What classes have, as tables that samples look up by their class.
struct ClassTables {
  ClassTables(const NeuralJob& job, at::Device device);

  std::int64_t classes, slots = 0, names;  // slots: inputs of all classes together
  std::int64_t kinds = 0, kind_slots = 0;  // the same of kinds
  at::Tensor slot, name, present;          // classes x width_in: place in the first layer; name; 1 or 0
  at::Tensor slot_name, slot_kind;         // slots: the name; the place among the kinds' inputs
  at::Tensor kind;                         // classes
  at::Tensor auxiliary_present;            // classes x auxiliary quantities
};

struct Parameter {
  at::Tensor value;
  double decay = 0;
};

class Encoder {
 public:
  Encoder(const NeuralJob& job, const ClassTables& tables, at::Device device);

  /// Latent vectors of samples: `inputs` samples x width_in, `kernel_class` samples.
  [[nodiscard]] at::Tensor latent(const at::Tensor& inputs, const at::Tensor& kernel_class) const;
  /// Standardised targets.
  [[nodiscard]] at::Tensor head(const at::Tensor& latent, const at::Tensor& kernel_class) const;
  /// All names and auxiliary quantities, as the latent vector tells them.
  [[nodiscard]] at::Tensor decode(const at::Tensor& latent) const;
  /// Logarithm of the residual's spread, per class.
  [[nodiscard]] const at::Tensor& log_spread() const { return log_spread_; }

  [[nodiscard]] const std::vector<Parameter>& parameters() const { return all_; }
  void export_to(const NeuralJob& job, NeuralResult& result) const;

 private:
  at::Tensor make(at::IntArrayRef shape, double deviation, double decay);
  [[nodiscard]] at::Tensor first_layer() const;  // slots x width
  [[nodiscard]] at::Tensor heads() const;        // classes x width
  [[nodiscard]] at::Tensor embedding() const;    // classes x width

  const NeuralSettings& settings_;
  const ClassTables& tables_;
  at::Device device_;
  std::mt19937_64 random_;
  std::vector<Parameter> all_;
  at::Tensor shared_first_, own_first_, first_bias_, embedding_, shared_head_, own_head_, head_bias_, log_spread_;
  at::Tensor kind_first_, kind_head_, kind_embedding_;  // only where a kind has several classes
  std::vector<at::Tensor> hidden_, hidden_bias_;
  at::Tensor decoder_, decoder_bias_;
};

}  // namespace latcast::neural
