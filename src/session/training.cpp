#include "session/training.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <ctime>
#include <map>
#include <span>
#include <utility>

#include "learn/forecast_costs.h"
#include "learn/joint/joint_model.h"
#include "learn/models/prepared.h"
#include "learn/models/regression_model.h"
#include "learn/study/mixture.h"
#include "learn/study/study_file.h"
#include "learn/train.h"
#include "session/targets.h"
#include "session/totals_check.h"
#include "session/training_prior.h"
#include "session/training_report.h"

namespace latcast::session {
namespace {

constexpr double kReferenceShare = 0.1;  // of a pack whose size is limited

/// The smallest of them that fit into so many bytes.
std::vector<ReferenceCarrier> within(std::vector<ReferenceCarrier> references, double bytes) {
  std::ranges::stable_sort(references, {}, [](const ReferenceCarrier& one) { return one.onnx.size(); });
  double sum = 0;
  std::size_t count = 0;
  while (count < references.size() && sum + static_cast<double>(references[count].onnx.size()) <= bytes) {
    sum += static_cast<double>(references[count++].onnx.size());
  }
  references.resize(count);
  return references;
}

/// The pack but for its models.
PackContent frame_of(const learn::Measurements& measurements, double pack_bytes) {
  PackContent frame = learn::untrained(measurements.catalogue);
  frame.references = within(measurements.references, kReferenceShare * pack_bytes);
  PackInfo& info = frame.info;
  info.tool_version = LATCAST_VERSION;
  info.created_unix_s = std::time(nullptr);
  info.target = measurements.target;
  info.training.started_unix_s = measurements.started_unix_s;
  info.training.finished_unix_s = measurements.finished_unix_s;
  info.anchor.unix_s = measurements.finished_unix_s;
  if (!measurements.ages) info.anchor.widening_per_sqrt_hour = 0;
  return frame;
}

learn::StudyOptions study_options(const TrainingOptions& options, Listener& listener) {
  learn::StudyOptions out;
  out.models = options.models;
  out.stop = [&listener] { return listener.cancelled(); };
  out.progress = [&listener](const learn::TrainProgress& progress) {
    listener.progress(
        static_cast<double>(progress.done) / static_cast<double>(std::max<std::size_t>(progress.total, 1)),
        std::string(progress.stage) + ": " + std::string(progress.what));
  };
  return out;
}

/// For another selection; a warning where that fails.
void keep_study(const learn::Study& study, std::uint64_t fingerprint, const std::filesystem::path& file,
                Listener& listener) {
  if (auto ok = learn::write_study(study, fingerprint, file); !ok) {
    listener.warning("the candidates are not kept for 'latcast select': " + ok.error().context);
  }
}

/// What is learnt from: measurements, with what other packs tell of them.
struct Lesson {
  TrainingTask task;
  Prior prior;
  learn::PreparedSet prepared;
};

Result<Lesson> open_lesson(const TrainingOptions& options) {
  auto task = open_training(options.store, options.target, options.catalogue);
  if (!task) return tl::unexpected(task.error());
  if (const auto why = beyond_reason(task->measurements.listed, task->measurements.catalogue)) {
    if (!options.force) return fail(Errc::invalid_input, task->target.name + ": " + *why + ". --force trains on them");
    task->measurements.report.notes.push_back(*why);
  }
  Lesson out{std::move(*task), {}, {}};
  auto prior = Prior::use(options, out.task);
  if (!prior) return tl::unexpected(prior.error());
  out.prior = std::move(*prior);
  auto prepared = learn::prepare(out.task.measurements.set);
  if (!prepared) return tl::unexpected(prepared.error());
  out.prepared = std::move(*prepared);
  return out;
}

/// The candidates: those that are kept, where they may be used again, or else newly trained ones, which are kept.
/// Candidates that were trained beside another pack are no use without it: they are not kept.
Result<learn::Study> find_study(const Lesson& lesson, const TrainingOptions& options, Listener& listener) {
  const learn::StudyOptions own = study_options(options, listener);
  const learn::TrainingSet& set = lesson.task.measurements.set;
  const std::uint64_t fingerprint = learn::study_fingerprint(set, own);
  if (options.reuse) {
    auto kept = learn::read_study(lesson.task.study, fingerprint);
    if (kept) return learn::restricted(std::move(*kept), options.models);
    listener.warning(kept.error().context + "; training first");
  }
  auto study = learn::make_study(set, lesson.prepared, own);
  if (study && lesson.prior.empty()) keep_study(*study, fingerprint, lesson.task.study, listener);
  return study;
}

class Stopwatch {
 public:
  [[nodiscard]] double seconds() const {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - started_).count();
  }

 private:
  std::chrono::steady_clock::time_point started_ = std::chrono::steady_clock::now();
};

FormCosts measured_costs(const Lesson& lesson, const learn::Study& study) {
  return learn::measure_costs(lesson.task.measurements.set, study, lesson.task.measurements.catalogue.types());
}

Result<Trained> choose(const Lesson& lesson, learn::Study study, const FormCosts& costs, const TrainingOptions& options,
                       const Stopwatch& watch) {
  learn::add_mixtures(lesson.prepared, study);
  const learn::Measurements& measurements = lesson.task.measurements;
  const learn::PackBudget budget{.module_time_ns = options.module_time_ns.value_or(measurements.usual_module_time_ns),
                                 .pack_bytes = options.pack_bytes,
                                 .costs = costs,
                                 .time_yields = !options.module_time_ns};
  auto assembled =
      learn::assemble(measurements.set, lesson.prepared, study, frame_of(measurements, options.pack_bytes), budget);
  if (!assembled) return tl::unexpected(assembled.error());
  if (auto ok = lesson.prior.settle(assembled->content, options.pack_bytes); !ok) return tl::unexpected(ok.error());
  Trained out{std::move(assembled->content), report_on(measurements.report, study, lesson.prepared, *assembled)};
  out.report.costs = costs;
  out.report.seconds = watch.seconds();
  return out;
}

/// Targets' display names: each group is trained together.
Result<std::vector<std::vector<std::string>>> groups_of(Store& store) {
  const auto targets = store.targets();
  if (!targets) return tl::unexpected(targets.error());
  const std::vector<std::string> names = target_names(*targets);
  std::map<std::string, std::vector<std::string>> measured;  // by engine
  std::vector<std::vector<std::string>> out;
  for (std::size_t i = 0; i < names.size(); ++i) {
    const auto contents = store.contents((*targets)[i].id);
    if (!contents) return tl::unexpected(contents.error());
    if (contents->campaigns == 0 && contents->operations > 0) {
      measured[(*targets)[i].engine].push_back(names[i]);
    } else {
      out.push_back({names[i]});
    }
  }
  for (auto& [engine, group] : measured) out.push_back(std::move(group));
  std::ranges::stable_sort(out, std::greater<>(), &std::vector<std::string>::size);
  return out;
}

/// One result per name. Errc::interrupted.
Result<std::vector<Result<Trained>>> train_together(const std::vector<std::string>& names,
                                                    const TrainingOptions& options, Listener& listener) {
  const Stopwatch watch;
  listener.progress(0, "reading measurements");
  std::vector<Result<Lesson>> lessons;
  for (const std::string& name : names) {
    TrainingOptions own = options;
    own.target = name;
    lessons.push_back(open_lesson(own));
  }
  std::vector<learn::Subject> subjects;
  for (const Result<Lesson>& one : lessons) {
    if (one) subjects.push_back({one->task.measurements.set, one->prepared});
  }
  const learn::StudyOptions own = study_options(options, listener);
  auto studies = learn::make_studies(subjects, own);
  if (!studies) return tl::unexpected(studies.error());
  listener.progress(1, "choosing");
  std::optional<FormCosts> costs = options.costs;  // timed once for all
  std::vector<Result<Trained>> out;
  auto study = studies->begin();
  for (const Result<Lesson>& one : lessons) {
    if (!one) {
      out.emplace_back(tl::unexpected(one.error()));
      continue;
    }
    keep_study(*study, learn::study_fingerprint(one->task.measurements.set, own), one->task.study, listener);
    if (!costs) costs = measured_costs(*one, *study);
    out.push_back(choose(*one, std::move(*study++), *costs, options, watch));
  }
  return out;
}

}  // namespace

std::vector<ModelSummary> regression_models() {
  std::vector<ModelSummary> out;
  const auto add = [&](const auto& model) {
    out.push_back({model.name, model.summary, model.trained_on, model.form, model.cost, model.source});
  };
  std::ranges::for_each(learn::regression_models(), add);
  std::ranges::for_each(learn::joint_models(), add);
  return out;
}

Result<TrainingTask> open_training(const std::string& store_file, const std::string& target_name,
                                   const std::vector<std::string>& catalogue_folders) {
  const auto catalogue = Catalogue::builtin(catalogue_folders);
  if (!catalogue) return tl::unexpected(catalogue.error());
  auto store = Store::open_read_only(store_file);
  if (!store) return tl::unexpected(store.error());
  auto target = choose_target(*store, target_name);
  if (!target) return tl::unexpected(target.error());
  auto measurements = learn::read_measurements(*store, *target, *catalogue);
  if (!measurements) return tl::unexpected(measurements.error());
  if (auto ok = learn::check_catalogue(measurements->set, measurements->catalogue.types()); !ok)
    return tl::unexpected(ok.error());
  std::filesystem::path study = store_file + ".models-" + std::to_string(target->id);
  return TrainingTask{std::move(*store), std::move(*target), std::move(*measurements), std::move(study)};
}

Result<Trained> train(const TrainingOptions& options, Listener& listener) {
  const Stopwatch watch;
  listener.progress(0, "reading measurements");
  const auto lesson = open_lesson(options);
  if (!lesson) return tl::unexpected(lesson.error());
  auto study = find_study(*lesson, options, listener);
  if (!study) return tl::unexpected(study.error());
  listener.progress(1, "choosing");
  const FormCosts costs = options.costs ? *options.costs : measured_costs(*lesson, *study);
  return choose(*lesson, std::move(*study), costs, options, watch);
}

Result<void> train_all(const TrainingOptions& options, Listener& listener, const PackDone& done) {
  auto store = Store::open_read_only(options.store);
  if (!store) return tl::unexpected(store.error());
  const auto groups = groups_of(*store);
  if (!groups) return tl::unexpected(groups.error());
  for (const std::vector<std::string>& names : *groups) {
    if (listener.cancelled()) return fail(Errc::interrupted, "interrupted");
    const auto trained = train_together(names, options, listener);
    if (!trained) return tl::unexpected(trained.error());
    for (std::size_t i = 0; i < names.size(); ++i) {
      if (auto ok = done(names[i], (*trained)[i]); !ok) return ok;
    }
  }
  return {};
}

}  // namespace latcast::session
