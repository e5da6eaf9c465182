// Whether the race, which trains a part of everything, finds what training and cross-validating everything would find.
#pragma once

#include <vector>

#include "latcast/result.h"
#include "learn/study.h"
#include "learn/training_set.h"

namespace latcast::learn {

struct RaceCheck {
  double race_cost_s = 0, exhaustive_cost_s = 0;  // CPU: cross-validation of the candidates
  /// What the best candidate of each class is off by, as a share of the networks' time, by the exhaustive run's
  /// forecasts.
  double race_error = 0, exhaustive_error = 0;
  double difference = 0, standard_error = 0;  // race - exhaustive, paired over networks
};

/// One result per seed. Errc::invalid_input as train().
[[nodiscard]] Result<std::vector<RaceCheck>> check_race(const TrainingSet& set, int seeds, const StudyOptions& options);

}  // namespace latcast::learn
