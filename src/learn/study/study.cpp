#include "learn/study/study.h"

#include <algorithm>
#include <mutex>
#include <numeric>
#include <utility>

#include "learn/data/folds.h"
#include "learn/joint/joint_model.h"
#include "learn/joint/joint_training.h"
#include "learn/math/cpu_time.h"
#include "learn/math/parallel.h"
#include "learn/study/family_forecasts.h"
#include "learn/study/race.h"

namespace latcast::learn {
namespace {

/// Classes that race before the others, the largest ones: costly models that leave nearly all of those races do not run
/// in the others.
constexpr std::size_t kScouts = 10;

void report(const StudyOptions& options, std::string_view stage, std::string_view what, std::size_t done,
            std::size_t total) {
  if (options.progress) options.progress({done, total, stage, what});
}

bool stopped(const StudyOptions& options) { return options.stop && options.stop(); }

/// One subject's study; joint models are trained outside, with the other subjects.
class Studying {
 public:
  Studying(const Subject& subject, const StudyOptions& options, const std::vector<int>& fold_of_network,
           const std::vector<int>& group_of_network)
      : prepared_(subject.prepared), options_(options) {
    study_.seed = options.seed;
    study_.classes.resize(prepared_.kernels.size());
    study_.fold_of_network = fold_of_network;
    study_.group_of_network = group_of_network;
  }

  /// A joint model enters the race of every class.
  void enter(const JointModel& model, JointForecasts joint) {
    study_.race_cost_s += joint.cost_s;
    if (!joint.failure.empty()) study_.notes.push_back(std::string(model.name) + ": " + joint.failure);
    joint_.emplace_back(&model, std::move(joint));
  }

  void race() {
    race_classes();
    if (stopped(options_)) return;
    for (ClassStudy& one : study_.classes) {
      if (!one.candidates.empty()) keep_front(one);
    }
    fit_classes();
  }

  [[nodiscard]] bool on_any_front(const JointModel& model) const {
    return std::ranges::any_of(study_.classes, [&](const ClassStudy& one) {
      return std::ranges::any_of(one.candidates, [&](const Candidate& candidate) {
        return candidate.score.front && candidate.score.name == model.name;
      });
    });
  }

  void take_fits(const JointModel& model, Result<JointFit> fit) {
    if (fit) study_.fit_cost_s += fit->cost_s;
    for_each_joint(model, [&](std::size_t k, Candidate& one) {
      auto sealed = fit ? seal_fit(model.name, std::move(fit->forms[k]), {}, prepared_.kernels[k].rows)
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

  void leave_families_out(int groups) {
    double cost = 0;
    for_each_class("families", cost, [&](std::size_t k) {
      forecast_families(prepared_.kernels[k], study_.group_of_network, groups, race_options(k).seed, study_.classes[k]);
    });
    study_.fit_cost_s += cost;
  }

  void take_families(const JointModel& model, JointForecasts joint) {
    study_.fit_cost_s += joint.cost_s;
    for_each_joint(model, [&](std::size_t k, Candidate& one) { one.family_out = std::move(joint.forecasts[k]); });
  }

  [[nodiscard]] Study result() { return std::move(study_); }

 private:
  [[nodiscard]] std::vector<JointEntry> entries(std::size_t kernel) {
    std::vector<JointEntry> out;
    for (auto& [model, joint] : joint_) {
      out.push_back({std::string(model->name), std::move(joint.forecasts[kernel]), joint.bytes[kernel],
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
      if (prepared_.kernels[kernel].rows.size() > 0 && !stopped(options_)) task(kernel);
      const std::scoped_lock guard(lock);
      cost += thread_cpu_seconds() - started;
      report(options_, stage, name_of(kernel), ++done, classes.size());
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
    if (stopped(options_)) return;
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

  /// Calls use(class, candidate) for the front's candidates of a joint model.
  template <class Use>
  void for_each_joint(const JointModel& model, const Use& use) {
    for (std::size_t k = 0; k < study_.classes.size(); ++k) {
      for (Candidate& one : study_.classes[k].candidates) {
        if (one.joint && one.score.front && one.score.name == model.name) use(k, one);
      }
    }
  }

  const PreparedSet& prepared_;
  const StudyOptions& options_;
  Study study_;
  std::vector<std::pair<const JointModel*, JointForecasts>> joint_;
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

namespace {

tl::unexpected<Error> interruption() { return fail(Errc::interrupted, "interrupted"); }

/// Joint models and the classes' own race each other; those that nobody beats are fitted to everything.
Result<void> race_all(const std::vector<Subject>& subjects, const StudyOptions& options, const Division& folds,
                      std::vector<const JointModel*>& joint, std::vector<Studying>& studies) {
  for (const JointModel* model : joint) {
    report(options, "joint models", model->name, 0, 1);
    auto forecasts = forecast_parts(*model, subjects, folds, {options.seed, options.threads, options.stop});
    if (stopped(options)) return interruption();
    for (std::size_t s = 0; s < studies.size(); ++s) studies[s].enter(*model, std::move(forecasts[s]));
    report(options, "joint models", model->name, 1, 1);
  }
  for (Studying& one : studies) one.race();
  if (stopped(options)) return interruption();
  std::erase_if(joint, [&](const JointModel* model) {
    return std::ranges::none_of(studies, [&](const Studying& one) { return one.on_any_front(*model); });
  });
  for (const JointModel* model : joint) {
    auto fits = fit_all(*model, subjects, options.seed);
    for (std::size_t s = 0; s < studies.size(); ++s) studies[s].take_fits(*model, std::move(fits[s]));
  }
  return {};
}

Result<void> leave_families_out(const std::vector<Subject>& subjects, const StudyOptions& options,
                                const Division& families, const std::vector<const JointModel*>& joint,
                                std::vector<Studying>& studies) {
  for (Studying& one : studies) one.leave_families_out(families.parts);
  for (const JointModel* model : joint) {
    auto forecasts = forecast_parts(*model, subjects, families, {options.seed, options.threads, options.stop});
    if (stopped(options)) return interruption();
    for (std::size_t s = 0; s < studies.size(); ++s) studies[s].take_families(*model, std::move(forecasts[s]));
  }
  if (stopped(options)) return interruption();
  return {};
}

}  // namespace

Result<std::vector<Study>> make_studies(const std::vector<Subject>& subjects, const StudyOptions& options) {
  const Division folds = divide_by_network(subjects, options.folds, derive_seed(options.seed, "folds"));
  const Division families = divide_by_family(subjects, options.family_groups);
  std::vector<Studying> studies;
  for (std::size_t s = 0; s < subjects.size(); ++s) {
    studies.emplace_back(subjects[s], options, folds.part_of_network[s], families.part_of_network[s]);
  }
  std::vector<const JointModel*> joint;
  const bool measured = std::ranges::any_of(subjects, [](const Subject& one) { return !one.prepared.kernels.empty(); });
  for (const JointModel& model : joint_models()) {
    if (measured && may_compete(model.name, options.models)) joint.push_back(&model);
  }
  if (auto ok = race_all(subjects, options, folds, joint, studies); !ok) return tl::unexpected<Error>(ok.error());
  if (options.families && families.parts >= 2) {
    if (auto ok = leave_families_out(subjects, options, families, joint, studies); !ok)
      return tl::unexpected<Error>(ok.error());
  }
  std::vector<Study> out;
  for (Studying& one : studies) out.push_back(one.result());
  return out;
}

Result<Study> make_study(const TrainingSet& set, const PreparedSet& prepared, const StudyOptions& options) {
  auto studies = make_studies({{set, prepared}}, options);
  if (!studies) return tl::unexpected<Error>(studies.error());
  return std::move(studies->front());
}

}  // namespace latcast::learn
