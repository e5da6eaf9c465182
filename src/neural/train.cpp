// Trains the encoder-decoder network: Adam with decoupled weight decay (Loshchilov & Hutter 2019), a rate that warms up
// and falls as a cosine. All randomness comes from the job's seed.
#include <ATen/Context.h>
#include <ATen/Parallel.h>
#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/sqrt.h>
#include <ATen/ops/zeros.h>
#include <ATen/ops/zeros_like.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <stdexcept>

#include "neural/encoder.h"

namespace latcast::neural {
namespace {

constexpr double kGradientNorm = 1.0;  // longer gradients are cut to it
constexpr double kMomentum = 0.9, kSecondMomentum = 0.99;
constexpr std::int64_t kForwardRows = 8192;
constexpr std::int64_t kAuxiliaryPart = 4;  // auxiliary tasks see one sample in so many: they cost more than the rest

class Adam {
 public:
  explicit Adam(const std::vector<Parameter>& parameters) : parameters_(parameters) {
    for (const Parameter& one : parameters) {
      first_.push_back(at::zeros_like(one.value));
      second_.push_back(at::zeros_like(one.value));
    }
  }

  void step(double rate) {
    const at::NoGradGuard guard;
    ++steps_;
    const double shrink = std::min(1.0, kGradientNorm / std::max(gradient_norm(), 1e-12));
    const double left = 1.0 - std::pow(kMomentum, steps_), left2 = 1.0 - std::pow(kSecondMomentum, steps_);
    for (std::size_t i = 0; i < parameters_.size(); ++i) {
      const at::Tensor value = parameters_[i].value;
      if (!value.grad().defined()) continue;
      const at::Tensor gradient = value.grad() * shrink;
      value.mul_(1.0 - rate * parameters_[i].decay);
      first_[i].mul_(kMomentum).add_(gradient, 1.0 - kMomentum);
      second_[i].mul_(kSecondMomentum).addcmul_(gradient, gradient, 1.0 - kSecondMomentum);
      value.addcdiv_(first_[i], (second_[i] / left2).sqrt_().add_(1e-8), -rate / left);
      value.mutable_grad() = at::Tensor();
    }
  }

 private:
  [[nodiscard]] double gradient_norm() const {
    double sum = 0.0;
    for (const Parameter& one : parameters_) {
      if (one.value.grad().defined()) sum += std::pow(one.value.grad().norm().item<double>(), 2);
    }
    return std::sqrt(sum);
  }

  const std::vector<Parameter>& parameters_;
  std::vector<at::Tensor> first_, second_;
  int steps_ = 0;
};

class Training {
 public:
  Training(const NeuralJob& job, at::Device device)
      : job_(job),
        device_(device),
        tables_(job, device),
        encoder_(job, tables_, device),
        random_(job.settings.seed + 1) {
    const auto samples = std::int64_t(job.samples.target.size());
    inputs_ = floats(job.samples.inputs, {samples, std::int64_t(job.samples.width_in)}, device);
    class_ = integers({job.samples.kernel_class.begin(), job.samples.kernel_class.end()}, {samples}, device);
    weight_ = floats(job.samples.weight, {samples}, device);
    scale_ = floats(job.classes.scale, {tables_.classes}, device);
    const at::Tensor centre = floats(job.classes.centre, {tables_.classes}, device);
    const at::Tensor raw = floats(job.samples.target, {samples}, device);
    target_ = (raw - centre.index_select(0, class_)) / scale_.index_select(0, class_);
    auxiliary_ = floats(job.auxiliary.values, {samples, std::int64_t(job.auxiliary.count)}, device);
    order_.resize(job.samples.target.size());
    std::iota(order_.begin(), order_.end(), 0);
  }

  void run(NeuralResult& result) {
    const NeuralSettings& s = job_.settings;
    const auto batch = std::size_t(s.batch), per_epoch = (order_.size() + batch - 1) / batch;
    const double steps = double(per_epoch) * s.epochs;
    Adam adam(encoder_.parameters());
    double step = 0.0;
    for (int epoch = 0; epoch < s.epochs; ++epoch) {
      std::shuffle(order_.begin(), order_.end(), random_);
      for (std::size_t from = 0; from < order_.size(); from += batch) {
        const std::size_t to = std::min(from + batch, order_.size());
        loss(rows({order_.begin() + std::ptrdiff_t(from), order_.begin() + std::ptrdiff_t(to)})).backward();
        const double warm = std::min(1.0, (step + 1.0) / (0.1 * steps + 1.0));
        adam.step(s.rate * warm * 0.5 * (1.0 + std::cos(M_PI * step / steps)));
        ++step;
      }
    }
    const at::NoGradGuard guard;
    encoder_.export_to(job_, result);
    result.prediction = all_predictions();
  }

 private:
  [[nodiscard]] at::Tensor rows(const std::vector<std::int64_t>& indices) const {
    return integers(indices, {std::int64_t(indices.size())}, device_);
  }

  /// Negative log-likelihood of residuals that follow Laplace's distribution, each class with a spread of its own.
  [[nodiscard]] at::Tensor loss(const at::Tensor& index) const {
    const at::Tensor inputs = inputs_.index_select(0, index), of = class_.index_select(0, index);
    const at::Tensor latent = encoder_.latent(inputs, of);
    const at::Tensor off = encoder_.head(latent, of) - target_.index_select(0, index);
    const at::Tensor spread = encoder_.log_spread().clamp(-4.0, 4.0).index_select(0, of);
    const at::Tensor size = (off * off + 1e-4).sqrt();  // smooth at zero
    at::Tensor main = (weight_.index_select(0, index) * (size * (-spread).exp() + spread)).mean();
    if (job_.settings.auxiliary <= 0) return main;
    const std::int64_t part = std::max<std::int64_t>(index.size(0) / kAuxiliaryPart, 1);
    const at::Tensor some = auxiliary_.index_select(0, index.narrow(0, 0, part));
    return main + job_.settings.auxiliary *
                      auxiliary_loss(latent.narrow(0, 0, part), inputs.narrow(0, 0, part), of.narrow(0, 0, part), some);
  }

  /// Squared errors of the inputs and quantities that the class has.
  [[nodiscard]] at::Tensor auxiliary_loss(const at::Tensor& latent, const at::Tensor& inputs, const at::Tensor& of,
                                          const at::Tensor& quantities) const {
    const at::Tensor told = encoder_.decode(latent);
    const at::Tensor given = tables_.present.index_select(0, of);
    const at::Tensor again = told.gather(1, tables_.name.index_select(0, of));
    at::Tensor inputs_loss = ((again - inputs).square() * given).sum() / given.sum().clamp_min(1.0);
    if (quantities.size(1) == 0) return inputs_loss;
    const at::Tensor has = tables_.auxiliary_present.index_select(0, of);
    const at::Tensor found = told.narrow(1, tables_.names, quantities.size(1));
    return inputs_loss + ((found - quantities).square() * has).sum() / has.sum().clamp_min(1.0);
  }

  [[nodiscard]] at::Tensor standardised(const at::Tensor& index) const {
    const at::NoGradGuard guard;
    std::vector<at::Tensor> parts;
    for (const at::Tensor& some : index.split(kForwardRows)) {
      const at::Tensor of = class_.index_select(0, some);
      parts.push_back(encoder_.head(encoder_.latent(inputs_.index_select(0, some), of), of));
    }
    return at::cat(parts);
  }

  [[nodiscard]] std::vector<float> all_predictions() const {
    std::vector<std::int64_t> all(job_.samples.target.size());
    for (std::size_t i = 0; i < all.size(); ++i) all[i] = std::int64_t(i);
    const at::Tensor centre = floats(job_.classes.centre, {tables_.classes}, device_);
    const at::Tensor values = standardised(rows(all)) * scale_.index_select(0, class_) + centre.index_select(0, class_);
    const at::Tensor plain = values.cpu().contiguous();
    return {plain.data_ptr<float>(), plain.data_ptr<float>() + plain.numel()};
  }

  const NeuralJob& job_;
  at::Device device_;
  ClassTables tables_;
  Encoder encoder_;
  std::mt19937_64 random_;
  at::Tensor inputs_, class_, weight_, target_, scale_, auxiliary_;
  std::vector<std::int64_t> order_;  // of the samples in an epoch
};

void train(const NeuralJob& job, NeuralResult& result) {
  at::set_num_threads(job.settings.threads);
  const at::AutoGradMode gradients(true);
  Training(job, at::hasCUDA() ? at::Device(at::kCUDA) : at::Device(at::kCPU)).run(result);
  const bool finite =
      std::all_of(result.prediction.begin(), result.prediction.end(), [](float x) { return std::isfinite(x); });
  if (!finite) throw std::runtime_error("training did not converge");
}

}  // namespace
}  // namespace latcast::neural

extern "C" {

[[gnu::visibility("default")]] int latcast_neural_version() { return latcast::learn::kNeuralVersion; }

[[gnu::visibility("default")]] bool latcast_neural_train(const latcast::learn::NeuralJob& job,
                                                         latcast::learn::NeuralResult& result, std::string& error) {
  try {
    latcast::neural::train(job, result);
    return true;
  } catch (const std::exception& failure) {
    error = failure.what();
    error.resize(std::min(error.size(), error.find('\n')));  // LibTorch adds a stack trace
    return false;
  }
}
}
