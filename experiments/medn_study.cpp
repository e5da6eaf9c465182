#include "experiments/medn_study.h"

#include <algorithm>
#include <map>
#include <random>

#include "learn/data/folds.h"
#include "learn/joint/medn.h"
#include "learn/math/parallel.h"
#include "learn/models/prepared.h"
#include "learn/neural/library.h"
#include "learn/select/selection.h"
#include "learn/study/candidate.h"
#include "learn/study/race.h"

namespace latcast::experiments {
using namespace learn;

namespace {

constexpr std::uint64_t kSeed = 1;
constexpr int kThreads = 2;
constexpr int kFolds = 3, kFoldsUsed = 1;

struct Variant {
  std::string name;
  MednOptions options;
  int samples = 0;
};

std::vector<Variant> variants() {
  const auto medn = [](bool auxiliary, bool shared, bool embedding) {
    MednOptions out;
    out.auxiliary = auxiliary;
    out.shared = shared;
    out.embedding = embedding;
    out.effort = Effort::fold;
    return out;
  };
  std::vector<Variant> out = {
      {"medn", medn(true, true, true), 0},
      {"no auxiliary tasks", medn(false, true, true), 0},
      {"no sharing between types", medn(true, false, true), 0},
      {"no type embedding", medn(true, true, false), 0},
      {"separate network per class", medn(false, false, false), 0},
  };
  for (const int samples : {200, 50}) {
    out.push_back({"medn", medn(true, true, true), samples});
    out.push_back({"separate network per class", medn(false, false, false), samples});
  }
  return out;
}

/// At most so many rows (0: all), of networks drawn at random.
std::vector<Eigen::Index> draw(const Rows& rows, std::vector<Eigen::Index> side, int samples, std::uint64_t seed) {
  if (samples == 0 || static_cast<int>(side.size()) <= samples) return side;
  std::mt19937_64 random(seed);
  std::map<int, std::uint64_t> order;
  for (const Eigen::Index row : side) order.try_emplace(rows.group[static_cast<std::size_t>(row)], random());
  std::ranges::stable_sort(side, {},
                           [&](Eigen::Index row) { return order[rows.group[static_cast<std::size_t>(row)]]; });
  side.resize(static_cast<std::size_t>(samples));
  return side;
}

/// Forecasts per class and row; latency 0 outside the folds used.
using Estimates = std::vector<std::vector<KernelEstimate>>;

class Run {
 public:
  Run(const TrainingSet& set, const PreparedSet& prepared, const Variant& variant, std::span<const int> fold_of_network)
      : set_(set), prepared_(prepared), variant_(variant), fold_of_network_(fold_of_network) {
    for (const PreparedKernel& kernel : prepared.kernels) {
      estimates_.emplace_back(static_cast<std::size_t>(kernel.rows.size()));
    }
  }

  Result<void> fold(int fold, std::uint64_t seed) {
    std::vector<Rows> train;
    std::vector<Split> sides;
    for (const PreparedKernel& kernel : prepared_.kernels) {
      std::vector<int> fold_of_row;
      for (const int network : kernel.rows.group) {
        fold_of_row.push_back(fold_of_network_[static_cast<std::size_t>(network)]);
      }
      sides.push_back(split(fold_of_row, fold));
      train.push_back(take(kernel.rows, draw(kernel.rows, sides.back().train, variant_.samples, seed)));
    }
    MednOptions options = variant_.options;
    options.seed = seed;
    const auto fit = fit_medn(joint_classes(set_, train), options);
    if (!fit) return tl::unexpected<Error>(fit.error());
    train_s_ += fit->train_s;
    for (std::size_t k = 0; k < train.size(); ++k) {
      if (!sides[k].test.empty() && train[k].size() >= 3) forecast_class(k, fit->forms[k], train[k], sides[k].test);
    }
    return {};
  }

  [[nodiscard]] MednVariant judge() const {
    MednVariant out{variant_.name, variant_.samples, {}, 0, train_s_ / kFoldsUsed};
    MetricsCollector collector;
    double classes = 0;
    for (std::size_t k = 0; k < estimates_.size(); ++k) {
      const Rows& rows = prepared_.kernels[k].rows;
      if (too_few(rows)) continue;
      for (std::size_t i = 0; i < estimates_[k].size(); ++i) {
        if (!counts(set_.networks[static_cast<std::size_t>(rows.group[i])])) continue;
        collector.add(estimates_[k][i].latency_ns, rows.latency_ns[static_cast<Eigen::Index>(i)]);
      }
      out.mean_class_error += weighted_error(estimates_[k], rows);
      classes += 1;
    }
    out.modules = collector.metrics();
    out.mean_class_error /= std::max(classes, 1.0);
    return out;
  }

 private:
  void forecast_class(std::size_t k, const Result<FormSpec>& form, const Rows& train,
                      const std::vector<Eigen::Index>& test) {
    Result<KernelFit> fit = form ? seal_fit("medn", *form, {}, train) : Result<KernelFit>(fail(Errc::unsupported, ""));
    if (!fit) {
      FitContext context(train, {1, Effort::fold, prepared_.kernels[k].prior, nullptr});
      fit = fit_kernel(*find_model(kBaseModel), context);
    }
    if (!fit) return;
    const auto found = forecast(*fit, take(prepared_.kernels[k].rows, test));
    for (std::size_t i = 0; i < test.size(); ++i) estimates_[k][static_cast<std::size_t>(test[i])] = found[i];
  }

  const TrainingSet& set_;
  const PreparedSet& prepared_;
  const Variant& variant_;
  std::span<const int> fold_of_network_;
  Estimates estimates_;
  double train_s_ = 0;
};

}  // namespace

Result<std::vector<MednVariant>> study_medn(const TrainingSet& set, const session::Listener& listener) {
  if (auto ok = neural_available(); !ok) return tl::unexpected<Error>(ok.error());
  const auto prepared = prepare(set);
  if (!prepared) return tl::unexpected<Error>(prepared.error());
  const std::vector<int> folds = network_folds(*prepared, kFolds, derive_seed(kSeed, "outer"));
  const std::vector<Variant> all = variants();
  std::vector<Result<MednVariant>> done(all.size(), MednVariant{});
  parallel_for(all.size(), kThreads, [&](std::size_t v) {
    Run run(set, *prepared, all[v], folds);
    for (int fold = 0; fold < kFoldsUsed; ++fold) {
      auto ok = listener.cancelled() ? Result<void>(fail(Errc::interrupted, "interrupted"))
                                     : run.fold(fold, derive_seed(kSeed, "medn", static_cast<std::uint64_t>(fold)));
      if (!ok) {
        done[v] = tl::unexpected<Error>(ok.error());
        return;
      }
    }
    done[v] = run.judge();
  });
  std::vector<MednVariant> out;
  for (auto& one : done) {
    if (!one) return tl::unexpected<Error>(one.error());
    out.push_back(std::move(*one));
  }
  return out;
}

}  // namespace latcast::experiments
