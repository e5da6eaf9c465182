// From a training set to the content of a pack.
//
// Per kernel class the regression models compete (study/); one of each is chosen within budgets (select/); the layer
// over whole networks is fitted to out-of-fold module forecasts (network/); intervals come from held-out families.
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
  FormCosts costs = kReferenceCosts;                            // of the machine that times are of (forecast_costs.h)
  bool time_yields = false;  // where no models are as quick as module_time_ns, to the quickest
};

struct TrainOptions {
  StudyOptions study;
  PackBudget budget;
  double level = 0.9;                   // of the intervals
  std::span<const PackContent> priors;  // packs of other targets (learn/prior/prior_knowledge.h)
};

/// A pack without models: what the catalogue gives, before anything was measured.
[[nodiscard]] PackContent untrained(std::span<const ModuleType> types);
/// With the catalogue's conditions, too.
[[nodiscard]] PackContent untrained(const Catalogue& catalogue);

/// Errc::invalid_input: the training set does not fit the catalogue.
[[nodiscard]] Result<void> check_catalogue(const TrainingSet& set, std::span<const ModuleType> types);

struct Assembled {
  PackContent content;
  Choice choice;
  std::vector<Choice> front;  // of accuracy, time and size: what other budgets would give
};

/// Chooses one candidate per class within the budget, fits the layer over whole networks, and puts both into `frame`
/// (untrained(), with whatever else the caller wants in the pack: it counts towards the size). With a limit of size the
/// list of candidates that lost is short. Errc::budget: it cannot be met; says what can. Errc::invalid_input: nothing
/// was measured but totals, and those of too few networks.
[[nodiscard]] Result<Assembled> assemble(const TrainingSet& set, const PreparedSet& prepared, const Study& study,
                                         PackContent frame, const PackBudget& budget, double level = 0.9);

/// All of it: everything but target, tool version, dates, references and campaign times, which the caller knows.
/// Errc::invalid_input: no usable sample, or a training set that does not fit the catalogue.
[[nodiscard]] Result<PackContent> train(const TrainingSet& set, std::span<const ModuleType> types,
                                        const TrainOptions& options = {});

}  // namespace latcast::learn
