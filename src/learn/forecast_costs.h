// What forecasts take on this machine, beside the one that core's costs of forms were fitted on: by that, models are
// chosen within a limit of time where training runs.
#pragma once

#include <functional>
#include <span>
#include <vector>

#include "catalogue/catalogue.h"
#include "core/form.h"
#include "latcast/predictor.h"
#include "learn/data/training_set.h"
#include "learn/study/study.h"

namespace latcast::learn {

/// A network of the training set, to be forecast from one model's forms wherever classes have it.
struct CostProbe {
  std::vector<ModuleQuery> modules;  // their parameters lie in the training set
  Predictor predictor;
  FormCosts reference_ns = {};  // of the whole network
};

/// How long a forecast of the probe takes, in ns, all modules at once.
using TimeForecast = std::function<double(const CostProbe&)>;
/// By the clock: the mean of as many as a third of a millisecond holds.
[[nodiscard]] double time_forecast(const CostProbe& probe);

/// Factors on the reference machine's costs. The study's own forms are timed, in networks of about 64 modules, within a
/// second; the least of several times counts. Factors are those with the least relative errors, in steps of 12 % so
/// that they are nearly always the same again; a kind of nodes that hardly shows has the factor of what surrounds
/// forms. Where there is nothing to time: kReferenceCosts.
[[nodiscard]] FormCosts measure_costs(const TrainingSet& set, const Study& study, std::span<const ModuleType> types,
                                      const TimeForecast& time = time_forecast);

}  // namespace latcast::learn
