#include "learn/neural/job.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <set>

#include "learn/math/robust.h"

namespace latcast::learn {
namespace {

constexpr double kLeastSpread = 0.5;  // of a log feature: what hardly varies must not become a loud input
constexpr double kBalance = 0.5;      // a class of n samples weighs as n to the power of 1 - this

/// Steps of the optimiser that a training aims for, and the bounds of epochs.
struct Work {
  int steps, fewest_epochs, most_epochs;
};

Work work(Effort effort) {
  switch (effort) {
    case Effort::look:
      return {200, 8, 20};
    case Effort::fold:
      return {640, 14, 60};
    case Effort::final:
      break;
  }
  return {1000, 20, 60};
}

/// How many devices' classes there are, on average over the kinds.
double devices(std::span<const NeuralClass> classes) {
  std::set<std::int32_t> kinds;
  for (const NeuralClass& one : classes) kinds.insert(one.kind);
  return double(classes.size()) / double(std::max<std::size_t>(kinds.size(), 1));
}

void fill_in(NeuralSettings& settings, std::size_t samples, double devices, Effort effort) {
  if (settings.batch == 0) settings.batch = int(std::clamp<std::size_t>(std::bit_floor(samples / 16 + 1), 32, 1024));
  if (settings.epochs > 0) return;
  const Work wanted = work(effort);
  const int steps = int(std::sqrt(devices) * wanted.steps), per_epoch = int(samples) / settings.batch + 1;
  settings.epochs = std::clamp(steps / per_epoch, wanted.fewest_epochs, wanted.most_epochs);
}

/// The middle and the spread of a class's targets, neither moved by outliers.
std::pair<double, double> location_and_scale(const Eigen::VectorXd& target) {
  const double centre = median(target);
  return {centre, std::clamp(1.25 * (target.array() - centre).abs().mean(), 0.02, 3.0)};
}

void add_samples(const NeuralClass& one, const Standardisation& standard, std::int32_t index, NeuralSamples& out) {
  const Eigen::Index rows = one.logs.rows(), columns = one.logs.cols();
  const double balance = std::pow(double(rows), -kBalance);
  for (Eigen::Index i = 0; i < rows; ++i) {
    out.kernel_class.push_back(index);
    out.target.push_back(float(one.target[i]));
    out.weight.push_back(float(one.weight[i] * balance));
    const std::size_t start = out.inputs.size();
    out.inputs.resize(start + out.width_in, 0.0F);
    for (Eigen::Index f = 0; f < columns; ++f) {
      out.inputs[start + std::size_t(f)] = float((one.logs(i, f) - standard.mean[f]) * standard.inverse[f]);
    }
  }
}

void add_class(const NeuralClass& one, NeuralClasses& out) {
  const auto [centre, scale] = location_and_scale(one.target);
  out.input_names.push_back(one.names);
  out.kind.push_back(one.kind);
  out.centre.push_back(float(centre));
  out.scale.push_back(float(scale));
  for (const std::int32_t name : one.names) out.names = std::max(out.names, std::size_t(name) + 1);
}

void add_auxiliary(const NeuralClass& one, NeuralAuxiliary& out) {
  out.count = std::size_t(one.quantities.cols());
  for (const double value : one.quantities.reshaped<Eigen::RowMajor>()) out.values.push_back(float(value));
  out.present.insert(out.present.end(), one.present.begin(), one.present.end());
}

void normalise(std::vector<float>& values) {
  double sum = 0.0;
  for (const float value : values) sum += value;
  const auto factor = float(double(values.size()) / std::max(sum, 1e-30));
  for (float& value : values) value *= factor;
}

/// With the standardisation folded in.
void append_first(const NeuralResult::OwnLayers& own, const Standardisation& standard, std::vector<float>& out) {
  const auto inputs = std::size_t(standard.mean.size());
  std::vector<float> bias;
  for (std::size_t o = 0; o < own.first_bias.size(); ++o) {
    double shift = own.first_bias[o];
    for (std::size_t i = 0; i < inputs; ++i) {
      const double weight = own.first[o * inputs + i] * standard.inverse[Eigen::Index(i)];
      out.push_back(float(weight));
      shift -= weight * standard.mean[Eigen::Index(i)];
    }
    bias.push_back(float(shift));
  }
  out.insert(out.end(), bias.begin(), bias.end());
}

}  // namespace

Standardisation standardise(const RowMatrix& logs) {
  Standardisation out;
  out.mean = logs.colwise().mean().transpose();
  const Eigen::VectorXd variance =
      (logs.rowwise() - out.mean.transpose()).array().square().colwise().mean().transpose();
  out.inverse =
      variance.unaryExpr([](double v) { return v < 1e-12 ? 0.0 : 1.0 / std::max(std::sqrt(v), kLeastSpread); });
  return out;
}

NeuralJob make_job(std::span<const NeuralClass> classes, std::span<const Standardisation> standard,
                   NeuralSettings settings, Effort effort) {
  NeuralJob job;
  job.samples.width_in = 1;
  for (const NeuralClass& one : classes) {
    job.samples.width_in = std::max(job.samples.width_in, std::size_t(one.logs.cols()));
  }
  for (std::size_t c = 0; c < classes.size(); ++c) {
    add_samples(classes[c], standard[c], std::int32_t(c), job.samples);
    add_class(classes[c], job.classes);
    add_auxiliary(classes[c], job.auxiliary);
  }
  normalise(job.samples.weight);
  fill_in(settings, job.samples.target.size(), devices(classes), effort);
  job.settings = settings;
  return job;
}

FormNode dense_node(const NeuralResult& result, std::size_t index, const NeuralSettings& settings,
                    const Standardisation& standard, const Trunk& trunk) {
  const NeuralResult::OwnLayers& own = result.classes[index];
  FormNode node;
  node.kind = FormKind::dense;
  node.ints = {1, settings.hidden + 2, std::int32_t(standard.mean.size())};
  node.ints.insert(node.ints.end(), std::size_t(settings.hidden) + 1, settings.width);
  node.ints.insert(node.ints.end(), {1, 0});
  node.ints.insert(node.ints.end(), std::size_t(settings.hidden), trunk ? 1 : 0);
  node.ints.push_back(0);
  append_first(own, standard, node.floats);
  if (!trunk) node.floats.insert(node.floats.end(), result.trunk.begin(), result.trunk.end());
  node.floats.insert(node.floats.end(), own.head.begin(), own.head.end());
  node.floats.push_back(own.head_bias);
  node.shared = trunk;
  return node;
}

}  // namespace latcast::learn
