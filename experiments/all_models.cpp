#include "experiments/all_models.h"

#include <chrono>
#include <iterator>
#include <mutex>
#include <random>

#include "learn/data/folds.h"
#include "learn/joint/joint_model.h"
#include "learn/math/cpu_time.h"
#include "learn/math/parallel.h"
#include "learn/models/kernel_fit.h"
#include "learn/study/candidate.h"
#include "learn/study/mixture.h"
#include "learn/study/race.h"

namespace latcast::experiments {
using namespace learn;

namespace {

/// Nanoseconds that evaluating a fit takes per row, the least of three.
double timed_ns(const KernelFit& fit, const Rows& rows) {
  double least = std::numeric_limits<double>::infinity();
  for (int repeat = 0; repeat < 3; ++repeat) {
    const auto started = std::chrono::steady_clock::now();
    const auto found = forecast(fit, rows);
    const std::chrono::duration<double, std::nano> spent = std::chrono::steady_clock::now() - started;
    least = std::min(least, spent.count() / static_cast<double>(std::max<std::size_t>(found.size(), 1)));
  }
  return least;
}
class Exhaustive {
 public:
  Exhaustive(const TrainingSet& set, const PreparedSet& prepared, const Parts& parts, int count, std::uint64_t seed,
             int threads)
      : set_(set), prepared_(prepared), parts_(parts), count_(count), seed_(seed), threads_(threads) {
    for (const RegressionModel& model : regression_models()) table_.names.emplace_back(model.name);
    for (const JointModel& model : joint_models()) table_.names.emplace_back(model.name);
    std::ranges::move(mixture_names(), std::back_inserter(table_.names));
    const std::size_t models = table_.names.size(), kernels = prepared.kernels.size();
    for (std::size_t m = 0; m < models; ++m) {
      auto& own = table_.forecasts.emplace_back();
      for (const PreparedKernel& kernel : prepared.kernels)
        own.emplace_back(static_cast<std::size_t>(kernel.rows.size()));
    }
    table_.time_ns.assign(models, std::vector<double>(kernels, 0.0));
    table_.bytes = table_.estimated_ns = table_.time_ns;
    table_.failures.assign(models, std::vector<std::string>(kernels));
    table_.cost_s.assign(models, 0.0);
    table_.shared_bytes.assign(models, 0.0);
    fits_.assign(models, std::vector<int>(kernels, 0));
    joint_fits_.resize(kernels);
    priors_.resize(kernels);
  }

  /// Fits to the rows outside each of the first `count` parts, forecasts those inside.
  void run() {
    for (int part = 0; part < count_; ++part) {
      for (auto& fits : joint_fits_) fits.clear();
      run_joint(part);
      parallel_for(prepared_.kernels.size(), threads_, [&](std::size_t k) { run_class(k, part); });
    }
    fill_gaps();
  }

  ModelTable table() { return std::move(table_); }

 private:
  void run_class(std::size_t k, int part) {
    const PreparedKernel& kernel = prepared_.kernels[k];
    const Split sides = split(parts_[k], part);
    if (sides.test.empty() || sides.train.size() < 3) return;
    const Rows train = take(kernel.rows, sides.train), test = take(kernel.rows, sides.test);
    const std::uint64_t seed = derive_seed(seed_, kernel.type_name + "/" + kernel.kernel_name, std::uint64_t(part));
    WarmStarts warm;
    FitContext context(train, {seed, Effort::fold, priors_[k], &warm});
    for (std::size_t m = 0; m < regression_models().size(); ++m) {
      const RegressionModel& model = regression_models()[m];
      if (too_few(train) && model.name != kBaseModel) continue;
      const double started = thread_cpu_seconds();
      const auto fit = fit_kernel(model, context);
      add_cost(m, thread_cpu_seconds() - started);
      if (!fit) {
        table_.failures[m][k] = fit.error().context;
        continue;
      }
      put(m, k, *fit, test, sides.test);
      if (!can_mix(model)) continue;
      for (const KernelFit& joint : joint_fits_[k]) {
        const auto mixed = mix(model, *fit, joint, train);
        if (mixed) put(table_.index(mixed->model), k, *mixed, test, sides.test);
      }
    }
  }

  void run_joint(int part) {
    std::vector<Rows> train;
    for (std::size_t k = 0; k < prepared_.kernels.size(); ++k) {
      train.push_back(take(prepared_.kernels[k].rows, split(parts_[k], part).train));
    }
    const std::vector<JointClass> classes = joint_classes(set_, train);
    for (std::size_t k = 0; k < classes.size(); ++k) priors_[k] = classes[k].prior;
    for (std::size_t j = 0; j < joint_models().size(); ++j) {
      const JointModel& model = joint_models()[j];
      const std::size_t m = regression_models().size() + j;
      const auto fit = model.fit(classes, {derive_seed(seed_, model.name, std::uint64_t(part)), Effort::fold});
      if (!fit) {
        for (auto& failure : table_.failures[m]) failure = fit.error().context;
        continue;
      }
      table_.cost_s[m] += fit->cost_s;
      for (std::size_t k = 0; k < train.size(); ++k) {
        const Split sides = split(parts_[k], part);
        if (fit->forms[k].empty() || sides.test.empty()) continue;
        auto sealed = seal_fit(model.name, fit->forms[k], {}, train[k]);
        if (!sealed) continue;
        put(m, k, *sealed, take(prepared_.kernels[k].rows, sides.test), sides.test);
        share_bytes(model.name, bytes_in_common(fit->forms[k]));
        joint_fits_[k].push_back(std::move(*sealed));
      }
    }
  }

  /// Of a joint model, and of the mixtures that it is part of.
  void share_bytes(std::string_view joint, double bytes) {
    const auto keep = [&](std::string_view name) {
      double& most = table_.shared_bytes[table_.index(name)];
      most = std::max(most, bytes);
    };
    keep(joint);
    for (const RegressionModel& model : regression_models()) {
      if (can_mix(model)) keep(mixture_name(model.name, joint));
    }
  }

  void put(std::size_t m, std::size_t k, const KernelFit& fit, const Rows& test,
           const std::vector<Eigen::Index>& rows) {
    const auto found = forecast(fit, test);
    for (std::size_t i = 0; i < rows.size(); ++i) {
      table_.forecasts[m][k][static_cast<std::size_t>(rows[i])] = found[i];
    }
    // The mean over the parts that had a fit.
    const double weight = 1.0 / ++fits_[m][k];
    const auto average = [&](double& mean, double value) { mean += weight * (value - mean); };
    average(table_.time_ns[m][k], timed_ns(fit, test));
    average(table_.estimated_ns[m][k], fit.latency_ns);
    average(table_.bytes[m][k], fit.bytes);
  }

  void add_cost(std::size_t m, double seconds) {
    const std::scoped_lock guard(lock_);
    table_.cost_s[m] += seconds;
  }

  /// Where a model gave nothing, the base stands in, for a mixture the model that it is made of: everyone must answer
  /// for everything.
  void fill_gaps() {
    for (std::size_t m = 0; m < table_.names.size(); ++m) {
      const std::string_view mixed = mixed_model(table_.names[m]);
      fill_gaps(m, table_.index(mixed.empty() ? kBaseModel : mixed));
    }
  }

  void fill_gaps(std::size_t m, std::size_t base) {
    for (std::size_t k = 0; k < prepared_.kernels.size(); ++k) {
      bool any = false;
      for (std::size_t i = 0; i < table_.forecasts[m][k].size(); ++i) {
        KernelEstimate& one = table_.forecasts[m][k][i];
        any |= one.latency_ns > 0;
        if (!(one.latency_ns > 0)) one = table_.forecasts[base][k][i];
      }
      if (any) continue;
      table_.time_ns[m][k] = table_.time_ns[base][k];
      table_.bytes[m][k] = table_.bytes[base][k];
      table_.estimated_ns[m][k] = table_.estimated_ns[base][k];
    }
  }

  const TrainingSet& set_;
  const PreparedSet& prepared_;
  const Parts& parts_;
  int count_;
  std::uint64_t seed_;
  int threads_;
  ModelTable table_;
  std::vector<std::vector<int>> fits_;              // per model, per class
  std::vector<std::vector<KernelFit>> joint_fits_;  // per class: the joint models' of the part at hand
  std::vector<BasePrior> priors_;                   // per class, of the part at hand
  std::mutex lock_;
};

}  // namespace

Parts parts_of_rows(const PreparedSet& prepared, std::span<const int> part_of_network) {
  Parts out;
  for (const PreparedKernel& kernel : prepared.kernels) {
    auto& own = out.emplace_back();
    for (const int network : kernel.rows.group) own.push_back(part_of_network[static_cast<std::size_t>(network)]);
  }
  return out;
}

Parts random_parts(const PreparedSet& prepared, int parts, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  Parts out;
  for (const PreparedKernel& kernel : prepared.kernels) {
    auto& own = out.emplace_back();
    for (Eigen::Index i = 0; i < kernel.rows.size(); ++i) {
      own.push_back(static_cast<int>(random() % static_cast<std::uint64_t>(parts)));
    }
  }
  return out;
}

ModelTable fit_all_models(const TrainingSet& set, const PreparedSet& prepared, const Parts& parts, int count,
                          std::uint64_t seed, int threads) {
  Exhaustive all(set, prepared, parts, count, seed, threads);
  all.run();
  return all.table();
}

}  // namespace latcast::experiments
