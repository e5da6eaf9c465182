#include "neural/encoder.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/conv2d.h>
#include <ATen/ops/embedding_bag.h>
#include <ATen/ops/from_blob.h>
#include <ATen/ops/silu.h>
#include <ATen/ops/zeros.h>

#include <algorithm>
#include <cmath>

namespace latcast::neural {
namespace {

/// Out x in weights on samples x in, as a 1 x 1 convolution: that goes through oneDNN, a matrix product through
/// whichever BLAS is installed, and Debian's default one is several times slower.
at::Tensor dense(const at::Tensor& x, const at::Tensor& weights, const at::Tensor& bias) {
  const at::Tensor image = x.unsqueeze(-1).unsqueeze(-1), kernel = weights.unsqueeze(-1).unsqueeze(-1);
  return at::conv2d(image, kernel, bias).squeeze(-1).squeeze(-1);
}

void append(std::vector<float>& out, const at::Tensor& values) {
  const at::Tensor plain = values.detach().cpu().contiguous();
  const auto* data = plain.data_ptr<float>();
  out.insert(out.end(), data, data + plain.numel());
}

/// Where each sample begins among the inputs of all.
at::Tensor bag_starts(const at::Tensor& inputs) {
  return at::arange(0, inputs.numel(), inputs.size(1), inputs.options().dtype(at::kLong));
}

double mean_inputs(const NeuralJob& job, const ClassTables& tables) {
  return std::max(1.0, double(tables.slots) / double(std::max<std::size_t>(job.classes.input_names.size(), 1)));
}

}  // namespace

at::Tensor floats(const std::vector<float>& values, at::IntArrayRef shape, at::Device device) {
  return at::from_blob(const_cast<float*>(values.data()), shape, at::kFloat).clone().to(device);
}

at::Tensor integers(const std::vector<std::int64_t>& values, at::IntArrayRef shape, at::Device device) {
  return at::from_blob(const_cast<std::int64_t*>(values.data()), shape, at::kLong).clone().to(device);
}

ClassTables::ClassTables(const NeuralJob& job, at::Device device)
    : classes(std::int64_t(job.classes.input_names.size())), names(std::int64_t(job.classes.names)) {
  const auto width = job.samples.width_in;
  std::vector<std::int64_t> slot_of(std::size_t(classes) * width, 0), name_of = slot_of, names_by_slot;
  std::vector<float> given(slot_of.size(), 0.0F);
  std::vector<std::int64_t> first_of_kind, kind_by_slot;
  for (std::size_t c = 0; c < job.classes.input_names.size(); ++c) {
    const auto& own = job.classes.input_names[c];
    const auto of = std::size_t(job.classes.kind[c]);
    if (first_of_kind.size() <= of) first_of_kind.resize(of + 1, -1);
    if (first_of_kind[of] < 0) {
      first_of_kind[of] = kind_slots;
      kind_slots += std::int64_t(own.size());
    }
    for (std::size_t i = 0; i < own.size(); ++i) {
      slot_of[c * width + i] = slots++;
      name_of[c * width + i] = own[i];
      given[c * width + i] = 1.0F;
      names_by_slot.push_back(own[i]);
      kind_by_slot.push_back(first_of_kind[of] + std::int64_t(i));
    }
  }
  const std::int64_t columns = std::int64_t(width);
  slot = integers(slot_of, {classes, columns}, device);
  name = integers(name_of, {classes, columns}, device);
  present = floats(given, {classes, columns}, device);
  slot_name = integers(names_by_slot, {slots}, device);
  slot_kind = integers(kind_by_slot, {slots}, device);
  kinds = std::int64_t(first_of_kind.size());
  kind = integers({job.classes.kind.begin(), job.classes.kind.end()}, {classes}, device);
  const std::vector<float> quantities(job.auxiliary.present.begin(), job.auxiliary.present.end());
  auxiliary_present = floats(quantities, {classes, std::int64_t(job.auxiliary.count)}, device);
}

at::Tensor Encoder::make(at::IntArrayRef shape, double deviation, double decay) {
  at::Tensor out = at::zeros(shape, at::kFloat);
  std::normal_distribution<double> normal(0.0, 1.0);
  auto* data = out.data_ptr<float>();
  for (std::int64_t i = 0; deviation > 0 && i < out.numel(); ++i) data[i] = float(deviation * normal(random_));
  out = out.to(device_).requires_grad_(true);
  all_.push_back({out, decay});
  return out;
}

Encoder::Encoder(const NeuralJob& job, const ClassTables& tables, at::Device device)
    : settings_(job.settings), tables_(tables), device_(device), random_(job.settings.seed) {
  const NeuralSettings& s = settings_;
  const std::int64_t width = s.width, classes = tables.classes;
  const double first = 1.0 / std::sqrt(mean_inputs(job, tables)), deep = 1.0 / std::sqrt(double(width));
  if (s.shared) shared_first_ = make({tables.names, width}, first, s.decay);
  own_first_ = make({tables.slots, width}, s.shared ? 0.3 * first : first, s.own_decay);
  first_bias_ = make({width}, 0.0, 0.0);
  if (s.embedding) embedding_ = make({classes, width}, 0.5, 0.0);
  for (int layer = 0; layer < s.hidden; ++layer) {
    hidden_.push_back(make({width, width}, 1.4 * deep, s.decay));
    hidden_bias_.push_back(make({width}, 0.0, 0.0));
  }
  if (s.shared) shared_head_ = make({width}, 0.3 * deep, 0.0);
  if (s.shared && tables.kinds < classes) {
    kind_first_ = make({tables.kind_slots, width}, 0.3 * first, s.own_decay);
    kind_head_ = make({tables.kinds, width}, 0.3 * deep, s.own_decay);
    if (s.embedding) kind_embedding_ = make({tables.kinds, width}, 0.5, 0.0);
  }
  own_head_ = make({classes, width}, 0.3 * deep, s.own_decay);
  head_bias_ = make({classes}, 0.0, 0.0);
  log_spread_ = make({classes}, 0.0, 0.0);
  if (s.auxiliary <= 0) return;
  const std::int64_t told = tables.names + std::int64_t(job.auxiliary.count);
  decoder_ = make({told, width}, deep, 0.0);
  decoder_bias_ = make({told}, 0.0, 0.0);
}

at::Tensor Encoder::first_layer() const {
  if (!settings_.shared) return own_first_;
  const at::Tensor first = shared_first_.index_select(0, tables_.slot_name) + own_first_;
  return kind_first_.defined() ? first + kind_first_.index_select(0, tables_.slot_kind) : first;
}

at::Tensor Encoder::heads() const {
  if (!settings_.shared) return own_head_;
  const at::Tensor heads = own_head_ + shared_head_;
  return kind_head_.defined() ? heads + kind_head_.index_select(0, tables_.kind) : heads;
}

at::Tensor Encoder::embedding() const {
  return kind_embedding_.defined() ? embedding_ + kind_embedding_.index_select(0, tables_.kind) : embedding_;
}

at::Tensor Encoder::latent(const at::Tensor& inputs, const at::Tensor& kernel_class) const {
  const at::Tensor slots = tables_.slot.index_select(0, kernel_class);
  at::Tensor x = std::get<0>(
      at::embedding_bag(first_layer(), slots.flatten(), bag_starts(inputs), false, 0, false, inputs.flatten()));
  x = x + first_bias_;
  if (settings_.embedding) x = x + embedding().index_select(0, kernel_class);
  x = at::silu(x);
  for (std::size_t layer = 0; layer < hidden_.size(); ++layer)
    x = at::silu(dense(x, hidden_[layer], hidden_bias_[layer]));
  return x;
}

at::Tensor Encoder::head(const at::Tensor& latent, const at::Tensor& kernel_class) const {
  return (latent * heads().index_select(0, kernel_class)).sum(1) + head_bias_.index_select(0, kernel_class);
}

at::Tensor Encoder::decode(const at::Tensor& latent) const { return dense(latent, decoder_, decoder_bias_); }

void Encoder::export_to(const NeuralJob& job, NeuralResult& result) const {
  const at::Tensor first = first_layer(), head = heads(), shift = embedding();
  std::int64_t slot = 0;
  for (std::int64_t c = 0; c < tables_.classes; ++c) {
    const auto at = std::size_t(c);
    const auto inputs = std::int64_t(job.classes.input_names[at].size());
    const float scale = job.classes.scale[at];
    NeuralResult::OwnLayers own;
    append(own.first, first.narrow(0, slot, inputs).t());
    append(own.first_bias, settings_.embedding ? first_bias_ + shift[c] : first_bias_);
    append(own.head, head[c] * scale);
    own.head_bias = head_bias_[c].item<float>() * scale + job.classes.centre[at];
    result.classes.push_back(std::move(own));
    slot += inputs;
  }
  for (std::size_t layer = 0; layer < hidden_.size(); ++layer) {
    append(result.trunk, hidden_[layer]);
    append(result.trunk, hidden_bias_[layer]);
  }
}

}  // namespace latcast::neural
