// From a training set to the content of a pack.
//
// Per kernel class the regression models compete (study.h); one of each is chosen within budgets (selection.h); the
// calibrated sum is fitted to out-of-fold module forecasts; intervals come from forecasts whose family was left out.
// Deterministic for a seed, whatever the number of threads.
#pragma once

#include <limits>
#include <span>

#include "catalogue/catalogue.h"
#include "core/pack_content.h"
#include "latcast/result.h"
#include "learn/data/training_set.h"
#include "learn/models/prepared.h"
#include "learn/select/selection.h"
#include "learn/study/study.h"

namespace latcast::learn {

/// What the pack may cost its user.
struct PackBudget {
  double module_time_ns = kDefaultModuleTime_ns;                // mean over the modules of the carriers
  double pack_bytes = std::numeric_limits<double>::infinity();  // of the file
};

struct TrainOptions {
  StudyOptions study;
  PackBudget budget;
  double level = 0.9;                  // of the intervals
  const PackContent* proxy = nullptr;  // learn/proxy.h
};

/// A pack without models: what the catalogue gives, before anything was measured.
[[nodiscard]] PackContent untrained(std::span<const ModuleType> types);

/// Errc::invalid_input: the training set does not fit the catalogue.
[[nodiscard]] Result<void> check_catalogue(const TrainingSet& set, std::span<const ModuleType> types);

struct Assembled {
  PackContent content;
  Choice choice;
  std::vector<Choice> front;  // of accuracy, time and size: what other budgets would give
};

/// With a limit of size the list of candidates that lost is short. Chooses one candidate per class within the budget
/// and puts them into `frame` (untrained(), with whatever else the caller wants in the pack: it counts towards the
/// size). Errc::budget: it cannot be met; says what can.
[[nodiscard]] Result<Assembled> assemble(const TrainingSet& set, const PreparedSet& prepared, const Study& study,
                                         PackContent frame, const PackBudget& budget, double level = 0.9);

/// Nothing was measured but whole networks.
[[nodiscard]] bool totals_only(const TrainingSet& set);

/// The pack of such a set. Errc::invalid_input: too few networks have a total.
[[nodiscard]] Result<PackContent> train_totals(const TrainingSet& set, PackContent frame, std::uint64_t seed,
                                               double level = 0.9);

/// All of it: everything but target, tool version, dates, references and campaign times, which the caller knows.
/// Errc::invalid_input: no usable sample, or a training set that does not fit the catalogue.
[[nodiscard]] Result<PackContent> train(const TrainingSet& set, std::span<const ModuleType> types,
                                        const TrainOptions& options = {});

}  // namespace latcast::learn
