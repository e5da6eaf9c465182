#include "learn/study.h"

#include <algorithm>
#include <map>
#include <mutex>
#include <numeric>
#include <optional>

#include "learn/cpu_time.h"
#include "learn/family_holdout.h"
#include "learn/folds.h"
#include "learn/joint_model.h"
#include "learn/parallel.h"
#include "learn/race.h"

namespace latcast::learn {
namespace {

/// Rows of every class on one side of a division of the networks, and where they came from.
struct Side {
  std::vector<Rows> rows;
  std::vector<std::vector<Eigen::Index>> place;
};

/// The rows whose network's part is (`inside`) or is not `part`; part -1 is nobody's.
Side side_of(const PreparedSet& prepared, std::span<const int> part_of_network, int part, bool inside) {
  Side out;
  for (const PreparedKernel& kernel : prepared.kernels) {
    std::vector<Eigen::Index> indices;
    for (Eigen::Index i = 0; i < kernel.rows.size(); ++i) {
      const int network = kernel.rows.group[static_cast<std::size_t>(i)];
      if ((part_of_network[static_cast<std::size_t>(network)] == part) == inside) indices.push_back(i);
    }
    out.rows.push_back(take(kernel.rows, indices));
    out.place.push_back(std::move(indices));
  }
  return out;
}

/// One training of a joint model, and its forecasts of the rows it did not see.
struct JointPart {
  Result<JointFit> fit = JointFit{};
  std::vector<std::vector<KernelEstimate>> forecasts;  // per class, per row; latency 0 where there is none
  std::vector<double> bytes, latency_ns;               // per class, of its form
};

JointPart train_joint_part(const JointModel& model, const TrainingSet& set, const PreparedSet& prepared,
                           std::span<const int> part_of_network, int part, const JointOptions& options) {
  const Side train = side_of(prepared, part_of_network, part, false);
  JointPart out;
  out.fit = model.fit(joint_classes(set, train.rows), options);
  out.forecasts.resize(prepared.kernels.size());
  out.bytes.resize(prepared.kernels.size());
  out.latency_ns.resize(prepared.kernels.size());
  const Side test = side_of(prepared, part_of_network, part, true);
  for (std::size_t k = 0; k < prepared.kernels.size(); ++k) {
    out.forecasts[k].resize(static_cast<std::size_t>(prepared.kernels[k].rows.size()));
    if (!out.fit || out.fit->forms[k].empty() || test.place[k].empty()) continue;
    const auto fit = seal_fit(model.name, out.fit->forms[k], {}, train.rows[k]);
    if (!fit) continue;
    out.bytes[k] = fit->bytes;
    out.latency_ns[k] = fit->latency_ns;
    const auto found = forecast(*fit, test.rows[k]);
    for (std::size_t i = 0; i < found.size(); ++i)
      out.forecasts[k][static_cast<std::size_t>(test.place[k][i])] = found[i];
  }
  return out;
}

/// Classes that race before the others, the largest ones: costly models that leave nearly all of those races do not run
/// in the others.
constexpr std::size_t kScouts = 10;

/// A joint model over all parts of a division: forecasts of every row by the training that did not see it.
struct JointResult {
  std::vector<std::vector<KernelEstimate>> forecasts;
  std::vector<double> bytes, latency_ns;  // per class, of some part's form
  double cost_s = 0;
  std::string failure;
};

JointResult train_joint(const JointModel& model, const TrainingSet& set, const PreparedSet& prepared,
                        std::span<const int> part_of_network, int parts, const StudyOptions& options) {
  std::vector<JointPart> done(static_cast<std::size_t>(parts));
  parallel_for(done.size(), options.threads, [&](std::size_t part) {
    const JointOptions own{derive_seed(options.seed, model.name, part), Effort::fold};
    done[part] = train_joint_part(model, set, prepared, part_of_network, static_cast<int>(part), own);
  });
  JointResult out;
  const std::size_t kernels = prepared.kernels.size();
  out.bytes.assign(kernels, 0.0);
  out.latency_ns.assign(kernels, 0.0);
  for (std::size_t k = 0; k < kernels; ++k) {
    out.forecasts.emplace_back(static_cast<std::size_t>(prepared.kernels[k].rows.size()));
    for (const JointPart& part : done) {
      if (!part.fit) continue;
      for (std::size_t i = 0; i < out.forecasts[k].size(); ++i) {
        if (part.forecasts[k][i].latency_ns > 0) out.forecasts[k][i] = part.forecasts[k][i];
      }
      out.bytes[k] = std::max(out.bytes[k], part.bytes[k]);
      out.latency_ns[k] = std::max(out.latency_ns[k], part.latency_ns[k]);
    }
  }
  for (const JointPart& part : done) {
    if (part.fit) {
      out.cost_s += part.fit->cost_s;
    } else {
      out.failure = part.fit.error().context;
    }
  }
  return out;
}

class Studying {
 public:
  Studying(const TrainingSet& set, const PreparedSet& prepared, const StudyOptions& options)
      : set_(set), prepared_(prepared), options_(options) {
    study_.seed = options.seed;
    study_.classes.resize(prepared.kernels.size());
    study_.fold_of_network = network_folds(prepared, options.folds, derive_seed(options.seed, "folds"));
    study_.group_of_network = family_groups(set.networks, options.family_groups);
  }

  Study run() {
    race_joint_models();
    race_classes();
    for (ClassStudy& one : study_.classes) {
      if (!one.candidates.empty()) keep_front(one);
    }
    fit_classes();
    fit_joint_models();
    if (options_.families) leave_families_out();
    return std::move(study_);
  }

 private:
  void report(std::string_view stage, std::string_view what, std::size_t done, std::size_t total) {
    if (options_.progress) options_.progress({done, total, stage, what});
  }

  void race_joint_models() {
    for (const JointModel& model : joint_models()) {
      if (!may_compete(model.name, options_.models)) continue;
      report("joint models", model.name, 0, 1);
      joint_.push_back(train_joint(model, set_, prepared_, study_.fold_of_network, options_.folds, options_));
      joint_names_.push_back(&model);
      study_.race_cost_s += joint_.back().cost_s;
      if (!joint_.back().failure.empty())
        study_.notes.push_back(std::string(model.name) + ": " + joint_.back().failure);
      report("joint models", model.name, 1, 1);
    }
  }

  [[nodiscard]] std::vector<JointEntry> entries(std::size_t kernel) {
    std::vector<JointEntry> out;
    for (std::size_t j = 0; j < joint_.size(); ++j) {
      JointResult& joint = joint_[j];
      out.push_back({std::string(joint_names_[j]->name), std::move(joint.forecasts[kernel]), joint.bytes[kernel],
                     joint.latency_ns[kernel], joint.failure});
    }
    return out;
  }

  [[nodiscard]] std::string name_of(std::size_t kernel) const {
    return prepared_.kernels[kernel].type_name + "/" + prepared_.kernels[kernel].kernel_name;
  }

  [[nodiscard]] RaceOptions race_options(std::size_t kernel) const {
    return {derive_seed(options_.seed, name_of(kernel)),
            study_.fold_of_network,
            options_.folds,
            prepared_.kernels[kernel].prior,
            options_.models,
            options_.exhaustive,
            losers_};
  }

  /// Large classes first, so that no thread is left with a long one at the end.
  [[nodiscard]] std::vector<std::size_t> by_size() const {
    std::vector<std::size_t> order(prepared_.kernels.size());
    std::iota(order.begin(), order.end(), 0);
    std::ranges::stable_sort(order, std::greater<>(), [&](std::size_t k) { return prepared_.kernels[k].rows.size(); });
    return order;
  }

  /// Calls task(kernel) for classes[first, last), on several threads, and reports each; the CPU time of all is added to
  /// `cost`.
  template <class Task>
  void for_classes(std::string_view stage, std::span<const std::size_t> classes, std::size_t first, std::size_t last,
                   double& cost, const Task& task) {
    std::mutex lock;
    std::size_t done = first;
    parallel_for(last - first, options_.threads, [&](std::size_t i) {
      const std::size_t kernel = classes[first + i];
      const double started = thread_cpu_seconds();
      if (prepared_.kernels[kernel].rows.size() > 0) task(kernel);
      const std::scoped_lock guard(lock);
      cost += thread_cpu_seconds() - started;
      report(stage, name_of(kernel), ++done, classes.size());
    });
  }

  template <class Task>
  void for_each_class(std::string_view stage, double& cost, const Task& task) {
    const std::vector<std::size_t> order = by_size();
    for_classes(stage, order, 0, order.size(), cost, task);
  }

  void race_classes() {
    const std::vector<std::size_t> order = by_size();
    const std::size_t scouts = options_.exhaustive ? 0 : std::min(kScouts, order.size());
    const auto race_one = [&](std::size_t k) {
      study_.classes[k] = learn::race(prepared_.kernels[k].rows, race_options(k), entries(k));
    };
    for_classes("models", order, 0, scouts, study_.race_cost_s, race_one);
    std::vector<const ClassStudy*> raced;
    for (std::size_t i = 0; i < scouts; ++i) {
      if (!too_few(prepared_.kernels[order[i]].rows)) raced.push_back(&study_.classes[order[i]]);
    }
    if (raced.size() == kScouts) losers_ = losers(raced);
    for_classes("models", order, scouts, order.size(), study_.race_cost_s, race_one);
  }

  void fit_classes() {
    double cost = 0;
    for_each_class("fits", cost,
                   [&](std::size_t k) { fit_front(prepared_.kernels[k].rows, race_options(k), study_.classes[k]); });
    study_.fit_cost_s += cost;
  }

  [[nodiscard]] bool on_any_front(std::string_view name) const {
    return std::ranges::any_of(study_.classes, [&](const ClassStudy& one) {
      return std::ranges::any_of(one.candidates, [&](const Candidate& candidate) {
        return candidate.score.front && candidate.score.name == name;
      });
    });
  }

  /// Calls use(class, candidate) for the front's candidates of a joint model.
  template <class Use>
  void for_each_joint(std::string_view name, const Use& use) {
    for (std::size_t k = 0; k < study_.classes.size(); ++k) {
      for (Candidate& one : study_.classes[k].candidates) {
        if (one.joint && one.score.front && one.score.name == name) use(k, one);
      }
    }
  }

  void fit_joint_models() {
    std::vector<Rows> all;
    for (const PreparedKernel& kernel : prepared_.kernels) all.push_back(kernel.rows);
    for (const JointModel* model : joint_names_) {
      if (!on_any_front(model->name)) continue;
      const auto fit =
          model->fit(joint_classes(set_, all), {derive_seed(options_.seed, model->name, 1000), Effort::final});
      if (fit) study_.fit_cost_s += fit->cost_s;
      for_each_joint(model->name, [&](std::size_t k, Candidate& one) {
        auto sealed = fit ? seal_fit(model->name, fit->forms[k], {}, all[k])
                          : Result<KernelFit>(tl::unexpected<Error>(fit.error()));
        if (!sealed) {
          one.score.note = sealed.error().context;
          one.score.front = false;
          return;
        }
        one.score.bytes = sealed->bytes;
        one.score.latency_ns = sealed->latency_ns;
        one.fit = std::move(*sealed);
        study_.shared_bytes = std::max(study_.shared_bytes, bytes_in_common(one.fit->form));
      });
    }
  }

  void leave_families_out() {
    const int groups = *std::ranges::max_element(study_.group_of_network) + 1;
    if (groups < 2) return;
    double cost = 0;
    for_each_class("families", cost, [&](std::size_t k) {
      forecast_families(prepared_.kernels[k], study_.group_of_network, groups, race_options(k).seed, study_.classes[k]);
    });
    study_.fit_cost_s += cost;
    for (const JointModel* model : joint_names_) {
      if (!on_any_front(model->name)) continue;
      JointResult result = train_joint(*model, set_, prepared_, study_.group_of_network, groups, options_);
      study_.fit_cost_s += result.cost_s;
      for_each_joint(model->name,
                     [&](std::size_t k, Candidate& one) { one.family_out = std::move(result.forecasts[k]); });
    }
  }

  const TrainingSet& set_;
  const PreparedSet& prepared_;
  const StudyOptions& options_;
  Study study_;
  std::vector<JointResult> joint_;
  std::vector<const JointModel*> joint_names_;
  std::vector<std::string> losers_;
};

}  // namespace

Study restricted(Study study, const std::vector<std::string>& models) {
  for (ClassStudy& one : study.classes) {
    std::erase_if(one.candidates, [&](const Candidate& candidate) {
      return candidate.score.name != kBaseModel && !may_compete(candidate.score.name, models);
    });
  }
  return study;
}

Study make_study(const TrainingSet& set, const PreparedSet& prepared, const StudyOptions& options) {
  return Studying(set, prepared, options).run();
}

}  // namespace latcast::learn
