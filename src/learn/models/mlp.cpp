#include "learn/models/mlp.h"

#include <numeric>

#include "learn/neural/job.h"
#include "learn/neural/library.h"

namespace latcast::learn {
namespace {

constexpr int kWidth = 32;

class Mlp final : public LogModel {
 public:
  explicit Mlp(FormNode node) : node_(std::move(node)) {}

  /// In double precision, layer by layer: LibTorch is not kept for it.
  Eigen::VectorXd predict(const RowMatrix& features) const override {
    RowMatrix x = features;
    const float* at = node_.floats.data();
    const auto layers = std::size_t(node_.ints[1]);
    for (std::size_t layer = 0; layer < layers; ++layer) {
      const Eigen::Index in = node_.ints[2 + layer], out = node_.ints[3 + layer];
      using Floats = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
      const RowMatrix weights = Eigen::Map<const Floats>(at, out, in).cast<double>();
      const Eigen::RowVectorXd bias = Eigen::Map<const Eigen::RowVectorXf>(at + in * out, out).cast<double>();
      x = (x * weights.transpose()).rowwise() + bias;
      if (layer + 1 < layers) x = x.array() / (1.0 + (-x.array()).exp());
      at += (in + 1) * out;
    }
    return x.col(0);
  }

  FormSpec form() const override { return {node_}; }

 private:
  FormNode node_;
};

}  // namespace

Result<LogModelPtr> fit_mlp(const LogProblem& problem) {
  if (problem.features.rows() < kFewestNeuralSamples) return fail(Errc::unsupported, "too few samples for a network");
  NeuralSettings settings;
  settings.seed = problem.seed;
  settings.width = kWidth;
  settings.shared = settings.embedding = false;
  std::vector<NeuralClass> classes = {
      {problem.features, problem.weight, problem.target, {}, 0, RowMatrix(problem.features.rows(), 0), {}}};
  classes.front().names.resize(std::size_t(problem.features.cols()));
  std::iota(classes.front().names.begin(), classes.front().names.end(), 0);
  const std::vector<Standardisation> standard = {standardise(problem.features)};
  const NeuralJob job = make_job(classes, standard, settings, problem.effort);
  auto result = train_neural(job);
  if (!result) return tl::unexpected<Error>(result.error());
  return std::make_shared<const Mlp>(dense_node(*result, 0, job.settings, standard.front(), nullptr));
}

}  // namespace latcast::learn
