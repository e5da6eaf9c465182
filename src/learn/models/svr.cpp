// Epsilon support vector regression with a squared exponential kernel (Smola & Schoelkopf 2004) through LIBSVM (Chang &
// Lin 2011). The library knows no sample weights: they decide which rows are drawn where there are too many.
#include <libsvm/svm.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>
#include <random>
#include <vector>

#include "learn/models/halving.h"
#include "learn/models/log_model.h"

namespace latcast::learn {
namespace {

constexpr std::size_t kMostRows = 1000;  // its time grows with the square of the rows, or worse

struct Settings {
  double cost;     // in units of the target's spread
  double spreads;  // squared inverse length, times the number of features, in units of their spreads
  double tube;     // of the logarithm: errors below this are none
};

/// A higher cost at this width, or a narrower kernel at this cost, takes the library seconds.
constexpr std::array kSettings = {
    Settings{30, 0.1, 0.02}, Settings{100, 0.03, 0.02}, Settings{300, 0.03, 0.02},
    Settings{10, 0.1, 0.02}, Settings{30, 0.3, 0.03},   Settings{10, 0.3, 0.05},
};

void say_nothing(const char*) {}

/// Rows as the library takes them; a model of the library points into it.
class Nodes {
 public:
  explicit Nodes(const RowMatrix& values) : width_(static_cast<std::size_t>(values.cols()) + 1) {
    nodes_.resize(width_ * static_cast<std::size_t>(values.rows()));
    for (std::size_t i = 0; i < static_cast<std::size_t>(values.rows()); ++i) {
      for (std::size_t j = 0; j + 1 < width_; ++j) {
        nodes_[i * width_ + j] = {static_cast<int>(j) + 1, values(Eigen::Index(i), Eigen::Index(j))};
      }
      nodes_[i * width_ + width_ - 1] = {-1, 0.0};
      rows_.push_back(&nodes_[i * width_]);
    }
  }
  [[nodiscard]] std::vector<svm_node*>& rows() { return rows_; }

 private:
  std::size_t width_;
  std::vector<svm_node> nodes_;
  std::vector<svm_node*> rows_;
};

class Svr final : public LogModel {
 public:
  Svr(const RowMatrix& scaled, Eigen::VectorXd inverse_lengths, double mean, double spread)
      : nodes_(scaled), inverse_lengths_(std::move(inverse_lengths)), mean_(mean), spread_(spread) {}
  Svr(const Svr&) = delete;
  Svr& operator=(const Svr&) = delete;
  ~Svr() override { svm_free_and_destroy_model(&model_); }

  Result<void> train(const Eigen::VectorXd& target, const svm_parameter& parameters) {
    std::vector<double> y(target.begin(), target.end());
    const svm_problem problem{static_cast<int>(y.size()), y.data(), nodes_.rows().data()};
    if (const char* why = svm_check_parameter(&problem, &parameters)) {
      return fail(Errc::engine_failure, std::string("LIBSVM: ") + why);
    }
    model_ = svm_train(&problem, &parameters);
    return model_ == nullptr ? fail(Errc::engine_failure, "LIBSVM gave no model") : Result<void>();
  }

  Eigen::VectorXd predict(const RowMatrix& features) const override {
    Nodes rows(features * inverse_lengths_.asDiagonal());
    Eigen::VectorXd out(features.rows());
    for (Eigen::Index i = 0; i < out.size(); ++i) {
      out[i] = mean_ + spread_ * svm_predict(model_, rows.rows()[static_cast<std::size_t>(i)]);
    }
    return out;
  }

  FormSpec form() const override {
    FormNode node;
    node.kind = FormKind::gaussian_process;  // the same sum of kernels
    node.ints = {0, model_->l};
    node.doubles.push_back(mean_ - spread_ * model_->rho[0]);
    node.doubles.insert(node.doubles.end(), inverse_lengths_.begin(), inverse_lengths_.end());
    for (int i = 0; i < model_->l; ++i) {
      node.doubles.push_back(spread_ * model_->sv_coef[0][i]);
      for (const svm_node* at = model_->SV[i]; at->index > 0; ++at) {
        node.floats.push_back(static_cast<float>(at->value));
      }
    }
    return {std::move(node)};
  }

 private:
  Nodes nodes_;
  Eigen::VectorXd inverse_lengths_;
  double mean_, spread_;
  svm_model* model_ = nullptr;
};

/// At most `most` rows, heavy ones rather than light ones (Efraimidis & Spirakis 2006).
std::vector<Eigen::Index> drawn(const Eigen::VectorXd& weight, std::size_t most, std::uint64_t seed) {
  std::vector<Eigen::Index> order(static_cast<std::size_t>(weight.size()));
  std::iota(order.begin(), order.end(), 0);
  if (order.size() <= most) return order;
  std::mt19937_64 random(seed);
  std::vector<double> key;
  for (const double w : weight) key.push_back(std::log((double(random() >> 11U) + 0.5) * 0x1p-53) / w);
  std::ranges::nth_element(order, order.begin() + static_cast<std::ptrdiff_t>(most), std::greater<>(),
                           [&](Eigen::Index i) { return key[static_cast<std::size_t>(i)]; });
  order.resize(most);
  std::ranges::sort(order);
  return order;
}

Eigen::VectorXd inverse_lengths(const RowMatrix& x, double spreads) {
  const Eigen::RowVectorXd mean = x.colwise().mean();
  const Eigen::VectorXd variance = (x.rowwise() - mean).colwise().squaredNorm() / static_cast<double>(x.rows());
  const auto varied = static_cast<double>(std::max<Eigen::Index>((variance.array() > 1e-12).count(), 1));
  return variance.unaryExpr([&](double v) { return v > 1e-12 ? std::sqrt(2.0 * spreads / (varied * v)) : 0.0; });
}

svm_parameter parameters_of(const Settings& settings, double spread) {
  svm_parameter out{};
  out.svm_type = EPSILON_SVR;
  out.kernel_type = RBF;
  out.gamma = 0.5;  // lengths are in the rows already
  out.C = settings.cost;
  out.p = settings.tube / spread;
  out.eps = 1e-2;
  out.cache_size = 16;
  out.shrinking = 1;
  return out;
}

Result<LogModelPtr> fit_with(const LogProblem& problem, const Settings& settings) {
  const auto rows = drawn(problem.weight, kMostRows, problem.seed);
  const RowMatrix features = problem.features(rows, Eigen::all);
  const Eigen::VectorXd target = problem.target(rows), weight = problem.weight(rows);
  const double mean = target.dot(weight) / weight.sum();
  const double variance = (target.array() - mean).square().matrix().dot(weight) / weight.sum();
  const double spread = std::max(std::sqrt(variance), 1e-3);
  const Eigen::VectorXd lengths = inverse_lengths(features, settings.spreads);
  // As the exported form will hold them.
  const RowMatrix scaled = (features * lengths.asDiagonal()).cast<float>().cast<double>();
  auto model = std::make_shared<Svr>(scaled, lengths, mean, spread);
  if (auto ok = model->train((target.array() - mean) / spread, parameters_of(settings, spread)); !ok) {
    return tl::unexpected<Error>(ok.error());
  }
  return model;
}

}  // namespace

Result<LogModelPtr> fit_svr(const LogProblem& problem) {
  static const bool quiet = (svm_set_print_string_function(say_nothing), true);  // once, before the first thread trains
  static_cast<void>(quiet);
  const FitSetting fit = [](const LogProblem& part, std::size_t setting) { return fit_with(part, kSettings[setting]); };
  return fit(problem, choose_setting(kSettings.size(), 0, fit, problem));
}

}  // namespace latcast::learn
